package zoo

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/onnx/wire"
)

func TestText(t *testing.T) {
	m := Graph{
		Name: "g", Inputs: "x:f32[n,3]", Outputs: "z:f32[n,3] w2:f32[n,3]",
		Nodes: `
a = MatMul x w:3x3
b = Transpose a perm=1,0
l = LayerNormalization a g:3~1 _ axis=-1 epsilon=1e-5
c = ReduceMean a axes=-1,
z = Mul l 2.5
k l2 = Split b [1,-1] axis=0
e = Gather a i:0 axis=0
w2 = MatMul a w
`,
	}.Model()
	type node struct {
		Op       string
		In, Out  string
		Attrs    int
		FirstInt int64
	}
	var got []node
	for _, n := range m.Graph.Node {
		x := node{Op: n.OpType, In: strings.Join(n.Input, " "), Out: strings.Join(n.Output, " "), Attrs: len(n.Attribute)}
		if len(n.Attribute) > 0 {
			if a := n.Attribute[0]; a.Type == wire.AttributeInts {
				x.FirstInt = a.Ints[0]
			} else {
				x.FirstInt = a.I
			}
		}
		got = append(got, x)
	}
	want := []node{
		{"MatMul", "x w", "a", 0, 0}, {"Transpose", "a", "b", 1, 1}, {"LayerNormalization", "a g ", "l", 2, -1},
		{"ReduceMean", "a", "c", 1, -1}, {"Mul", "l 2.5", "z", 0, 0}, {"Split", "b [1,-1]", "k l2", 1, 0},
		{"Gather", "a i:0", "e", 1, 0}, {"MatMul", "a w", "w2", 0, 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
	shapes := map[string][]int64{}
	for _, c := range m.Graph.Initializer {
		shapes[c.Name] = c.Dims
	}
	if diff := cmp.Diff(map[string][]int64{"w": {3, 3}, "g": {3}, "2.5": nil, "[1,-1]": {2}, "i:0": nil}, shapes); diff != "" {
		t.Errorf("constants (-want +got):\n%s", diff)
	}
}

// TestMistakes: a value that is read before it is made, made twice, or never made.
func TestMistakes(t *testing.T) {
	for _, nodes := range []string{"z = Neg y", "z = Neg x\nz = Neg x", "y = Neg x", "Neg x", "z = Neg x axis=q"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q is accepted", nodes)
				}
			}()
			Graph{Inputs: "x:f32[n]", Outputs: "z:f32[n]", Nodes: nodes}.Model()
		}()
	}
}

// TestWeights: the numbers depend on name and shape alone, and have the deviation
// that the shape asks for.
func TestWeights(t *testing.T) {
	a, b := weight("w", "64x256", false), weight("w", "64x256", false)
	if !bytes.Equal(a.RawData, b.RawData) {
		t.Error("the same weight has other numbers")
	}
	if bytes.Equal(a.RawData, weight("v", "64x256", false).RawData) {
		t.Error("two weights have the same numbers")
	}
	tests := []struct {
		spec            string
		mean, deviation float64
	}{{"64x4096", 0, 1. / 8}, {"16384", 0, .02}, {"16384~1", 1, .02}, {"768x3x16x16", 0, 1 / 27.7128}}
	for _, tt := range tests {
		x := wire.Fixed[float32](weight("w", tt.spec, false).RawData).Values()
		mean, square := 0.0, 0.0
		for _, v := range x {
			mean += float64(v)
		}
		mean /= float64(len(x))
		for _, v := range x {
			square += (float64(v) - mean) * (float64(v) - mean)
		}
		variance := square / float64(len(x))
		if want := tt.deviation * tt.deviation; variance < .9*want || variance > 1.1*want {
			t.Errorf("%s: variance %g, want %g", tt.spec, variance, want)
		}
		if mean < tt.mean-.05*tt.deviation || mean > tt.mean+.05*tt.deviation {
			t.Errorf("%s: mean %g, want %g", tt.spec, mean, tt.mean)
		}
	}
}

package eval

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// TestFusedConvIsItsDecomposition compares the fused convolution with what it means,
// with every activation, bias and residual, and
// with the channels in either place.
func TestFusedConvIsItsDecomposition(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for _, f := range attr.ConvActivations() {
		for variant := range 6 {
			a := attr.New[attr.FusedConv]()
			a.Activation, a.Group, a.Strides, a.Pads = f, 2, []int{2}, []int{1, 0}
			switch f {
			case attr.ActivationLeakyRelu:
				a.Alpha = 0.25
			case attr.ActivationClip:
				a.Alpha, a.Beta = -0.5, 1
			}
			shapes := [][]int{{2, 4, 9}, {6, 2, 3}}
			if a.HasBias = variant%2 == 1; a.HasBias {
				shapes = append(shapes, []int{6})
			}
			if a.HasResidual = variant >= 2; a.HasResidual {
				shapes = append(shapes, []int{2, 6, 4})
			}
			a.ResidualFirst = variant >= 4
			checkDecomposition(t, r, op.FusedConv, a, shapes)
			a.ChannelsLast, shapes[0] = true, []int{2, 9, 4}
			if a.HasResidual {
				shapes[len(shapes)-1] = []int{2, 4, 6}
			}
			checkDecomposition(t, r, op.FusedConv, a, shapes)
		}
	}
}

// checkDecomposition compares a node of one result with its decomposition on random
// operands.
func checkDecomposition(t *testing.T, r *rand.Rand, o *ir.Op, a any, shapes [][]int) {
	t.Helper()
	g := ir.NewGraph("node")
	var values []*ir.Value
	var in []*tensor.Tensor
	for _, shape := range shapes {
		x := tensor.New(tensor.Float32, shape...)
		for i := range x.Len() {
			x.SetFloat(i, r.NormFloat64())
		}
		in = append(in, x)
		values = append(values, g.NewInput("", ir.TensorOf(tensor.Float32, sym.ShapeOf(shape...))))
	}
	n, err := g.Add(o, a, 1, values...)
	if err != nil {
		t.Fatalf("%s: %v", attr.Format(a), err)
	}
	g.AddOutput(n.Out[0])
	want, err := Graph(g, in)
	if err != nil {
		t.Fatalf("%s: %v", attr.Format(a), err)
	}
	b := ir.NewBuilder(g)
	outs, err := o.Decompose(b, n)
	if err != nil {
		t.Fatalf("%s: %v", attr.Format(a), err)
	}
	b.Commit(nil)
	if !outs[0].Type.Equal(n.Out[0].Type) {
		t.Errorf("%s: the output is %s, decomposed %s", attr.Format(a), n.Out[0].Type, outs[0].Type)
	}
	g.SetOutput(0, outs[0])
	g.Remove(n)
	got, err := Graph(g, in)
	if err != nil {
		t.Fatalf("%s: %v", attr.Format(a), err)
	}
	for e := range want[0].Len() {
		// Some roundings to f32 of numbers of about ten.
		if x, y := got[0].FloatAt(e), want[0].FloatAt(e); !(math.Abs(x-y) <= 1e-5*max(1, math.Abs(y))) {
			t.Fatalf("%s: element %d is %g, decomposed %g", attr.Format(a), e, y, x)
		}
	}
}

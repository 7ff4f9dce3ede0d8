package attention

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/kernels/ref"
)

// decomposed builds the decomposition of a as a graph on operands like in.
// Symbolic: every size that is not a number by specification is a symbol.
func decomposed(a *attr.Attention, in []*tensor.Tensor, symbolic bool) (*ir.Graph, error) {
	g := ir.NewGraph("test")
	names := sizeNames(a, in)
	values := make([]*ir.Value, len(in))
	for i, t := range in {
		shape := sym.ShapeOf(t.Shape...)
		for axis, name := range names[i] {
			if symbolic && name != "" {
				shape[axis] = sym.Symbol(name)
			}
		}
		values[i] = g.NewInput(fmt.Sprintf("in%d", i), ir.TensorOf(t.DType, shape))
	}
	n, err := g.Add(op.Parallax, a, a.Outputs(), values...)
	if err != nil {
		return nil, err
	}
	b := ir.NewBuilder(g)
	out, err := op.Parallax.Decompose(b, n)
	if err != nil {
		return nil, err
	}
	b.Commit(n)
	for i, v := range out {
		// A bias or mask of fixed sizes tells more about symbolic ones than the
		// rows do: then only rank and elements are the same.
		same := v.Type.DType == n.Out[i].Type.DType && len(v.Type.Shape) == len(n.Out[i].Type.Shape)
		if !same || !symbolic && !v.Type.Equal(n.Out[i].Type) {
			return nil, fmt.Errorf("output %d has type %s, the node's has %s", i, v.Type, n.Out[i].Type)
		}
		g.AddOutput(v)
	}
	g.Remove(n)
	return g, g.Verify()
}

// sizeNames names the axes of the row operands whose size is open.
func sizeNames(a *attr.Attention, in []*tensor.Tensor) map[int]map[int]string {
	batch, length, _ := a.Layout.Axes()
	at := a.Operands()
	names := map[int]map[int]string{
		at.Q: {batch: "batch", length: "queries"},
		at.K: {batch: "batch", length: "keys"},
		at.V: {batch: "batch", length: "keys"},
	}
	if at.R >= 0 {
		names[at.R] = names[at.Q]
	}
	if at.PastK >= 0 {
		names[at.PastK] = map[int]string{0: "batch", 2: "past"}
		names[at.PastV] = names[at.PastK]
	}
	if at.Starts >= 0 {
		names[at.Starts] = map[int]string{0: "batch"}
		names[at.Lengths] = names[at.Starts]
	}
	return names
}

func TestDecompositionOnGrid(t *testing.T) {
	for _, uniform := range []bool{false, true} {
		g := newGenerator(7)
		for i := range 250 {
			c := g.next(i, uniform)
			want := evalReference(t, c)
			for _, symbolic := range []bool{false, true} {
				graph, err := decomposed(c.a, c.in, symbolic)
				if err != nil {
					t.Fatalf("%s: symbolic %t: %v", c.name, symbolic, err)
				}
				got, err := eval.Graph(graph, c.in)
				if err != nil {
					t.Fatalf("%s: symbolic %t: %v", c.name, symbolic, err)
				}
				for k := range got {
					// Scores of up to ±20 rounded in f32 move a weight by 2e-6 of
					// itself; values of Parallax sum up to some tens.
					checkNear(t, fmt.Sprintf("%s: symbolic %t: output %d", c.name, symbolic, k), got[k], want[k], 2e-4)
				}
				if t.Failed() {
					return
				}
			}
		}
	}
}

func evalReference(t *testing.T, c gridCase) []*tensor.Tensor {
	out := []*tensor.Tensor{{}, {}, {}}
	if !c.a.HasPresent {
		out[1], out[2] = nil, nil
	}
	if err := ref.Parallax(out[0], out[1], out[2], c.a, c.in...); err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return out[:c.a.Outputs()]
}

func TestExactProbeHasNoDecomposition(t *testing.T) {
	a := attr.New[attr.Attention]()
	a.Heads, a.KVHeads, a.Scale, a.Probe = 1, 1, 1, attr.ProbeExact
	x := tensor.New(tensor.Float32, 1, 1, 2, 4)
	if _, err := decomposed(a, []*tensor.Tensor{x, x, x}, false); !errors.Is(err, op.ErrNoDecomposition) {
		t.Errorf("error %v", err)
	}
}

// No operator that isn't needed.
func TestDecompositionIsCompact(t *testing.T) {
	x := func(shape ...int) *tensor.Tensor { return tensor.New(tensor.Float32, shape...) }
	plain := attr.Attention{Probe: "none", Weights: "softmax", Affine: "centred", Heads: 2, KVHeads: 2, Scale: 0.5,
		Causal: "none", Layout: "bhsd", EmptyRow: "nan", WindowLeft: -1, WindowRight: -1}
	unscaled, learned, grouped, causal, decode := plain, plain, plain, plain, plain
	unscaled.Scale = 1
	learned.Probe, learned.HasProbe = attr.ProbeLearned, true
	grouped.KVHeads = 1
	causal.Causal = attr.CausalBottomRight
	decode.Causal = attr.CausalBottomRight
	q, k, one := x(1, 2, 3, 4), x(1, 2, 5, 4), x(1, 2, 1, 4)
	for _, c := range []struct {
		name string
		a    attr.Attention
		in   []*tensor.Tensor
		want []string
	}{
		{"plain", plain, []*tensor.Tensor{q, k, k}, []string{"Transpose", "MatMul", "Mul", "Softmax", "MatMul"}},
		{"unscaled", unscaled, []*tensor.Tensor{q, k, k}, []string{"Transpose", "MatMul", "Softmax", "MatMul"}},
		{"learned", learned, []*tensor.Tensor{q, k, k, q}, []string{"Transpose", "MatMul", "Mul", "Softmax", "MatMul", "Mul", "ReduceSum", "Add", "Sub", "Mul", "MatMul"}},
		{"grouped", grouped, []*tensor.Tensor{q, x(1, 1, 5, 4), x(1, 1, 5, 4)}, []string{"Reshape", "Transpose", "MatMul", "Reshape", "Mul", "Softmax", "Reshape", "MatMul", "Reshape"}},
		{"causal", causal, []*tensor.Tensor{q, k, k}, []string{"Transpose", "Range", "Sub", "Range", "Unsqueeze", "LessOrEqual", "MatMul", "Mul", "Where", "Softmax", "MatMul"}},
		{"decode", decode, []*tensor.Tensor{one, k, k}, []string{"Transpose", "MatMul", "Mul", "Softmax", "MatMul"}},
	} {
		g, err := decomposed(&c.a, c.in, false)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var got []string
		for n := range g.Nodes() {
			got = append(got, n.Op.Name)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: operators (-want +got):\n%s", c.name, diff)
		}
	}
}

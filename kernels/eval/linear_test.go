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

// TestLinearIsItsDecomposition compares the fused product with what it means, on
// random specifications.
func TestLinearIsItsDecomposition(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 400 {
		a := randomLinear(r)
		g := ir.NewGraph("linear")
		var values []*ir.Value
		var in []*tensor.Tensor
		weights := []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16}[r.IntN(3)]
		for i, shape := range linearShapes(r, a) {
			d := tensor.Float32
			if o := a.Operands(); i >= o.Weight && i < o.Weight+a.Weights {
				d = weights
			}
			x := tensor.New(d, shape...)
			for i := range x.Len() {
				x.SetFloat(i, r.NormFloat64())
			}
			in = append(in, x)
			values = append(values, g.NewInput("", ir.TensorOf(d, sym.ShapeOf(shape...))))
		}
		n, err := g.Add(op.Linear, a, a.Outputs(), values...)
		if err != nil {
			t.Fatalf("%s: %v", attr.Format(a), err)
		}
		for _, v := range n.Out {
			g.AddOutput(v)
		}
		want, err := Graph(g, in)
		if err != nil {
			t.Fatalf("%s: %v", attr.Format(a), err)
		}
		b := ir.NewBuilder(g)
		outs, err := op.Linear.Decompose(b, n)
		if err != nil {
			t.Fatalf("%s: %v", attr.Format(a), err)
		}
		b.Commit(nil)
		for i, v := range outs {
			if !v.Type.Equal(n.Out[i].Type) {
				t.Errorf("%s: output %d is %s, decomposed %s", attr.Format(a), i, n.Out[i].Type, v.Type)
			}
			g.SetOutput(i, v)
		}
		g.Remove(n)
		got, err := Graph(g, in)
		if err != nil {
			t.Fatalf("%s: %v", attr.Format(a), err)
		}
		for i := range want {
			// Some roundings to f32 of numbers up to a hundred; a norm of a row of
			// almost equal elements stretches them.
			for e := range want[i].Len() {
				if x, y := got[i].FloatAt(e), want[i].FloatAt(e); !(math.Abs(x-y) <= 1e-4*max(1, math.Abs(y))) {
					t.Fatalf("%s: output %d: element %d is %g, decomposed %g", attr.Format(a), i, e, y, x)
				}
			}
		}
	}
}

func randomLinear(r *rand.Rand) *attr.Linear {
	a := attr.New[attr.Linear]()
	a.TransB = r.IntN(2) == 0
	all := attr.Activations()
	a.Activation = all[r.IntN(len(all))]
	switch r.IntN(3) {
	case 0:
		a.Weights = 1 + r.IntN(3)
	case 1:
		a.Weights, a.Gated = 2, true
	}
	for i := range a.Weights {
		if !a.TransB && r.IntN(2) == 0 && len(a.Columns) == 2*i {
			a.Columns = append(a.Columns, i, i+3)
		}
	}
	if len(a.Columns) < 2*a.Weights {
		a.Columns = nil
	}
	for i := range a.Weights {
		if r.IntN(2) == 0 {
			a.Biased = append(a.Biased, i)
		}
	}
	if a.Results() == 1 {
		a.HasResidual = r.IntN(2) == 0
		a.Norm = []attr.LinearNorm{attr.LinearNormNone, attr.LinearNormLayer, attr.LinearNormRMS}[r.IntN(3)]
		a.HasShift = a.Norm == attr.LinearNormLayer && r.IntN(2) == 0
	}
	a.Epsilon = 0.1
	return a
}

// linearShapes are those of the operands of a.
func linearShapes(r *rand.Rand, a *attr.Linear) [][]int {
	k, n := 1+r.IntN(9), 2+r.IntN(6)
	lead := [][]int{{3}, {2, 2}, {}, {0, 2}}[r.IntN(4)]
	shapes := [][]int{append(append([]int{}, lead...), k)}
	width := func(i int) int {
		if a.Gated {
			return n
		}
		return n + i
	}
	whole := width
	if len(a.Columns) > 0 {
		n = 3
		width, whole = func(int) int { return n }, func(i int) int { return n + i + r.IntN(3) }
	}
	for i := range a.Weights {
		shape := []int{k, whole(i)}
		if a.TransB {
			shape = []int{width(i), k}
		}
		shapes = append(shapes, shape)
	}
	for _, i := range a.Biased {
		shapes = append(shapes, []int{width(i)})
	}
	if a.HasResidual {
		shapes = append(shapes, append(append([]int{}, lead...), n))
	}
	for range a.Operands().Count - len(shapes) { // scale and shift
		shapes = append(shapes, []int{n})
	}
	return shapes
}

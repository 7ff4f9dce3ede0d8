package fusenorm_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/passes/fusenorm"
	"github.com/parallax-go/parallax/passes/passtest"
)

func TestPass(t *testing.T) { passtest.Files(t, fusenorm.Pass) }

// tolerances are a few roundings of each type: the nodes round at each of some
// ten steps, the fused operator once. The constants of Gelu are good to 1e-6.
var tolerances = map[tensor.DType]float64{tensor.Float16: 6e-3, tensor.Float32: 5e-6, tensor.Float64: 1e-12}

func TestValuesStay(t *testing.T) {
	passtest.Each(t, func(t *testing.T, src string) {
		before := passtest.Parse(t, src)
		in := inputs(t, before)
		want := outputs(t, before, in)
		got := outputs(t, passtest.Apply(t, fusenorm.Pass, src), in)
		for i, w := range want {
			for j := range w.Len() {
				x, y := w.FloatAt(j), got[i].FloatAt(j)
				if tolerance := tolerances[w.DType]; !(math.Abs(x-y) <= tolerance*max(1, math.Abs(x))) {
					t.Fatalf("output %d, element %d is %v, want %v", i, j, y, x)
				}
			}
		}
	})
}

func inputs(t *testing.T, g *ir.Graph) []*tensor.Tensor {
	r := rand.New(rand.NewPCG(1, 2))
	sizes := sym.Bindings{"batch": 2, "seq": 3, "size": 5}
	in := make([]*tensor.Tensor, len(g.Inputs))
	for i, v := range g.Inputs {
		shape, err := v.Type.Shape.Eval(sizes)
		if err != nil {
			t.Fatal(err)
		}
		in[i] = tensor.New(v.Type.DType, shape...)
		for j := range in[i].Len() {
			in[i].SetFloat(j, r.NormFloat64())
		}
	}
	return in
}

func outputs(t *testing.T, g *ir.Graph, in []*tensor.Tensor) []*tensor.Tensor {
	out, err := eval.Graph(g, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

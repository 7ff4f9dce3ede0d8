package fusecache_test

import (
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/passes/fusecache"
	"github.com/parallax-go/parallax/passes/passtest"
)

func TestFiles(t *testing.T) { passtest.Files(t, fusecache.Pass) }

// TestSameBits: a cache operand is a concatenation that is not written down, so
// every output stays as it was, bit for bit. An empty past is a past.
func TestSameBits(t *testing.T) {
	passtest.Each(t, func(t *testing.T, src string) {
		for _, sizes := range []map[string]int64{
			{"b": 2, "t": 3, "p": 4, "s": 5},
			{"b": 1, "t": 1, "p": 6, "s": 2},
			{"b": 1, "t": 2, "p": 0, "s": 1},
		} {
			before, after := passtest.Parse(t, src), passtest.Apply(t, fusecache.Pass, src)
			in := inputs(t, before, sizes)
			want, got := evaluate(t, before, in), evaluate(t, after, in)
			for i := range want {
				if !got[i].Equal(want[i]) {
					t.Errorf("sizes %v: output %d differs", sizes, i)
				}
			}
		}
	})
}

func inputs(t *testing.T, g *ir.Graph, sizes map[string]int64) []*tensor.Tensor {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 4))
	var in []*tensor.Tensor
	for _, v := range g.Inputs {
		shape, err := v.Type.Shape.Eval(sizes)
		if err != nil {
			t.Fatal(err)
		}
		x := tensor.New(v.Type.DType, shape...)
		for i := range x.Len() {
			x.SetFloat(i, rng.NormFloat64())
		}
		in = append(in, x)
	}
	return in
}

func evaluate(t *testing.T, g *ir.Graph, in []*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	out, err := eval.Graph(g, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

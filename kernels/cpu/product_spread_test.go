package cpu

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// TestSpread: rows that are a multiple of a page apart have the bits that each has alone,
// whether a task copies them for itself, tasks do for all, or none does.
func TestSpread(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8)) // or most threads would stay asleep
	ctxs := contexts(t)
	eachLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(67, 3))
		for _, k := range []int{512, 1024, 1536, 2048} {
			for _, n := range []int{40, 9 * simd.Active.Columns} {
				w := normals(rng, tensor.Float32, k, n)
				var packed tensor.Tensor
				if err := PackB(nil, &packed, w); err != nil {
					t.Fatal(err)
				}
				for _, m := range []int{6, 33, 150} {
					x := normals(rng, tensor.Float32, m, k)
					name := fmt.Sprintf("%d×%d×%d", m, k, n)
					got := same(t, name, ctxs, func(c *Ctx, out *tensor.Tensor) error { return MatMulPacked(c, out, x, &packed) })
					for _, i := range []int{0, m / 2, m - 1} {
						row := alone(t, ctxs[0], x, i, &packed)
						for j := range n {
							if got.FloatAt(i*n+j) != row.FloatAt(j) {
								t.Fatalf("%s: row %d, column %d has other bits alone", name, i, j)
							}
						}
					}
				}
			}
		}
	})
}

// TestSpreadPlan: rows that crowd a set are spread by tasks of their own where the others
// have few panels, and all tasks wait for them.
func TestSpreadPlan(t *testing.T) {
	columns := simd.Active.Columns
	for _, x := range []struct {
		m, k, threads int
		spread        bool
	}{
		{130, 4096, 8, true}, {130, 4096, 1, false}, {130, 4080, 8, false}, {3, 4096, 8, false}, {130, 0, 8, false},
	} {
		p := &product{m: x.m, k: x.k, batch: batch{count: 1}, left: matrix{data: floats{f32: make([]float32, x.m*x.k+1)}, row: x.k, col: 1}}
		p.parts = []part{{n: 24 * columns, right: rightOperand{k: x.k, n: 24 * columns, packed: floats{f32: make([]float32, 1)}}}}
		p.arrange(p, x.threads)
		tall := p.height > simd.Nearest.Ways-waysOfPanel // levels with few registers have low tiles
		if got := p.pieces > 0; got != (x.spread && tall && paysForAll()) {
			t.Errorf("%d×%d, %d threads: tiles of %d rows, %d tasks of a block spread rows", x.m, x.k, x.threads, p.height, p.pieces)
		}
		for i := range p.tasks() {
			if task := p.task(i); task.turn >= p.pieces && p.pieces > 0 && p.After(i) == 0 {
				t.Errorf("%d×%d: task %d waits for nothing", x.m, x.k, i)
			}
		}
	}
}

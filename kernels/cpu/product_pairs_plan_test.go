package cpu

import (
	"testing"

	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// TestPairsPlan: the tasks of all waves compute every element of every part once, with
// as many threads as servers have.
func TestPairsPlan(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		pairs := simd.Active.Pairs()
		if pairs == nil {
			t.Skip("no products of pairs")
		}
		for _, threads := range []int{1, 2, 16, 64, 200} {
			for _, m := range []int{1, 15, 33, 64, 200, 700} {
				for _, widths := range [][]int{{1}, {768}, {3072}, {512, 128, 128}, {70, 5}} {
					checkPairsPlan(t, pairs, threads, m, widths)
				}
			}
		}
	})
}

func checkPairsPlan(t *testing.T, pairs *simd.Pairs, threads, m int, widths []int) {
	t.Helper()
	const k = 768
	p := &product{m: m, k: k, batch: batch{count: 1}}
	for _, n := range widths {
		p.parts = append(p.parts, part{n: n, right: rightOperand{pairs: pairedExact, k: k, n: n}})
	}
	p.pairs = leftPairs{product: p, kernels: pairs, thirds: pairs.Thirds != nil, k: k}
	p.arrange(p, threads)
	count := make([]int, m*len(widths)) // columns by row and part
	for p.fromBlock = 0; p.fromBlock < p.rowBlocks; p.fromBlock++ {
		p.toBlock = p.fromBlock + 1
		for i := range p.tasks() {
			task := p.task(i)
			for row := task.i0; row < task.i1; row++ {
				count[task.part*m+row] += task.j1 - task.j0
			}
		}
	}
	for i, got := range count {
		if want := widths[i/m]; got != want {
			t.Fatalf("%d threads, %d rows, widths %v: %d columns of row %d of part %d are computed", threads, m, widths, got, i%m, i/m)
		}
	}
	if height := p.height + min(p.higher, 1); height > pairs.Rows {
		t.Fatalf("%d rows: tiles of %d", m, height)
	}
}

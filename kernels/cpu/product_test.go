package cpu

import (
	"testing"

	"github.com/parallax-go/parallax/kernels/par"
)

// TestPaces cuts every number of rows into tiles and checks that each height has a
// kernel at the pace of its block, and that a block fetches a whole panel.
func TestPaces(t *testing.T) {
	for _, n := range threads {
		pool := par.New(n)
		t.Cleanup(pool.Close)
		for m := 1; m <= 400; m++ {
			p := &product{ctx: NewCtx(pool), m: m, k: 512, parts: []part{{n: 768}}, batch: batch{count: 1}}
			p.arrange(p, n)
			for i := range p.tasks() {
				b := p.block(i, p.task(i))
				if got, want := b.lines*b.pace.tiles, unrolledSteps*vec.Columns/line; got < want {
					t.Fatalf("%d rows, %d threads, task %d: %d lines fetched in a turn, want %d", m, n, i, got, want)
				}
				for tile := b.tile0; tile < b.tile1; tile++ {
					if rows := b.rowOf(tile+1) - b.rowOf(tile); b.fetch[rows] == nil {
						t.Fatalf("%d rows, %d threads, task %d: no kernel for %d rows of %d tiles", m, n, i, rows, b.tile1-b.tile0)
					}
				}
			}
		}
	}
}

package cpu

import (
	"testing"

	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// TestPairsPlan: the tasks of all waves compute every element of every part once, with
// as many threads as servers have, and with little room.
func TestPairsPlan(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		pairs := simd.Active.Pairs()
		if pairs == nil {
			t.Skip("no products of pairs")
		}
		for _, room := range []int{mostLaid, 2 << 20, 1 << 20, 1} {
			withRoom(t, room)
			for _, threads := range []int{1, 2, 16, 64, 200} {
				for _, m := range []int{1, 15, 33, 64, 200, 700} {
					for _, widths := range [][]int{{1}, {768}, {3072}, {512, 128, 128}, {70, 5}} {
						checkPairsPlan(t, pairs, threads, m, widths)
					}
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
	p.pairs = leftPairs{product: p, kernels: &pairs.Lines, thirds: pairs.Thirds != nil, k: k}
	p.arrange(p, threads)
	count := make([]int, m*len(widths)) // columns by row and part
	for i := range p.tasks() {
		task := p.task(i)
		if task.turn < p.pieces {
			continue
		}
		for row := task.i0; row < task.i1; row++ {
			count[task.part*m+row] += task.j1 - task.j0
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
	checkLaying(t, p)
}

// checkLaying does the tasks in the order that threads take them: each finds what it
// needs, and the rows of no block give way before the last task that reads them.
func checkLaying(t *testing.T, p *product) {
	t.Helper()
	if p.pieces == 0 {
		return
	}
	if bytes := 4 * p.room * p.pairs.size(p.rowOf(p.blockTiles)); p.room > 1 && bytes > mostLaid {
		t.Fatalf("%d rows: %d bytes are laid out at a time", p.m, bytes)
	}
	done, holds := make([]int, p.rowBlocks), make([]int, p.room)
	for i := range holds {
		holds[i] = i
	}
	for i := range p.tasks() {
		task := p.task(i)
		if at := p.at(task.rows, task.turn); at != i || done[task.rows] != task.turn {
			t.Fatalf("%d rows: task %d is turn %d of block %d, after %d, and said to be task %d", p.m, i, task.turn, task.rows, done[task.rows], at)
		}
		if rows, turns := p.needs(&task); rows >= 0 && done[rows] < turns {
			t.Fatalf("%d rows: task %d needs %d turns of block %d, of which %d come before", p.m, i, turns, rows, done[rows])
		}
		if after := p.After(i); after < 0 || after > i {
			t.Fatalf("%d rows: task %d is said to wait for %d", p.m, i, after)
		}
		in := &holds[task.rows%p.room]
		switch {
		case task.turn < p.pieces && *in != task.rows:
			if done[*in] < p.turns() {
				t.Fatalf("%d rows: task %d takes the place of block %d", p.m, i, *in)
			}
			*in = task.rows
		case *in != task.rows:
			t.Fatalf("%d rows: task %d finds the rows of block %d in place of %d", p.m, i, *in, task.rows)
		}
		done[task.rows]++
	}
}

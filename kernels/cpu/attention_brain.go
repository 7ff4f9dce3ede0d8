package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// Attention with products in bfloat16: queries, times the scale, probes, keys, weights
// and values are rounded to it where they are multiplied. Products, scores, the sums of
// the weights and results are f32, as are masks and biases.

// ParallaxBrain is [Parallax] with products in bfloat16 where the instruction level
// multiplies that, and Parallax itself elsewhere.
func ParallaxBrain(c *Ctx, o, presentK, presentV *tensor.Tensor, a *attr.Attention, in ...*tensor.Tensor) error {
	t := &c.attend
	if err := t.bind(c, a, wholePast, simd.Active.Pairs(), in); err != nil {
		return fmt.Errorf("ParallaxBrain: %w", err)
	}
	t.run(o, presentK, presentV)
	return nil
}

// ParallaxBrainAppend is [ParallaxAppend] with the bits of [ParallaxBrain].
func ParallaxBrainAppend(c *Ctx, past int, o *tensor.Tensor, a *attr.Attention, in ...*tensor.Tensor) error {
	if err := c.attend.runAppending(c, a, past, simd.Active.Pairs(), o, in); err != nil {
		return fmt.Errorf("ParallaxBrainAppend: %w", err)
	}
	return nil
}

// brains is what a worker lays out for products of pairs beside panels, which hold
// [D/2][Columns][2] of keys and [chunkKeys/2][Columns][2] of values.
type brains struct {
	tiles   []float32 // of the block's rows of q, and after them of r: see [simd.Pairs]
	weights []float32 // a tile of weights, of a chunk
	line    []float32 // a row, rounded
	wide    []float32 // what is to be rounded, if it can't be read in place
	sums    []float32 // of the columns of values
}

// layRows lays out the block's rows of q and r as tiles.
func (w *worker) layRows() {
	d := w.bound.D
	line := viewAs[tensor.Brain](w.brains.line)[:w.depth]
	w.eachTile(func(first, n int) {
		w.strips(n, func(row, height int) {
			for branch := range w.branches {
				at := branch*w.blockRows + first + row
				to := viewAs[tensor.Brain](w.brains.tiles)[at*w.depth:]
				roundTile(w.pairs, to, height, w.query[at*d:], d, d, line)
			}
		})
	})
}

// scorePairs is score by products of pairs.
func (w *worker) scorePairs(t *tile) {
	pitch, columns := w.scorePitch(), w.kernels.Columns
	tiles, keys := viewAs[tensor.Brain](w.brains.tiles), w.keyPairs(t.lo, t.hi)
	w.strips(t.n, func(row, height int) {
		for branch := range w.branches {
			from, to := (branch*w.blockRows+t.first+row)*w.depth, (branch*w.tileRows+row)*pitch+t.lo
			w.pairs.Product((t.hi-t.lo)/columns, height, w.depth, bits16(tiles[from:]), bits16(keys), w.depth*columns, &w.scores[to], pitch, 0, 0)
		}
	})
}

// keyPairs returns the panels of the units with the keys from ≤ j < to, of one chunk or
// of a span that there is room for.
func (w *worker) keyPairs(from, to int) []tensor.Brain {
	p, columns := &w.panels, w.kernels.Columns
	all, size := viewAs[tensor.Brain](p.keys), w.depth*columns
	at := func(unit int) []tensor.Brain { return all[unit%len(p.keyOf)*size:] }
	for unit := from / columns; unit*columns < to; unit++ {
		w.freshKeys(unit, func(column, j, n int) { w.packKeyPairs(at(unit)[:size], column, j, n) })
	}
	return at(from / columns)
}

// packKeyPairs sets columns of a panel to n ≤ Lanes keys from j on: they are rounded,
// and turned as pairs of 32 bits.
func (w *worker) packKeyPairs(panel []tensor.Brain, column, j, n int) {
	k, d, pairs := w.kernels, w.bound.D, w.depth/2
	rounded, line := viewAs[tensor.Brain](w.panels.rows), viewAs[tensor.Brain](w.brains.line)[:w.depth]
	for i := 0; i < n; {
		f, at, apart, here := w.keysAt(j+i, n-i)
		if f.f32 != nil && apart == d && d == w.depth {
			w.pairs.Round(1, here*d, bits16(rounded[i*d:]), simd.PairStep, &f.f32[at], 0)
			i += here
			continue
		}
		for range here {
			roundRow(w.pairs, rounded[i*w.depth:], 1, f.pick(w.brains.wide, at, 1, d), line)
			at, i = at+apart, i+1
		}
	}
	next, from, stride, _ := w.valuesAt(j, n)
	to, rows := viewAs[float32](panel)[column:], w.panels.rows
	if next.f32 != nil && from < len(next.f32) {
		k.PanelStrip(pairs, &to[0], &rows[0], pairs, &next.f32[from], stride)
		return
	}
	k.PanelStrip(pairs, &to[0], &rows[0], pairs, &to[0], 0)
}

// sumPairs is sumChunk by products of pairs.
func (w *worker) sumPairs(s *state, t *tile, from, to int) {
	if w.bound.Dv == 0 {
		return
	}
	values := w.valuePairs(from, to)
	if t.partial {
		w.takeOutPairs(values, from, to)
	}
	w.sumByPairs(s.o1, w.scores, values, t, from, to)
	if s.o2 != nil {
		w.sumByPairs(s.o2, w.second, values, t, from, to)
	}
}

// sumByPairs is sumPairs for one result.
func (w *worker) sumByPairs(o, weights []float32, values []tensor.Brain, t *tile, from, to int) {
	k, columns, n, add := w.pairs, w.kernels.Columns, to-from, 0
	if from > t.lo {
		add = 1
	}
	laid, line := viewAs[tensor.Brain](w.brains.weights), viewAs[tensor.Brain](w.brains.line)[:n]
	w.strips(t.n, func(row, height int) {
		roundTile(k, laid, height, weights[row*w.scorePitch()+from:], w.scorePitch(), n, line)
		k.Product(w.pitch/columns, height, n, bits16(laid), bits16(values[from%chunkKeys*columns:]), chunkKeys*columns, &o[row*w.pitch], w.pitch, add, 0)
	})
}

// valuePairs returns the values of the chunk that key from of the span is in, of which
// the units with the keys from ≤ j < to are packed.
func (w *worker) valuePairs(from, to int) []tensor.Brain {
	values := viewAs[tensor.Brain](w.panels.values)[w.chunkAt(from):]
	w.freshValues(from, to, func(unit int) {
		for column := 0; column < w.bound.Dv; column += w.kernels.Columns {
			w.packValuePairs(w.unitOf(values, unit, column), unit, column)
		}
	})
	return values
}

// unitOf is what columns from column on have of a unit of keys, in the values of its
// chunk: [Columns/2][Columns][2].
func (w *worker) unitOf(values []tensor.Brain, unit, column int) []tensor.Brain {
	columns := w.kernels.Columns
	return values[column*chunkKeys+unit*columns%chunkKeys*columns:][:columns*columns]
}

// packValuePairs packs columns of a unit of keys, filled up with zeros.
func (w *worker) packValuePairs(to []tensor.Brain, unit, column int) {
	p, columns := &w.panels, w.kernels.Columns
	j, n, size := unit*columns, min(columns, p.n-unit*columns), min(columns, w.bound.Dv-column)
	if f, at, apart, here := w.valuesAt(p.j0+j, n); f.f32 != nil && here == columns && size == columns {
		w.pairs.Pair(columns/2, bits16(to), &f.f32[at+column], apart)
		return
	}
	wide := w.brains.wide[:columns*columns]
	clear(wide)
	for i := 0; i < n; {
		f, at, apart, here := w.valuesAt(p.j0+j+i, n-i)
		for range here {
			f.gather(wide[i*columns:], 1, at+column, 1, size)
			at, i = at+apart, i+1
		}
	}
	w.pairs.Pair(columns/2, bits16(to), &wide[0], columns)
}

// ones is a tile of one row.
var ones = func() (x [simd.PairStep]tensor.Brain) {
	for i := range x {
		x[i] = tensor.BrainOf(1)
	}
	return x
}()

// takeOutPairs is takeOut for values as pairs: what is not finite shows in the sums of
// the columns.
func (w *worker) takeOutPairs(values []tensor.Brain, from, to int) {
	p, k, sums := &w.panels, w.kernels, w.brains.sums
	w.unchecked(from, to, func(unit int) {
		w.pairs.Product(w.pitch/k.Columns, 1, k.Columns, bits16(ones[:]), bits16(w.unitOf(values, unit, 0)), chunkKeys*k.Columns, &sums[0], w.pitch, 0, 0)
		if k.Sum(w.pitch, &p.sum, &sums[0]); p.sum-p.sum == 0 {
			return
		}
		for column := 0; column < w.bound.Dv; column += k.Columns {
			p.spoilPairs(w.unitOf(values, unit, column), unit*k.Columns, column, k.Columns)
		}
	})
}

// spoilPairs takes what is not finite out of a part of a panel of keys from key on.
func (p *panels) spoilPairs(pairs []tensor.Brain, key, column, columns int) {
	for i, x := range pairs {
		if f := x.Float32(); f-f != 0 {
			pair, c := i/2/columns, i/2%columns
			p.spoiled = append(p.spoiled, spoiled{key + 2*pair + i%2, column + c, f})
			pairs[i] = 0
		}
	}
}

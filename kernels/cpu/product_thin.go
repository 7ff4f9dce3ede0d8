package cpu

import "github.com/parallax-go/parallax/kernels/cpu/simd"

// thin is a product of many short rows with a small weight, as of attention that mixes
// heads: [m, k]·[k, n] with k and n of a few. A tile would be empty for the most part.
// Rows are taken apart into columns, and a column of the result is a window over
// those. Every element is the same chain of multiply-adds as in a tile.
type thin struct {
	*product
	workers workerTaps
}

const (
	// thinMost is up to what k and n there are kernels to take rows apart and to join
	// them.
	thinMost = 15
	// thinRows are taken at once: their columns stay in the first-level cache.
	thinRows = 256
)

// isThin reports whether the product is one.
func (p *product) isThin() bool {
	x, e := &p.parts[0], &p.then
	small := func(n int) bool { return n > 1 && n <= thinMost }
	return len(p.parts) == 1 && p.batch.count == 1 && p.m >= thinRows && small(p.k) && small(x.n) &&
		vec.Deinterleave[p.k] != nil && vec.Interleave[x.n] != nil &&
		x.step == nil && x.right.packed.f32 != nil && x.out.f32 != nil && p.left.inPlace() && p.left.row == p.k &&
		e.alpha == 1 && e.beta == 0 && e.rowBias == nil && !e.gated && !e.residual.isSet() && e.norm == normNone
}

func (t *thin) run(c *Ctx, p *product) {
	t.product, p.ctx = p, c
	t.workers.begin(c.Pool.Threads())
	blocks := ceilDiv(p.m, thinRows)
	cost := thinRows * (float64(p.k+p.parts[0].n)*costMove + float64(p.k*p.parts[0].n)*costStep)
	c.Pool.Do(blocks, c.cut(blocks, cost), t)
}

// Do computes the blocks of rows lo ≤ i < hi.
func (t *thin) Do(lo, hi int) { t.DoAt(0, lo, hi) }

// DoAt is Do by one of the pool's workers.
func (t *thin) DoAt(worker, lo, hi int) {
	x, taps := &t.parts[0], t.workers.of(worker, t.k)
	left := t.left.data.f32[t.left.offset:]
	scratch := t.ctx.take((t.k + x.n) * thinRows)
	columns, results := scratch[:t.k*thinRows], scratch[t.k*thinRows:]
	for p := range taps {
		taps[p].X = &columns[p*thinRows]
	}
	for i := lo * thinRows; i < min(hi*thinRows, t.m); i += thinRows {
		rows := min(thinRows, t.m-i)
		vec.Deinterleave[t.k](rows, ptr(columns), thinRows, ptr(left[i*t.k:][:rows*t.k]))
		for j := range x.n {
			for p := range taps {
				taps[p].Weight = x.right.packed.f32[p*x.n+j]
			}
			t.column(x, j, taps, results[j*thinRows:][:rows])
		}
		vec.Interleave[x.n](rows, ptr(x.out.f32[i*x.n:][:rows*x.n]), ptr(results), thinRows)
	}
	t.ctx.put(scratch)
}

// column computes column j of some rows.
func (t *thin) column(x *part, j int, taps []simd.Tap, z []float32) {
	vec.Window(len(z), ptr(z), len(taps), ptr(taps), 0)
	if x.bias != nil {
		vec.AddNumber(len(z), ptr(z), ptr(z), x.bias[j])
	}
	if f := t.then.activation; f != simd.NoActivation {
		f.Function()(len(z), ptr(z), ptr(z))
	}
}

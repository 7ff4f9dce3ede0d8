package cpu

import (
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// see finds what the tile's rows see of the span; false: nothing. Keys that the
// masks hide at either end of what all rows see are not read.
func (w *worker) see(t *tile) bool {
	p := &w.panels
	if w.masked() {
		w.seen = grow(w.seen, t.n*w.span)
		if w.oneMask {
			w.evaluate(t, 0, 0, p.n, w.seenBy(0))
		}
	}
	t.lo, t.hi = p.n, 0
	if w.alike && !w.masked() {
		low, high := w.keysOf(0)
		t.lo, t.hi = min(max(low-p.j0, 0), p.n), min(max(high-p.j0, 0), p.n)
		for i := range t.n {
			t.from[i], t.to[i] = t.lo, t.hi
		}
		return w.align(t, false)
	}
	for i := range t.n {
		low, high := w.keysOf(t.first + i)
		from, to := min(max(low-p.j0, 0), p.n), min(max(high-p.j0, 0), p.n)
		if from < to && w.masked() {
			from, to = w.unmasked(t, i, from, to)
		}
		if from >= to {
			continue
		}
		t.from[i], t.to[i] = from, to
		t.lo, t.hi = min(t.lo, from), max(t.hi, to)
	}
	partial := w.masked()
	for i := range t.n {
		partial = partial || t.from[i] > t.lo || t.to[i] < t.hi
	}
	return w.align(t, partial)
}

// align takes a tile to whole units of keys; false: there are none. partial: some
// row doesn't see all that others see.
func (w *worker) align(t *tile, partial bool) bool {
	columns, n := w.kernels.Columns, w.panels.n
	t.partial = partial || t.lo%columns > 0 || t.hi%columns > 0 && t.hi < n
	if t.lo >= t.hi {
		return false
	}
	t.lo, t.hi = t.lo/columns*columns, roundUp(t.hi, columns)
	return true
}

// masked reports whether masks hide keys. Filled rows see all of them.
func (w *worker) masked() bool { return w.bound.Sees != nil && !w.filled }

// unmasked notes which keys of the span row i sees by its masks, and returns the
// part of from … to with all of them.
func (w *worker) unmasked(t *tile, i, from, to int) (int, int) {
	seen := w.seenBy(i)
	if !w.oneMask {
		w.evaluate(t, i, from, to, seen)
	}
	for from < to && !seen[from] {
		from++
	}
	for from < to && !seen[to-1] {
		to--
	}
	return from, to
}

// seenBy is which keys of the span row i of a tile sees by the masks.
func (w *worker) seenBy(i int) []bool {
	if w.oneMask {
		i = 0
	}
	return w.seen[i*w.span:][:w.span]
}

// visible reports whether row i of a tile sees a key of the span.
func (w *worker) visible(t *tile, i, key int) bool {
	return t.from[i] <= key && key < t.to[i] && (!w.masked() || w.seenBy(i)[key])
}

// maskKeys is how many keys a formula is evaluated for at a time.
const maskKeys = 64

// evaluate sets seen to whether row i of a tile sees the keys from ≤ j < to of the
// span by the masks.
func (w *worker) evaluate(t *tile, i, from, to int, seen []bool) {
	h, q := w.place(t.first + i)
	for j := from; j < to; j += maskKeys {
		w.holds(w.bound.Sees, h, q, w.panels.j0+j, seen[j:min(j+maskKeys, to)])
	}
}

// dependsOnRow reports whether queries or heads see other keys by the formula.
func dependsOnRow(b *attr.Bound) bool {
	depends := false
	b.Sees.Terms(func(t attr.Term, _ bool) {
		depends = depends || t == attr.TermQuery || t >= 0 && (b.Mask[t].Strides[1] != 0 || b.Mask[t].Strides[2] != 0)
	})
	return depends
}

// holds evaluates a formula for query q of head h and the keys from j on.
func (w *worker) holds(p *attr.Predicate, h, q, j int, out []bool) {
	switch p.Op {
	case "":
		w.flags(&w.bound.Mask[p.X], h, q, j, out)
	case "!":
		w.holds(p.Args[0], h, q, j, out)
		for k := range out {
			out[k] = !out[k]
		}
	case "&", "|":
		var buf [maskKeys]bool
		w.holds(p.Args[0], h, q, j, out)
		for _, arg := range p.Args[1:] {
			also := buf[:len(out)]
			w.holds(arg, h, q, j, also)
			for k := range out {
				if p.Op == "&" {
					out[k] = out[k] && also[k]
				} else {
					out[k] = out[k] || also[k]
				}
			}
		}
	default:
		var x, y [maskKeys]float64
		w.numbers(p.X, h, q, j, x[:len(out)])
		w.numbers(p.Y, h, q, j, y[:len(out)])
		for k := range out {
			out[k] = attr.Compare(p.Op, x[k], y[k])
		}
	}
}

// flags reads a boolean mask.
func (w *worker) flags(g *attr.Grid, h, q, j int, out []bool) {
	data, at, step := tensor.Data[bool](g.Tensor), g.At(w.b, h, q)+j*g.Strides[3], g.Strides[3]
	if step == 1 {
		copy(out, data[at:])
		return
	}
	for k := range out {
		out[k] = data[at+k*step]
	}
}

// numbers reads what a formula compares.
func (w *worker) numbers(t attr.Term, h, q, j int, out []float64) {
	switch t {
	case attr.TermQuery:
		for k := range out {
			out[k] = float64(q)
		}
		return
	case attr.TermKey:
		for k := range out {
			out[k] = float64(j + k)
		}
		return
	}
	g := &w.bound.Mask[t]
	at, step := g.At(w.b, h, q)+j*g.Strides[3], g.Strides[3]
	for k := range out {
		if step == 0 && k > 0 {
			out[k] = out[0]
			continue
		}
		out[k] = g.FloatAt(at + k*step)
	}
}

// adjust turns products into scores: soft cap, biases and the masks.
func (w *worker) adjust(t *tile) {
	if w.bound.Softcap > 0 {
		w.eachSeen(t, func(_ int, x []float32) { w.cap(x) })
	}
	for i := range w.biases {
		w.addBias(t, i)
	}
	if w.filled {
		w.eachSeen(t, func(_ int, x []float32) { w.fill(x) })
	}
	if w.masked() {
		w.eachSeen(t, func(i int, x []float32) {
			for k, seen := range w.seenBy(i)[t.from[i]:t.to[i]] {
				if !seen {
					x[k] = negInf
				}
			}
		})
	}
	if !t.partial && t.hi <= w.panels.n {
		return
	}
	for i := range t.n {
		row := w.scores[i*w.scorePitch():][:t.hi]
		hide(row[t.lo:max(t.from[i], t.lo)])
		hide(row[max(t.to[i], t.lo):])
	}
}

// eachSeen calls f for the rows' scores of the keys that they see.
func (w *worker) eachSeen(t *tile, f func(i int, x []float32)) {
	for i := range t.n {
		if x := w.scores[i*w.scorePitch():][t.from[i]:t.to[i]]; len(x) > 0 {
			f(i, x)
		}
	}
}

// cap is limit·tanh(x/limit).
func (w *worker) cap(x []float32) {
	k, n, limit := w.kernels, len(x), float32(w.bound.Softcap)
	k.DivNumber(n, &x[0], &x[0], limit)
	k.Tanh(n, &x[0], &x[0])
	k.MulNumber(n, &x[0], &x[0], limit)
}

// addBias adds a bias to the scores of a tile, hidden ones included. Rows of one
// head are added at once if they can be read in place.
func (w *worker) addBias(t *tile, bias int) {
	k, pitch, n := w.kernels, w.scorePitch(), min(t.hi, w.panels.n)-t.lo
	g, f := &w.bound.Bias[bias], w.biases[bias]
	w.runs(t.first, t.n, func(i, rows, h, q int) {
		at := g.At(w.b, h, q) + (w.panels.j0+t.lo)*g.Strides[3]
		x := w.scores[(i-t.first)*pitch+t.lo:]
		if f.f32 != nil && g.Strides[3] == 1 {
			k.AddRows(rows, n, &x[0], pitch, &f.f32[at], g.Strides[2])
			return
		}
		for r := range rows {
			x, at := x[r*pitch:], at+r*g.Strides[2]
			if g.Strides[3] == 0 {
				k.AddNumber(n, &x[0], &x[0], f.pick(w.row, at, 1, 1)[0])
			} else {
				k.Add(n, &x[0], &x[0], &f.pick(w.row, at, g.Strides[3], n)[0])
			}
		}
	})
}

// hidden are the scores of keys that are not seen.
var hidden = func() (x [chunkKeys]float32) {
	for i := range x {
		x[i] = negInf
	}
	return x
}()

func hide(x []float32) {
	for len(x) > 0 {
		x = x[copy(x, hidden[:]):]
	}
}

// fill adds the fill value, rounding as the file did whose mask added it:
// whether the fill absorbs the scores depends on it.
func (w *worker) fill(x []float32) {
	d := w.bound.Q.DType
	fill := rounded(d, float32(w.bound.FillValue))
	for j := range x {
		x[j] = rounded(d, rounded(d, x[j])+fill)
	}
}

// rounded is x after rounding to type d.
func rounded(d tensor.DType, x float32) float32 {
	switch d {
	case tensor.Float16:
		return tensor.HalfOf(x).Float32()
	case tensor.BFloat16:
		return tensor.BrainOf(x).Float32()
	}
	return x
}

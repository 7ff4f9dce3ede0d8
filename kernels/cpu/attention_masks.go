package cpu

import (
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// see finds what the rows see of a tile. A tile that the masks hide is skipped,
// its keys and values not read.
func (w *worker) see(t *window) {
	t.lo, t.hi = t.n, 0
	for i := range w.n {
		t.from[i], t.to[i] = 0, 0
		from, to := min(max(w.low[i]-t.j0, 0), t.n), min(max(w.high[i]-t.j0, 0), t.n)
		if from < to && w.masked() {
			from, to = w.unmasked(t.j0, from, to, i)
		}
		if from < to {
			t.from[i], t.to[i] = from, to
			t.lo, t.hi = min(t.lo, from), max(t.hi, to)
		}
	}
}

// masked reports whether masks hide keys. Filled rows see all of them.
func (w *worker) masked() bool { return w.bound.Sees != nil && !w.filled }

// unmasked notes which keys of the tile at j0 row i sees by its masks, and
// returns the part of from … to with all of them.
func (w *worker) unmasked(j0, from, to, i int) (int, int) {
	h, q := w.place(i)
	seen := w.seen[i*tileKeys:][:tileKeys]
	w.holds(w.bound.Sees, h, q, j0+from, seen[from:to])
	for from < to && !seen[from] {
		from++
	}
	for from < to && !seen[to-1] {
		to--
	}
	return from, to
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
		var buf [tileKeys]bool
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
		var x, y [tileKeys]float64
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

// mask turns products into scores: scale, soft cap, biases and the masks.
func (w *worker) mask(x []float32, t *window, i int) {
	a := w.bound.Attention
	mulVS(x, x, float32(a.Scale))
	if limit := float32(a.Softcap); limit > 0 {
		for j := range x {
			x[j] = limit * tanh32(x[j]/limit)
		}
	}
	h, q := w.place(i)
	j := t.j0 + t.from[i]
	for k := range w.biases {
		g := &w.bound.Bias[k]
		at := g.At(w.b, h, q) + j*g.Strides[3]
		if g.Strides[3] == 0 {
			addVS(x, x, w.biases[k].pick(w.row, at, 1, 1)[0])
			continue
		}
		addVV(x, x, w.biases[k].pick(w.row, at, g.Strides[3], len(x)))
	}
	if w.filled {
		w.fill(x)
	}
	if w.masked() {
		for k, seen := range w.seen[i*tileKeys+t.from[i]:][:len(x)] {
			if !seen {
				x[k] = negInf
			}
		}
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

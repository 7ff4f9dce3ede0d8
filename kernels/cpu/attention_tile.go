package cpu

import (
	"math"

	"github.com/parallax-go/parallax/ir/attr"
)

// window is the keys of a tile, j0 ≤ j < j0+n, and the part from … to of them
// that each row sees something of, counted from j0.
type window struct {
	j0, n    int
	from, to [attendRows]int
	lo, hi   int // what any row sees
}

// keys adds the keys from ≤ j < to to a state.
func (w *worker) keys(s *state, from, to int) {
	to = min(to, w.bound.S)
	for j := from; j < to; j += tileKeys {
		t := window{j0: j, n: min(tileKeys, to-j)}
		w.see(&t)
		if t.lo >= t.hi {
			continue
		}
		w.score(&t)
		for i := range w.n {
			if t.from[i] < t.to[i] && !w.weighKeys(s, &t, i) {
				t.from[i], t.to[i] = 0, 0
			}
		}
		if w.n*w.branches <= fewRows {
			w.streamValues(s, &t)
		} else {
			w.sumValues(s, &t)
		}
	}
}

// operand returns which of the two holds key j (0: the past), and its row there.
func (w *worker) operand(j int) (which, row int) {
	if j < w.bound.Past {
		return 0, j
	}
	return 1, j - w.bound.Past
}

func (w *worker) keyAt(j int) (f *floats, at int) {
	which, row := w.operand(j)
	if which == 0 {
		return &w.k[0], w.bound.PastK.At(w.b, w.kv, row)
	}
	return &w.k[1], w.bound.K.At(w.b, w.kv, row)
}

// valuesAt returns what holds value j and those after it: where its row begins,
// how far the rows are apart, and how many of n lie there.
func (w *worker) valuesAt(j, n int) (f *floats, at, apart, here int) {
	which, row := w.operand(j)
	if which == 0 {
		v := &w.bound.PastV
		return &w.v[0], v.At(w.b, w.kv, row), v.Row, min(n, w.bound.Past-j)
	}
	v := &w.bound.V
	return &w.v[1], v.At(w.b, w.kv, row), v.Row, n
}

// score multiplies every vector with the keys of the tile, a panel at a time.
func (w *worker) score(t *window) {
	vectors := w.n * w.branches
	var sums [2 * nr]float32
	for p := t.lo / nr * nr; p < t.hi; p += nr {
		if vectors <= fewRows && w.dotsInPlace(t, p, vectors) {
			continue
		}
		for c := range min(nr, t.n-p) {
			f, at := w.keyAt(t.j0 + p + c)
			f.gather(w.keyPanel[c:], nr, at, 1, w.bound.D)
		}
		v := 0
		for ; v+2 <= vectors; v += 2 {
			tile2(w.vectors[v], w.vectors[v+1], w.keyPanel, &sums)
			copy(w.scores[v*tileKeys+p:], sums[:nr])
			copy(w.scores[(v+1)*tileKeys+p:], sums[nr:])
		}
		if v < vectors {
			tile1(w.vectors[v], w.keyPanel, &sums)
			copy(w.scores[v*tileKeys+p:], sums[:nr])
		}
	}
}

// dotsInPlace multiplies a few vectors with the nr keys at p without copying
// them, if they are f32 and lie in one operand.
func (w *worker) dotsInPlace(t *window, p, vectors int) bool {
	first, _ := w.operand(t.j0 + p)
	last, _ := w.operand(t.j0 + p + nr - 1)
	f, at := w.keyAt(t.j0 + p)
	if p+nr > t.n || first != last || f.f32 == nil {
		return false
	}
	stride := w.bound.K.Row
	if first == 0 {
		stride = w.bound.PastK.Row
	}
	var sums [2 * nr]float32
	for v := range vectors {
		dots(w.vectors[v], f.f32[at:], stride, &sums)
		copy(w.scores[v*tileKeys+p:], sums[:nr])
	}
	return true
}

// weighKeys turns row i's scores into the weights e and e·t, and moves its state
// to the new greatest score. It is false if the row sees no key of the tile.
func (w *worker) weighKeys(s *state, t *window, i int) bool {
	x := w.scores[i*w.branches*tileKeys:][t.from[i]:t.to[i]]
	w.mask(x, t, i)
	top := maxOr(s.m[i], maxRow(x))
	if top == negInf {
		return false
	}
	if a := exp32(s.m[i] - top); a != 1 {
		s.rescale(i, a)
	}
	s.m[i] = top
	d1 := float32(0)
	for j := range x {
		x[j] = exp32(x[j] - top)
		d1 += x[j]
	}
	s.d1[i] += d1
	if w.branches == 1 {
		return true
	}
	d2 := float32(0)
	y := w.scores[(i*w.branches+1)*tileKeys:][t.from[i]:t.to[i]]
	for j := range y {
		y[j] *= x[j]
		if x[j] == 0 { // a key without weight may hold anything
			y[j] = 0
		}
		d2 += y[j]
	}
	s.d2[i] += d2
	return true
}

// packValues lays the tile's values out as panels of nr columns, [keys, nr].
func (w *worker) packValues(t *window) {
	dv := w.bound.Dv
	for j := t.lo; j < t.hi; {
		f, at, apart, here := w.valuesAt(t.j0+j, t.hi-j)
		for range here {
			w.packValue(w.valuePanels[j*nr:], f.load(w.row, at, dv))
			at, j = at+apart, j+1
		}
	}
}

// packValue lays one row out over the panels.
func (w *worker) packValue(panel, row []float32) {
	col := 0
	for ; col+nr <= len(row); col += nr {
		*(*[nr]float32)(panel[col*tileKeys:]) = [nr]float32(row[col:])
	}
	if col < len(row) {
		copy(panel[col*tileKeys:], row[col:])
	}
}

// sumValues adds the weighted values of the tile, a panel of columns at a time.
func (w *worker) sumValues(s *state, t *window) {
	w.packValues(t)
	for col := 0; col < s.dv; col += nr {
		panel, width := w.valuePanels[col*tileKeys:], min(nr, s.dv-col)
		for i := 0; i < w.n; i++ {
			from, to := t.from[i], t.to[i]
			keys, o1 := panel[from*nr:], s.o1[i*s.dv+col:][:width]
			switch {
			case from == to:
			case w.branches == 2:
				addPair(o1, s.o2[i*s.dv+col:][:width], w.weights(2*i, from, to), w.weights(2*i+1, from, to), keys)
			case i+1 < w.n && from == t.from[i+1] && to == t.to[i+1]:
				addPair(o1, s.o1[(i+1)*s.dv+col:][:width], w.weights(i, from, to), w.weights(i+1, from, to), keys)
				i++
			default:
				addOne(o1, w.weights(i, from, to), keys)
			}
		}
	}
}

// weights is the part from … to of a vector's weights.
func (w *worker) weights(vector, from, to int) []float32 {
	return w.scores[vector*tileKeys:][from:to]
}

// addPair adds to o and p the values of a panel weighed by x and y.
func addPair(o, p, x, y, panel []float32) {
	var sums [2 * nr]float32
	tile2(x, y, panel, &sums)
	addVV(o, o, sums[:len(o)])
	addVV(p, p, sums[nr:][:len(p)])
}

func addOne(o, x, panel []float32) {
	var sums [2 * nr]float32
	tile1(x, panel, &sums)
	addVV(o, o, sums[:len(o)])
}

// streamValues is sumValues for few vectors: whole rows of values, in place.
func (w *worker) streamValues(s *state, t *window) {
	sums, scratch := w.row[:s.dv], w.row[s.dv:]
	for v := range w.n * w.branches {
		i := v / w.branches
		if t.from[i] == t.to[i] {
			continue
		}
		clear(sums)
		weights := w.weights(v, t.from[i], t.to[i])
		for j := t.j0 + t.from[i]; len(weights) > 0; {
			f, at, apart, here := w.valuesAt(j, len(weights))
			for _, x := range weights[:here] {
				addScaled(sums, x, f.load(scratch, at, s.dv))
				at += apart
			}
			j, weights = j+here, weights[here:]
		}
		o := s.o1
		if v%w.branches == 1 {
			o = s.o2
		}
		addVV(o[i*s.dv:][:s.dv], o[i*s.dv:][:s.dv], sums)
	}
}

// finishEmpty writes the rows that saw no key.
func (w *worker) finishEmpty(empty [attendRows]bool) {
	head, first := w.b*w.bound.KVHeads+w.kv, w.first
	n := w.n
	for i := range n {
		if !empty[i] {
			continue
		}
		w.load(head, first+i, 1, true)
		if w.bound.EmptyRow == attr.EmptyRowFilled {
			w.allKeys()
			w.write(&w.total, 0)
			continue
		}
		row := w.row[:w.bound.Dv]
		clear(row)
		if w.bound.EmptyRow == attr.EmptyRowNaN {
			for d := range row {
				row[d] = float32(math.NaN())
			}
		}
		h, q := w.place(0)
		w.out.store(w.o.At(w.b, h, q), row)
	}
}

package cpu

import "math"

// tile is some rows of a block, and what they see of the span of keys: row i sees
// something of the keys from ≤ j < to, counted from the span's first.
type tile struct {
	first, n int
	from, to [maxTileRows]int
	lo, hi   int  // what any row sees, up to whole units
	partial  bool // some row doesn't see all of lo ≤ j < hi
}

// addKeys adds the keys of the span to the state of the tile's rows.
func (w *worker) addKeys(s state, t *tile) {
	w.score(t)
	w.adjust(t)
	if s.untouched() {
		w.weigh(t, &s, true)
		w.sumValues(&s, t)
		return
	}
	part := stateIn(w.parts, t.n, w.pitch, w.bound.Dv, w.branches)
	w.weigh(t, &part, true)
	w.sumValues(&part, t)
	s.merge(w.kernels, &part, w.early, w.late)
}

// wholeTile writes the result of a tile whose rows have all their keys in the span.
func (w *worker) wholeTile(t *tile) {
	s := stateIn(w.parts, t.n, w.pitch, w.bound.Dv, w.branches)
	s.reset()
	if t.lo < t.hi {
		w.score(t)
		w.adjust(t)
		w.weigh(t, &s, false)
	}
	for i := range t.n {
		a := float32(1)
		if w.bound.Sink.Tensor != nil {
			a = w.addSink(&s, i, t.first+i)
		}
		w.empty[t.first+i] = s.empty(i)
		w.early[i], w.late[i] = a/s.d1[i], 1+s.d2[i]/s.d1[i]
	}
	if t.lo < t.hi {
		w.kernels.Correct(t.n, t.hi-t.lo, &w.scores[t.lo], &w.second[t.lo], w.scorePitch(), &w.early[0], &w.late[0])
		s.o2 = nil
		w.sumValues(&s, t)
	}
	for i := range t.n {
		w.early[i] = 1
		if w.empty[t.first+i] {
			w.early[i] = float32(math.NaN())
		}
	}
	w.write(s.o1, w.early, t.first, t.n)
}

// score multiplies the rows with the keys that the tile sees.
func (w *worker) score(t *tile) {
	k, d, pitch := w.kernels, w.bound.D, w.scorePitch()
	if d == 0 {
		clear(w.scores)
		clear(w.second)
		return
	}
	for j := t.lo; j < t.hi; j += k.Columns {
		panel := w.keyPanel(j / k.Columns)
		w.strips(t.n, func(row, height int) {
			from := (t.first + row) * d
			k.ProductRows[height](d, &w.query[from], d, panel, &w.scores[row*pitch+j], pitch, 0)
			if w.branches == 2 {
				k.ProductRows[height](d, &w.probe[from], d, panel, &w.second[row*pitch+j], pitch, 0)
			}
		})
	}
}

// weigh turns scores into weights, and sets the greatest score and the sums of s;
// products: the second scores become their products with the weights.
func (w *worker) weigh(t *tile, s *state, products bool) {
	k, n, pitch := w.kernels, t.hi-t.lo, w.scorePitch()
	if w.branches == 1 {
		k.Weigh(t.n, n, &w.scores[t.lo], pitch, &s.m[0], &s.d1[0])
		return
	}
	form := 0
	if products {
		form = 1
	}
	k.WeighProbed[form](t.n, n, &w.scores[t.lo], &w.second[t.lo], pitch, &s.m[0], &s.d1[0], &s.d2[0])
}

// sumValues sets the results of s to the sums of the values by their weights, and
// by their second weights if s has such a result.
func (w *worker) sumValues(s *state, t *tile) {
	for from := t.lo; from < t.hi; {
		to := min(t.hi, (from/chunkKeys+1)*chunkKeys)
		values := w.valuePanels(from, to)
		if t.partial {
			w.takeOut(values, from, to)
		}
		w.sumChunk(s.o1, w.scores, values, t, from, to)
		if s.o2 != nil {
			w.sumChunk(s.o2, w.second, values, t, from, to)
		}
		from = to
	}
	w.putBack(s, t)
}

// sumChunk adds the values from ≤ j < to of a chunk to o, or sets it to them if
// they are the tile's first.
func (w *worker) sumChunk(o, weights, values []float32, t *tile, from, to int) {
	k, pitch, add := w.kernels, w.scorePitch(), 0
	if from > t.lo {
		add = 1
	}
	n := min(to, w.panels.n) - from
	for col := 0; col < w.bound.Dv; col += k.Columns {
		panel := &values[col*chunkKeys+from%chunkKeys*k.Columns]
		w.strips(t.n, func(row, height int) {
			k.ProductRows[height](n, &weights[row*pitch+from], pitch, panel, &o[row*w.pitch+col], w.pitch, add)
		})
	}
}

// putBack adds the values' elements that are not finite to the rows that see them.
func (w *worker) putBack(s *state, t *tile) {
	pitch := w.scorePitch()
	for _, x := range w.panels.spoiled {
		for i := range t.n {
			if !w.visible(t, i, x.key) {
				continue
			}
			s.o1[i*w.pitch+x.column] += w.scores[i*pitch+x.key] * x.x
			if s.o2 != nil {
				s.o2[i*w.pitch+x.column] += w.second[i*pitch+x.key] * x.x
			}
		}
	}
}

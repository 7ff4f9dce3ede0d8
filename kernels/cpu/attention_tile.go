package cpu

import (
	"math"

	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

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

// within is the tile's part of the keys lo ≤ j < hi, whole units of them.
func (t *tile) within(lo, hi int) tile {
	part := *t
	part.lo, part.hi = lo, hi
	for i := range t.n {
		part.from[i], part.to[i] = min(max(t.from[i], lo), hi), min(max(t.to[i], lo), hi)
	}
	return part
}

// chunks calls f for the tile's parts of the chunks of the span.
func (t *tile) chunks(f func(chunk, from, to int)) {
	for from := t.lo; from < t.hi; {
		to := min(t.hi, (from/chunkKeys+1)*chunkKeys)
		f(from/chunkKeys, from, to)
		from = to
	}
}

// wholeTile writes the result of a tile whose rows have all their keys in the span:
// Σ w·v with w = p(1 + t̄ − t). What weighs a key is relative to the greatest score
// of its chunk until all chunks are known.
func (w *worker) wholeTile(t *tile) {
	k, pitch := w.kernels, w.scorePitch()
	s := stateIn(w.parts, t.n, w.pitch, w.bound.Dv, 2)
	s.reset()
	t.chunks(func(chunk, from, to int) {
		part := t.within(from, to)
		w.score(&part)
		w.adjust(&part)
		late := w.chunkState(chunk, t.n)
		w.weigh(&part, &late, false)
		k.Join(t.n, &s.m[0], &s.d1[0], &s.d2[0], &late.m[0], &late.d1[0], &late.d2[0], &w.early[0], &w.late[0])
	})
	// The sink and the denominator come in at the end, as they do without a probe:
	// one that is 0 then changes no bit, of up to a chunk of keys.
	var top, gain [maxTileRows]float32
	copy(top[:], s.m[:t.n])
	for i := range t.n {
		gain[i] = 1
		if w.bound.Sink.Tensor != nil {
			gain[i] = w.addSink(&s, i, t.first+i)
		}
		w.empty[t.first+i] = s.empty(i)
		w.late[i] = 1 + s.d2[i]/s.d1[i]
	}
	s.o2 = nil
	t.chunks(func(chunk, from, to int) {
		scale := w.chunkState(chunk, t.n).m
		for i := range scale {
			scale[i] -= top[i]
		}
		k.Exp(t.n, &scale[0], &scale[0])
		k.Correct(t.n, to-from, &w.scores[from], &w.second[from], pitch, &scale[0], &w.late[0])
		w.sumChunk(&s, t, from, to)
	})
	w.putBack(&s, t)
	for i := range t.n {
		w.early[i] = gain[i] / s.d1[i]
		if w.empty[t.first+i] {
			w.early[i] = float32(math.NaN())
		}
	}
	w.write(s.o1, w.early, t.first, t.n)
}

// chunkState is where the greatest scores and the sums of a chunk are.
func (w *worker) chunkState(chunk, n int) state {
	return stateIn(w.chunkParts[chunk*stateFloats(0, 1)*w.tileRows:], n, 0, 0, 1)
}

// score multiplies the rows with the keys that the tile sees.
func (w *worker) score(t *tile) {
	k, d, pitch := w.kernels, w.bound.D, w.scorePitch()
	if d == 0 {
		clear(w.scores)
		clear(w.second)
		return
	}
	if w.pairs != nil {
		w.scorePairs(t)
		return
	}
	for j := t.lo; j < t.hi; j += k.Columns {
		panel := w.keyPanel(j / k.Columns)
		if w.joined(t) {
			k.ProductRows[2*t.n](d, &w.query[0], d, panel, &w.scores[j], pitch, 0)
			continue
		}
		w.strips(t.n, func(row, height int) {
			from := (t.first + row) * d
			k.ProductRows[height](d, &w.query[from], d, panel, &w.scores[row*pitch+j], pitch, 0)
			if w.branches == 2 {
				k.ProductRows[height](d, &w.probe[from], d, panel, &w.second[row*pitch+j], pitch, 0)
			}
		})
	}
}

// joined reports whether the rows of both branches are one tile of products: few
// queries, such as a step of a decoder, of a block that is one tile.
func (w *worker) joined(t *tile) bool {
	return w.branches == 2 && t.n == w.tileRows && t.n == w.blockRows && 2*t.n <= w.kernels.Rows
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
	t.chunks(func(_, from, to int) { w.sumChunk(s, t, from, to) })
	w.putBack(s, t)
}

// sumChunk adds the values from ≤ j < to of a chunk, or sets the results to them if
// they are the tile's first.
func (w *worker) sumChunk(s *state, t *tile, from, to int) {
	if w.streams(t) {
		switch {
		case s.o2 == nil:
			w.stream(t.n, s.o1, w.scores, t, from, to)
		case w.joined(t) && t.n == 1: // o2 lies after o1, as the second weights do
			w.stream(2, s.o1, w.scores, t, from, to)
		default:
			w.stream(t.n, s.o1, w.scores, t, from, to)
			w.stream(t.n, s.o2, w.second, t, from, to)
		}
		return
	}
	if w.pairs != nil {
		w.sumPairs(s, t, from, to)
		return
	}
	values := w.valuePanels(from, to)
	if t.partial {
		w.takeOut(values, from, to)
	}
	w.sum(s.o1, w.scores, values, t, from, to)
	if s.o2 != nil {
		w.sum(s.o2, w.second, values, t, from, to)
	}
}

// sum is sumChunk for one result.
func (w *worker) sum(o, weights, values []float32, t *tile, from, to int) {
	k, pitch, add := w.kernels, w.scorePitch(), 0
	if from > t.lo {
		add = 1
	}
	n := min(to, w.panels.n) - from
	for col := 0; col < w.bound.Dv; col += w.width(col) {
		product, width := &k.ProductRows, w.width(col)
		if width < k.Columns {
			product = &k.NarrowRows
		}
		panel := &values[col*chunkKeys+from%chunkKeys*width]
		w.strips(t.n, func(row, height int) {
			product[height](n, &weights[row*pitch+from], pitch, panel, &o[row*w.pitch+col], w.pitch, add)
		})
	}
}

// streamRows is how many rows make it pay to pack values.
const streamRows = len(simd.Kernels{}.Stream)

// streams reports whether the values are read as they lie: for few rows, which see
// the same keys.
func (w *worker) streams(t *tile) bool {
	if t.n >= streamRows || w.n > t.n || w.pairs != nil || w.masked() || w.v[1].f32 == nil || w.bound.Dv == 0 {
		return false
	}
	for i := range t.n {
		if t.from[i] != t.from[0] || t.to[i] != t.to[0] {
			return false
		}
	}
	return true
}

// stream is sum for values as they lie, and for so many rows of weights.
func (w *worker) stream(rows int, o, weights []float32, t *tile, from, to int) {
	from, to = max(from, t.from[0]), min(to, t.to[0])
	for from < to {
		f, at, apart, here := w.valuesAt(w.panels.j0+from, to-from)
		add := 0
		if from > t.from[0] {
			add = 1
		}
		w.kernels.Stream[rows](here, w.bound.Dv, &f.f32[at], apart, &weights[from], w.scorePitch(), &o[0], w.pitch, add)
		from += here
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

package cpu

import (
	"math"

	"github.com/parallax-go/parallax/ir/attr"
)

// worker computes blocks of rows, one after another. Its memory stays for the next
// call: blocks may take microseconds, and workers that had to ask for it would wait
// for each other.
type worker struct {
	*attend
	opened int // the call that it has scratch for

	b, kv    int // the block's batch entry and key head
	first, n int // its rows among those of the key head
	filled   bool
	alike    bool               // all rows see the same keys by position: those of the first
	lows     [maxBlockRows]int  // where they begin
	highs    [maxBlockRows]int  // and end
	empty    [maxBlockRows]bool // the rows that saw no key
	panels   panels
	brains   brains // where pairs multiply
	seen     []bool // which keys of the span a tile's rows see by the masks
	total    state

	// Scratch, carved out of one loan.
	memory           []float32
	query, probe     []float32 // rows of q, scaled, and after them those of r
	scores, second   []float32 // of a tile, by q and after them by r; then the weights
	totalPart, parts []float32
	chunkParts       []float32 // of each chunk of a span that is whole
	part             state
	early, late      []float32 // factors of rows
	row              []float32 // a row of biases or of the result
}

// worker returns the worker of a place in the pool, with scratch for the call.
func (t *attend) worker(place int) *worker {
	w := t.ctx.workers[place]
	if w.opened != t.call {
		w.open(t)
	}
	return w
}

// open gives a worker scratch for t.
func (w *worker) open(t *attend) {
	w.attend, w.opened = t, t.call
	p, b := &w.panels, &w.brains
	keys, values := t.slots()
	scratch := [...]struct {
		part *[]float32
		n    int
	}{
		{&p.keys, t.packed(keys * t.depth * t.kernels.Columns)},
		{&p.values, t.packed(values * t.pitch * chunkKeys)},
		{&p.rows, t.packed(t.kernels.Lanes * t.depth)},
		{&w.query, t.branches * t.blockRows * t.bound.D},
		{&w.scores, t.branches * t.tileRows * t.scorePitch()},
		{&w.totalPart, t.stateSize()},
		{&w.parts, t.tileRows * stateFloats(t.pitch, t.branches)},
		{&w.chunkParts, t.span / chunkKeys * t.tileRows * stateFloats(0, 1)},
		{&w.early, t.blockRows},
		{&w.late, t.blockRows},
		{&w.row, max(t.pitch, t.span)},
		{&b.tiles, t.paired(t.branches * t.blockRows * t.depth)},
		{&b.weights, t.paired(t.tileRows * chunkKeys)},
		{&b.line, t.paired(max(t.depth, chunkKeys))},
		{&b.wide, t.paired(2 * max(t.depth, t.kernels.Columns*t.kernels.Columns))},
		{&b.sums, t.paired(2 * t.pitch)},
	}
	total := 0
	for _, x := range scratch {
		total += roundUp(x.n, line)
	}
	w.memory = grow(w.memory, total)
	rest := w.memory
	for _, x := range scratch {
		n := roundUp(x.n, line)
		*x.part, rest = rest[:x.n:n], rest[n:]
	}
	w.probe, w.second = w.query[t.blockRows*t.bound.D:], w.scores[t.tileRows*t.scorePitch():]
	p.open(t)
}

// line is the floats of a cache line.
const line = 16

// scorePitch is how far apart the rows of a tile's scores are: not a power of two,
// so that the rows of a product's tile don't meet in few sets of the cache.
func (p *plan) scorePitch() int { return p.span + line }

// begin takes up a block. The last queries of a head come first: with a causal mask
// they have the most keys.
func (w *worker) begin(block int) {
	head := block / w.blocks
	from, to := share(w.rows, w.blocks, w.blocks-1-block%w.blocks)
	w.load(head, from, to-from, false)
}

// load takes up n rows of a key head, numbered across the batch. Filled rows see
// every key.
func (w *worker) load(head, first, n int, filled bool) {
	w.b, w.kv = head/w.bound.KVHeads, head%w.bound.KVHeads
	w.first, w.n, w.filled = first, n, filled
	w.total = stateIn(w.totalPart, n, w.pitch, w.bound.Dv, w.branches)
	w.seeKeys()
	w.loadRows(w.query, w.q, w.bound.Q, float32(w.bound.Scale))
	if w.branches == 2 {
		w.loadRows(w.probe, w.r, w.bound.R, 1)
	}
	if w.pairs != nil {
		w.layRows()
	}
}

// seeKeys sets which keys the block's rows see by position.
func (w *worker) seeKeys() {
	w.alike = w.filled || !w.bound.Positional()
	if w.alike {
		w.lows[0], w.highs[0] = 0, w.bound.S
		return
	}
	for i := range w.n {
		_, q := w.place(i)
		w.lows[i], w.highs[i] = w.bound.Keys(w.b, q)
	}
}

// keysOf returns the keys lo ≤ j < hi that row i sees by position.
func (w *worker) keysOf(i int) (lo, hi int) {
	if w.alike {
		i = 0
	}
	return w.lows[i], w.highs[i]
}

// loadRows copies the block's rows of an operand, times scale.
func (w *worker) loadRows(to []float32, f floats, v attr.View, scale float32) {
	d := w.bound.D
	if d == 0 {
		return
	}
	for i := range w.n {
		w.early[i] = scale
	}
	w.runs(0, w.n, func(i, n, h, q int) {
		at := v.At(w.b, h, q)
		if f.f32 != nil {
			w.kernels.ScaleRows(n, d, &to[i*d], d, &f.f32[at], v.Row, &w.early[0])
			return
		}
		for k := range n {
			f.gather(to[(i+k)*d:], 1, at+k*v.Row, 1, d)
		}
		w.kernels.MulNumber(n*d, &to[i*d], &to[i*d], scale)
	})
}

// runs calls f for the parts of some rows of the block that are of one query head: n
// rows from i on, queries q and after of head h.
func (w *worker) runs(first, rows int, f func(i, n, h, q int)) {
	for i := first; i < first+rows; {
		h, q := w.place(i)
		n := min(first+rows-i, w.bound.T-q)
		f(i, n, h, q)
		i += n
	}
}

// place returns the query head and the query of row i.
func (w *worker) place(i int) (head, query int) {
	row := w.first + i
	return w.kv*w.bound.Group() + row/w.bound.T, row % w.bound.T
}

// sees returns the keys that any of n rows from first on sees by position; none:
// lo ≥ hi.
func (w *worker) sees(first, n int) (lo, hi int) {
	if w.alike {
		return w.keysOf(0)
	}
	lo, hi = w.bound.S, 0
	for i := first; i < first+n; i++ {
		if w.lows[i] < w.highs[i] {
			lo, hi = min(lo, w.lows[i]), max(hi, w.highs[i])
		}
	}
	return lo, hi
}

// eachTile calls f for the tiles of the block.
func (w *worker) eachTile(f func(first, n int)) {
	parts := ceilDiv(w.n, w.tileRows)
	for i := range parts {
		from, to := share(w.n, parts, i)
		f(from, to-from)
	}
}

// allKeys sets total to the state after every key.
func (w *worker) allKeys() {
	w.total.begin()
	lo, hi := w.sees(0, w.n)
	w.keys(&w.total, lo/chunkKeys*chunkKeys, hi)
	w.eachTile(func(first, n int) {
		if s := w.total.slice(first, n); s.untouched() {
			s.reset()
		}
	})
}

// keys adds the keys from ≤ j < to to a state, a chunk at a time.
func (w *worker) keys(s *state, from, to int) {
	to = min(to, w.bound.S)
	for j := from; j < to; j += chunkKeys {
		w.panels.begin(j, min(chunkKeys, to-j))
		w.eachTile(func(first, n int) {
			t := tile{first: first, n: n}
			if w.see(&t) {
				w.addKeys(s.slice(first, n), &t)
			}
		})
	}
}

// compute writes the result of the block.
func (w *worker) compute() {
	if !w.whole {
		w.allKeys()
		w.finish(&w.total)
		return
	}
	w.panels.begin(0, w.bound.S)
	w.eachTile(func(first, n int) {
		t := tile{first: first, n: n}
		w.see(&t)
		w.wholeTile(&t)
	})
	w.finishEmpty()
}

// finish writes the rows of a state that holds all keys: (O1/d1)(1 + d2/d1) − O2/d1.
func (w *worker) finish(s *state) {
	for i := range w.n {
		d := 1 / s.d1[i]
		if w.bound.Sink.Tensor != nil {
			d = w.addSink(s, i, i) / s.d1[i]
		}
		w.empty[i] = s.empty(i)
		w.early[i], w.late[i] = d, -d
		if w.branches == 2 {
			w.early[i] = d * (1 + s.d2[i]/s.d1[i])
		}
	}
	if w.branches == 2 && w.bound.Dv > 0 {
		w.kernels.Blend(w.n, w.bound.Dv, &s.o1[0], &s.o2[0], s.pitch, &w.early[0], &w.late[0])
		for i := range w.n {
			w.early[i] = 1
		}
	}
	w.write(s.o1, w.early, 0, w.n)
	w.finishEmpty()
}

// addSink lets the virtual key join the denominator of row i of a state, the
// block's row at place. It returns what the results so far are worth beside it.
func (w *worker) addSink(s *state, i, place int) float32 {
	g := &w.bound.Sink
	var buf [1]float32
	h, q := w.place(place)
	sink := w.sink.pick(buf[:], g.At(w.b, h, q), 1, 1)[0]
	if sink == negInf {
		return 1
	}
	top := max(s.m[i], sink)
	a := exp32(s.m[i] - top)
	s.m[i] = top
	s.d1[i] = float32(s.d1[i]*a) + exp32(sink-top)
	s.d2[i] *= a
	return a
}

// write writes n rows from first on of the block, times a factor each.
func (w *worker) write(o, factors []float32, first, n int) {
	dv := w.bound.Dv
	if dv == 0 {
		return
	}
	w.runs(first, n, func(i, n, h, q int) {
		at, k := w.o.At(w.b, h, q), i-first
		if f := w.out.f32; f != nil {
			w.kernels.ScaleRows(n, dv, &f[at], w.o.Row, &o[k*w.pitch], w.pitch, &factors[k])
			return
		}
		for range n {
			w.kernels.MulNumber(dv, &w.row[0], &o[k*w.pitch], factors[k])
			w.out.store(at, w.row[:dv])
			at, k = at+w.o.Row, k+1
		}
	})
}

// finishEmpty writes the rows that saw no key, unless they were filled.
func (w *worker) finishEmpty() {
	if w.filled {
		return
	}
	head, first := w.b*w.bound.KVHeads+w.kv, w.first
	n, empty := w.n, w.empty
	for i := range n {
		if !empty[i] {
			continue
		}
		w.load(head, first+i, 1, true)
		if w.bound.EmptyRow == attr.EmptyRowFilled {
			w.compute()
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

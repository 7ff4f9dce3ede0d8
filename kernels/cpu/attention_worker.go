package cpu

// worker computes blocks of rows, one after another.
type worker struct {
	*attend

	b, kv    int // the block's batch entry and key head
	first, n int // its rows among those of the key head
	filled   bool
	vectors  [2 * attendRows][]float32 // q, or q and r, of each row
	low      [attendRows]int           // the keys low ≤ j < high that a row sees by position
	high     [attendRows]int
	seen     [attendRows * tileKeys]bool // which keys of the tile a row's masks let it see

	total, part state

	// Scratch, carved out of one loan.
	memory      []float32
	totalPart   []float32
	partPart    []float32
	widened     []float32 // q and r, if they are of 16 bits
	scores      []float32 // of each vector, tileKeys; then what the values are weighed with
	keyPanel    []float32 // nr keys, laid out [D, nr]
	valuePanels []float32 // the tile's values: panels of nr columns, [tileKeys, nr]
	row         []float32 // a row of values or of the result
}

// newWorker lends a worker with scratch for t.
func newWorker(t *attend) *worker {
	w := t.ctx.idleWorker()
	w.attend = t
	d, dv := t.bound.D, t.bound.Dv
	sizes := [...]int{t.stateSize(), t.stateSize(), 2 * attendRows * d, 2 * attendRows * tileKeys, d * nr, tileKeys * (dv + nr), max(dv, tileKeys) + dv}
	total := 0
	for _, n := range sizes {
		total += n
	}
	w.memory = t.ctx.take(total)
	rest := w.memory
	for i, part := range [...]*[]float32{&w.totalPart, &w.partPart, &w.widened, &w.scores, &w.keyPanel, &w.valuePanels, &w.row} {
		*part, rest = rest[:sizes[i]:sizes[i]], rest[sizes[i]:]
	}
	return w
}

// end gives the worker back.
func (w *worker) end() {
	c := w.ctx
	c.put(w.memory)
	*w = worker{}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.workers = append(c.workers, w)
}

func (c *Ctx) idleWorker() *worker {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := len(c.workers) - 1
	if last < 0 {
		return &worker{}
	}
	w := c.workers[last]
	c.workers = c.workers[:last]
	return w
}

// begin takes up a block.
func (w *worker) begin(block int) {
	head := block / w.blocks
	first := block % w.blocks * attendRows
	w.load(head, first, min(attendRows, w.rows-first), false)
}

// load takes up n rows of a key head, numbered across the batch. Filled rows see
// every key.
func (w *worker) load(head, first, n int, filled bool) {
	w.b, w.kv = head/w.bound.KVHeads, head%w.bound.KVHeads
	w.first, w.n, w.filled = first, n, filled
	w.total = stateIn(w.totalPart, n, w.bound.Dv)
	w.part = stateIn(w.partPart, n, w.bound.Dv)
	for i := range n {
		h, q := w.place(i)
		w.low[i], w.high[i] = 0, w.bound.S
		if !filled {
			w.low[i], w.high[i] = w.bound.Keys(w.b, q)
		}
		d, at := w.bound.D, i*w.branches
		w.vectors[at] = w.q.load(w.widened[at*d:], w.bound.Q.At(w.b, h, q), d)
		if w.branches == 2 {
			at++
			w.vectors[at] = w.r.load(w.widened[at*d:], w.bound.R.At(w.b, h, q), d)
		}
	}
}

// place returns the query head and the query of row i.
func (w *worker) place(i int) (head, query int) {
	row := w.first + i
	return w.kv*w.bound.Group() + row/w.bound.T, row % w.bound.T
}

// allKeys sets total to the state after every key.
func (w *worker) allKeys() {
	w.total.reset()
	lo, hi := w.bound.S, 0
	for i := range w.n {
		if w.low[i] < w.high[i] {
			lo, hi = min(lo, w.low[i]), max(hi, w.high[i])
		}
	}
	for chunk := lo / chunkKeys * chunkKeys; chunk < hi; chunk += chunkKeys {
		w.part.reset()
		w.keys(&w.part, chunk, chunk+chunkKeys)
		w.total.merge(&w.part)
	}
}

// finish writes the rows of a state that holds all keys.
func (w *worker) finish(s *state) {
	var empty [attendRows]bool
	var any bool
	for i := range w.n {
		w.addSink(s, i)
		if empty[i] = s.m[i] == negInf; empty[i] {
			any = true
			continue
		}
		w.write(s, i)
	}
	if any {
		w.finishEmpty(empty)
	}
}

// addSink lets the virtual key join row i's denominator.
func (w *worker) addSink(s *state, i int) {
	g := &w.bound.Sink
	if g.Tensor == nil {
		return
	}
	var buf [1]float32
	h, q := w.place(i)
	sink := w.sink.pick(buf[:], g.At(w.b, h, q), 1, 1)[0]
	if sink == negInf {
		return
	}
	top := maxOr(s.m[i], sink)
	s.rescale(i, exp32(s.m[i]-top))
	s.d1[i] += exp32(sink - top)
	s.m[i] = top
}

func (w *worker) write(s *state, i int) {
	h, q := w.place(i)
	row := w.row[:w.bound.Dv]
	s.result(i, row)
	w.out.store(w.o.At(w.b, h, q), row)
}

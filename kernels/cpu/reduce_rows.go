package cpu

// reduceBlock is how many elements are folded in f32 before float64 goes on.
const reduceBlock = 1 << 12

// reduceRows folds the rows of the last axis. A part is a row, or a block of it; a
// result has the parts of all its rows.
func (c *Ctx) reduceRows(r *reduction) {
	n, _ := r.reduced.run()
	r.blocks = ceilDiv(n, reduceBlock)
	rows := r.kept.count * (r.reduced.count / n)
	count := rows * r.blocks
	task := reduceRowsTask{r}
	// A row of one block is a result, unless a result has more rows.
	direct := count == r.kept.count && r.z.f32 != nil
	if direct {
		r.parts = r.z.f32
	} else {
		r.parts = c.take(count)
	}
	cost := costRun + float64(min(n, reduceBlock))*r.cost()
	c.Pool.Do(count, c.cut(count, cost), task)
	if !direct {
		r.foldParts(r.parts)
		c.put(r.parts)
	} else {
		r.finish(r.parts)
	}
	r.parts = nil
}

// reduceRowsTask computes parts.
type reduceRowsTask struct{ *reduction }

// Do computes the parts lo ≤ i < hi.
func (t reduceRowsTask) Do(lo, hi int) {
	n, _ := t.reduced.run()
	perResult := t.reduced.count / n
	var scratch []float32
	if !t.inPlace() {
		scratch = t.ctx.take(reduceBlock)
		defer t.ctx.put(scratch)
	}
	contiguous := perResult == 1 && t.blocks == 1 // then kept is one axis, or none
	for i := lo; i < hi; {
		row, block := i/t.blocks, i%t.blocks
		at := t.kept.offset(row/perResult) + t.reduced.offset(row%perResult*n) + block*reduceBlock
		m, rows := min(reduceBlock, n-block*reduceBlock), 1
		switch {
		case contiguous && t.inPlace():
			rows = hi - i
		case contiguous:
			rows = min(hi-i, reduceBlock/m)
		}
		x := t.load(scratch, at, m*rows)
		t.each(rows, m, ptr(t.parts[i:][:rows]), grid(x, rows, m, m), m)
		i += rows
	}
}

// foldParts folds the parts of each result.
func (r *reduction) foldParts(parts []float32) {
	each := len(parts) / r.kept.count
	for i := range r.kept.count {
		folded := r.start
		for _, part := range parts[i*each:][:each] {
			folded = r.join(folded, part)
		}
		r.put(i, folded)
	}
}

package cpu

const (
	// reduceRowsBlock is how many rows are added up in f32.
	reduceRowsBlock = 256
	// reduceStrip is how many columns a task has: sums that stay in the first-level
	// cache.
	reduceStrip = 1 << 10
	// reduceNarrow is what rows are joined up to, if they are shorter and lie one
	// after the other: then a vector holds several.
	reduceNarrow = 64
)

// reduceColumns folds rows of the last axis with each other. Parts are [result row]
// [block of rows][column]; without more than one block they are the result.
func (c *Ctx) reduceColumns(r *reduction) {
	width := r.kept.sizes[r.kept.rank-1]
	r.blocks, r.strips = ceilDiv(r.reduced.count, reduceRowsBlock), ceilDiv(width, reduceStrip)
	direct := r.blocks == 1 && r.z.f32 != nil
	if direct {
		r.parts = r.z.f32
	} else {
		r.parts = c.take(r.kept.count * r.blocks)
	}
	tasks := r.kept.count / width * r.blocks * r.strips
	elements := min(width, reduceStrip) * min(r.reduced.count, reduceRowsBlock)
	c.Pool.Do(tasks, c.cut(tasks, costRun+float64(elements)*r.cost()), reduceColumnsTask{r})
	if !direct {
		r.foldColumns(width)
		c.put(r.parts)
	} else {
		r.finish(r.parts)
	}
	r.parts = nil
}

// foldColumns folds the parts of each result.
func (r *reduction) foldColumns(width int) {
	for i := range r.kept.count {
		folded := r.start
		at := i/width*r.blocks*width + i%width
		for b := range r.blocks {
			folded = r.join(folded, r.parts[at+b*width])
		}
		r.put(i, folded)
	}
}

// reduceColumnsTask computes strips of parts.
type reduceColumnsTask struct{ *reduction }

// Do computes the strips lo ≤ i < hi.
func (t reduceColumnsTask) Do(lo, hi int) {
	width := t.kept.sizes[t.kept.rank-1]
	scratch := t.ctx.take(reduceStrip)
	defer t.ctx.put(scratch)
	for i := lo; i < hi; i++ {
		column := i % t.strips * reduceStrip
		part := i / t.strips
		base := t.kept.offset(part/t.blocks*width) + column
		first := part % t.blocks * reduceRowsBlock
		last := min(first+reduceRowsBlock, t.reduced.count)
		z := t.parts[part*width+column:][:min(reduceStrip, width-column)]
		if rows, pitch := t.reduced.run(); t.inPlace() && pitch == width && rows == t.reduced.count && 2*width <= reduceNarrow {
			t.narrowRows(z, scratch, t.x.f32[base+first*width:][:(last-first)*width])
			continue
		}
		t.addRows(z, scratch, base, first, last)
	}
}

// addRows sets z to the fold of the rows first … last−1.
func (t reduceColumnsTask) addRows(z, scratch []float32, base, first, last int) {
	inner, pitch := t.reduced.run()
	z = z[:len(z):len(z)]
	copy(z, t.load(scratch, base+t.reduced.offset(first), len(z)))
	for r := first + 1; r < last; {
		at := base + t.reduced.offset(r)
		rows := min(last-r, inner-r%inner)
		r += rows
		for ; t.inPlace() && rows >= 4; rows -= 4 {
			t.four(len(z), ptr(z), grid(t.x.f32[at:], 4, len(z), pitch), pitch)
			at += 4 * pitch
		}
		for ; rows > 0; rows-- {
			t.one(len(z), ptr(z), ptr(t.load(scratch, at, len(z))))
			at += pitch
		}
	}
}

// narrowRows folds short rows that lie one after the other: as many as a wide row
// holds at a time, then these.
func (t reduceColumnsTask) narrowRows(z, scratch, x []float32) {
	width := len(z)
	wide := min(reduceNarrow/width*width, len(x))
	sums := scratch[:wide]
	copy(sums, x)
	x = x[wide:]
	for ; len(x) >= 4*wide; x = x[4*wide:] {
		t.four(wide, ptr(sums), ptr(x), wide)
	}
	for ; len(x) > 0; x = x[min(wide, len(x)):] {
		t.one(min(wide, len(x)), ptr(sums), ptr(x))
	}
	copy(z, sums)
	for i := width; i < wide; i += width {
		t.one(width, ptr(z), ptr(sums[i:]))
	}
}

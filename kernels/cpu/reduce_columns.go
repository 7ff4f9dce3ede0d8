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
	c.Pool.Do(tasks, c.cut(tasks, costRun+float64(elements)*(costSum+r.x.narrowCost())), reduceColumnsTask{r})
	if !direct {
		r.foldColumns(width)
		c.put(r.parts)
	} else if r.mean {
		vec.DivNumber(len(r.parts), ptr(r.parts), ptr(r.parts), float32(r.reduced.count))
	}
	r.parts = nil
}

// foldColumns folds the parts of each result.
func (r *reduction) foldColumns(width int) {
	var one [1]float32
	for i := range r.kept.count {
		sum := r.start()
		at := i/width*r.blocks*width + i%width
		for b := range r.blocks {
			sum = r.fold(sum, r.parts[at+b*width])
		}
		one[0] = r.finish(sum)
		r.z.store(i, one[:])
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
		if rows, pitch := t.reduced.run(); t.x.f32 != nil && pitch == width && rows == t.reduced.count && 2*width <= reduceNarrow {
			t.narrowRows(z, scratch, t.x.f32[base+first*width:][:(last-first)*width])
			continue
		}
		t.addRows(z, scratch, base, first, last)
	}
}

// addRows sets z to the fold of the rows first … last−1.
func (t reduceColumnsTask) addRows(z, scratch []float32, base, first, last int) {
	four, join := t.joins()
	inner, pitch := t.reduced.run()
	z = z[:len(z):len(z)]
	copy(z, t.x.load(scratch, base+t.reduced.offset(first), len(z)))
	for r := first + 1; r < last; {
		at := base + t.reduced.offset(r)
		rows := min(last-r, inner-r%inner)
		r += rows
		for ; t.x.f32 != nil && rows >= 4; rows -= 4 {
			four(len(z), ptr(z), grid(t.x.f32[at:], 4, len(z), pitch), pitch)
			at += 4 * pitch
		}
		for ; rows > 0; rows-- {
			join(len(z), ptr(z), ptr(t.x.load(scratch, at, len(z))))
			at += pitch
		}
	}
}

// joins are the folds of rows: of four, and of one.
func (t reduceColumnsTask) joins() (four func(n int, z, x *float32, ldx int), one func(n int, z, x *float32)) {
	if t.greatest {
		return vec.GreatestFour, vec.Greatest
	}
	return vec.AddFour, addRow
}

func addRow(n int, z, x *float32) { vec.Add(n, z, z, x) }

// narrowRows folds short rows that lie one after the other: as many as a wide row
// holds at a time, then these.
func (t reduceColumnsTask) narrowRows(z, scratch, x []float32) {
	four, join := t.joins()
	width := len(z)
	wide := min(reduceNarrow/width*width, len(x))
	sums := scratch[:wide]
	copy(sums, x)
	x = x[wide:]
	for ; len(x) >= 4*wide; x = x[4*wide:] {
		four(wide, ptr(sums), ptr(x), wide)
	}
	for ; len(x) > 0; x = x[min(wide, len(x)):] {
		join(min(wide, len(x)), ptr(sums), ptr(x))
	}
	copy(z, sums)
	for i := width; i < wide; i += width {
		join(width, ptr(z), ptr(sums[i:]))
	}
}

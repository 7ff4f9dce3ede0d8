package cpu

// panels holds what products read of a span of keys and values: keys transposed in
// panels of Columns, and values in panels of Columns of their elements. Units of
// Columns keys are packed when they are first asked for; a worker whose block is
// one tile asks once, and has room for what it asks for at a time.
type panels struct {
	keys, values []float32
	rows         []float32 // keys on their way, if they can't be read in place
	j0, n        int       // the span's keys

	keyOf, valueOf []int // the unit that a slot holds, from j0 on; −1: none
	finite         []bool
	sum            float32 // of a panel: here, since kernels are called by pointer
	spoiled        []spoiled
}

// spoiled is an element of a value that is not finite, taken out of its panel: it
// must reach the rows that see it, and no other. 0·NaN would.
type spoiled struct {
	key, column int
	x           float32
}

// slots returns how many units of keys and how many chunks of values a worker has
// room for.
func (p *plan) slots() (keys, chunks int) {
	if p.blockRows <= p.tileRows {
		if p.pairs != nil { // which multiply all of a chunk at once
			return chunkKeys / p.kernels.Columns, 1
		}
		return 1, 1
	}
	return p.span / p.kernels.Columns, p.span / chunkKeys
}

// open makes room for t's units.
func (p *panels) open(t *attend) {
	keys, chunks := t.slots()
	p.keyOf = grow(p.keyOf, keys)
	p.valueOf = grow(p.valueOf, chunks*chunkKeys/t.kernels.Columns)
	p.finite = grow(p.finite, len(p.valueOf))
	if t.bound.Dv < t.pitch && t.pairs == nil {
		clear(p.values) // what pads the last panel is not written
	}
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// begin takes up the span of n keys from j0 on.
func (p *panels) begin(j0, n int) {
	p.j0, p.n, p.spoiled = j0, n, p.spoiled[:0]
	for i := range p.keyOf {
		p.keyOf[i] = -1
	}
	for i := range p.valueOf {
		p.valueOf[i] = -1
	}
}

// operand returns which of the two holds key j (0: the past), its row there, and
// how many of n keys follow there.
func (w *worker) operand(j, n int) (which, row, here int) {
	if j < w.bound.Past {
		return 0, j, min(n, w.bound.Past-j)
	}
	return 1, j - w.bound.Past, n
}

// keysAt returns what holds key j and those after it: where its row begins, how
// far the rows are apart, and how many of n lie there.
func (w *worker) keysAt(j, n int) (f *floats, at, apart, here int) {
	which, row, here := w.operand(j, n)
	v := &w.bound.K
	if which == 0 {
		v = &w.bound.PastK
	}
	return &w.k[which], v.At(w.b, w.kv, row), v.Row, here
}

// valuesAt is keysAt for values.
func (w *worker) valuesAt(j, n int) (f *floats, at, apart, here int) {
	which, row, here := w.operand(j, n)
	v := &w.bound.V
	if which == 0 {
		v = &w.bound.PastV
	}
	return &w.v[which], v.At(w.b, w.kv, row), v.Row, here
}

// keyPanel returns the keys of a unit, [D][Columns]. Columns beyond the span's keys
// are undefined.
func (w *worker) keyPanel(unit int) *float32 {
	p, k := &w.panels, w.kernels
	panel := p.keys[unit%len(p.keyOf)*w.depth*k.Columns:]
	w.freshKeys(unit, func(column, j, n int) { w.packKeys(panel[column:], j, n) })
	return &panel[0]
}

// freshKeys calls pack for the columns of a unit of keys, up to Lanes at a time, unless
// its slot holds it: those from column on are n keys from j on.
func (w *worker) freshKeys(unit int, pack func(column, j, n int)) {
	p, k := &w.panels, w.kernels
	slot := unit % len(p.keyOf)
	if p.keyOf[slot] == unit {
		return
	}
	p.keyOf[slot] = unit
	for c := 0; c < k.Columns; c += k.Lanes {
		if n := min(k.Lanes, p.n-unit*k.Columns-c); n > 0 {
			pack(c, p.j0+unit*k.Columns+c, n)
		}
	}
}

// fetchesValues reports whether values are fetched while their keys are packed. One or two
// rows do without where processors bring what is read in a row better by themselves: on
// Zen 4, one query takes 0.8 to 0.9 of the time; four rows took 1.03.
func (p *plan) fetchesValues() bool { return 2*p.rows >= p.kernels.FetchFrom() }

// packKeys sets columns of a panel to n ≤ Lanes keys from j on. Their values are
// fetched meanwhile: they are packed next.
func (w *worker) packKeys(panel []float32, j, n int) {
	k, d := w.kernels, w.bound.D
	f, at, apart, here := w.keysAt(j, n)
	if f.f32 != nil && here == k.Lanes {
		next, from, stride, _ := w.valuesAt(j, n)
		if from < len(next.f32) && w.fetchesValues() {
			k.PanelStrip(d, &panel[0], &f.f32[at], apart, &next.f32[from], stride)
			return
		}
		k.PanelStrip(d, &panel[0], &f.f32[at], apart, &panel[0], 0)
		return
	}
	rows := w.panels.rows
	for i := 0; i < n; {
		f, at, apart, here := w.keysAt(j+i, n-i)
		for range here {
			f.gather(rows[i*d:], 1, at, 1, d)
			at, i = at+apart, i+1
		}
	}
	clear(rows[n*d:])
	k.PanelStrip(d, &panel[0], &rows[0], d, &panel[0], 0)
}

// valuePanels returns the values of the chunk that begins at key from of the span,
// of which the units with the keys from ≤ j < to are packed: panels [chunkKeys]
// [width].
func (w *worker) valuePanels(from, to int) []float32 {
	p, k := &w.panels, w.kernels
	values := p.values[w.chunkAt(from):]
	w.freshValues(from, to, func(unit int) { w.packValues(values, unit*k.Columns, min(k.Columns, p.n-unit*k.Columns)) })
	return values
}

// chunkAt is where the chunk that key from of the span is in begins among the values.
func (w *worker) chunkAt(from int) int {
	slots := len(w.panels.valueOf) * w.kernels.Columns / chunkKeys
	return from / chunkKeys % slots * w.pitch * chunkKeys
}

// freshValues calls pack for the units with the keys from ≤ j < to that no slot holds.
func (w *worker) freshValues(from, to int, pack func(unit int)) {
	p, columns := &w.panels, w.kernels.Columns
	for unit := from / columns; unit*columns < to; unit++ {
		if slot := unit % len(p.valueOf); p.valueOf[slot] != unit {
			p.valueOf[slot], p.finite[slot] = unit, false
			pack(unit)
		}
	}
}

// unchecked calls check for the units with the keys from ≤ j < to whose values may not
// be finite.
func (w *worker) unchecked(from, to int, check func(unit int)) {
	p, columns := &w.panels, w.kernels.Columns
	for unit := from / columns; unit*columns < to; unit++ {
		if slot := unit % len(p.valueOf); !p.finite[slot] {
			p.finite[slot] = true
			check(unit)
		}
	}
}

// packValues packs n values from key j of the span on.
func (w *worker) packValues(values []float32, j, n int) {
	for n > 0 {
		f, at, apart, here := w.valuesAt(w.panels.j0+j, n)
		for col := 0; col < w.bound.Dv; col += w.width(col) {
			width := w.width(col)
			to := values[col*chunkKeys+j%chunkKeys*width:]
			w.packPanel(to, width, f, at+col, apart, here, min(width, w.bound.Dv-col))
		}
		j, n = j+here, n-here
	}
}

// packPanel packs n rows of size elements into a panel.
func (w *worker) packPanel(panel []float32, width int, f *floats, at, apart, n, size int) {
	switch {
	case f.f32 == nil || size < width:
		for i := range n {
			f.gather(panel[i*width:], 1, at+i*apart, 1, size)
		}
	case width == w.kernels.Columns:
		w.kernels.Panel(n, &panel[0], &f.f32[at], apart)
	default:
		w.kernels.NarrowPanel(n, &panel[0], &f.f32[at], apart)
	}
}

// takeOut takes what is not finite out of the units with the keys from ≤ j < to of
// a chunk that is packed.
func (w *worker) takeOut(values []float32, from, to int) {
	p, k := &w.panels, w.kernels
	w.unchecked(from, to, func(unit int) {
		n := min(k.Columns, p.n-unit*k.Columns)
		for col := 0; col < w.bound.Dv; col += w.width(col) {
			width := w.width(col)
			panel := values[col*chunkKeys+unit*k.Columns%chunkKeys*width:][:n*width]
			if k.Sum(len(panel), &p.sum, &panel[0]); p.sum-p.sum != 0 {
				p.spoil(panel, unit*k.Columns, col, width)
			}
		}
	})
}

// spoil takes what is not finite out of a panel of keys from key on.
func (p *panels) spoil(panel []float32, key, col, columns int) {
	for i, x := range panel {
		if x-x != 0 {
			p.spoiled = append(p.spoiled, spoiled{key + i/columns, col + i%columns, x})
			panel[i] = 0
		}
	}
}

package fuseattn_test

import "fmt"

// keys writes the keys or values, those of a cache first if there is one.
func (w *writer) keys(name string, size int) string {
	rotate := func(v, rows string, n int) string {
		if name == "k" {
			return w.rotated(v, rows, n)
		}
		return v
	}
	if w.past == 0 {
		return rotate(w.operand(name, w.kv, "s", w.s, size), "s", w.s)
	}
	past := w.operand("past_"+name, w.kv, "past", w.past, size)
	now := rotate(w.operand("new_"+name, w.kv, "new", w.s-w.past, size), "new", w.s-w.past)
	w.emit("%%%s = Concat(%s, %s) {axis=2}", w.keysName(name), past, now)
	return "%" + w.keysName(name)
}

// keysName is the value that the number of keys is read off.
func (w *writer) keysName(name string) string {
	if w.past > 0 {
		return "all_" + name
	}
	return name
}

// rotated writes a rotary embedding of the halves.
func (w *writer) rotated(v, rows string, n int) string {
	if !w.rotary {
		return v
	}
	half := w.d / 2
	angles := "angles_" + rows
	w.emit("input %%%s%d : %s[%s,%d]", angles, w.count, w.element, w.dim(rows, n), half)
	both := w.node("Concat(%%%s%d, %%%s%d) {axis=1}", angles, w.count, angles, w.count)
	first := w.node("Slice(%s, i64 = [0], i64 = [%d], i64 = [3])", v, half)
	second := w.node("Slice(%s, i64 = [%d], i64 = [9223372036854775807], i64 = [3])", v, half)
	turned := w.node("Concat(%s, %s) {axis=3}", w.node("Neg(%s)", second), first)
	return w.node("Add(%s, %s)", w.node("Mul(%s, %s)", v, w.node("Cos(%s)", both)), w.node("Mul(%s, %s)", turned, w.node("Sin(%s)", both)))
}

// positions writes a mask of the positions alone: causal from either corner, a
// window, or keys up to a length.
func (w *writer) positions(four bool) string {
	rows, keys := w.indices("%q", "t", w.t), w.indices("%"+w.keysName("k"), "s", w.s)
	rows = w.node("Unsqueeze(%s, i64 = [1])", rows)
	shift := fmt.Sprintf("i64 = %d", w.s-w.t)
	if w.symbolic {
		shift = w.node("Sub(%s, %s)", w.size("%"+w.keysName("k"), "s"), w.size("%q", "t"))
	}
	switch w.rng.IntN(4) {
	case 0:
		return w.node("LessOrEqual(%s, %s)", keys, rows)
	case 1:
		return w.node("LessOrEqual(%s, %s)", keys, w.node("Add(%s, %s)", rows, shift))
	case 2:
		at := w.node("Add(%s, %s)", rows, shift)
		return w.node("And(%s, %s)", w.node("LessOrEqual(%s, %s)", keys, at), w.node("Greater(%s, %s)", keys, w.node("Sub(%s, i64 = 2)", at)))
	}
	if !four {
		return w.node("Less(%s, i64 = 2)", keys)
	}
	w.emit("input %%lengths : i64[%s,1,1,1]", w.dim("b", w.b))
	return w.node("Less(%s, %%lengths)", keys)
}

// indices writes 0, 1, … as many as v has rows.
func (w *writer) indices(v, name string, n int) string {
	if !w.symbolic {
		return w.node("Range(i64 = 0, i64 = %d, i64 = 1)", n)
	}
	return w.node("Range(i64 = 0, %s, i64 = 1)", w.size(v, name))
}

// size writes the number of rows of v.
func (w *writer) size(v, name string) string {
	axis := 2
	if w.packed {
		axis = 1
	}
	return w.node("Squeeze(%s)", w.node("Shape(%s) {start=%d, end=%d}", v, axis, axis+1))
}

// joined puts p and p·t above each other for one product with v.
func (w *writer) joined(p, kt, v, r string) string {
	pt := w.node("Mul(%s, %s)", p, w.node("MatMul(%s, %s)", r, kt))
	axis := 2
	if w.folded {
		axis = 1
	}
	both := w.node("MatMul(%s, %s)", w.node("Concat(%s, %s) {axis=%d}", p, pt, axis), v)
	o, ot := w.node("Slice(%s, i64 = [0], i64 = [%d], i64 = [%d])", both, w.t, axis), w.node("Slice(%s, i64 = [%d], i64 = [9223372036854775807], i64 = [%d])", both, w.t, axis)
	if w.symbolic {
		rows := w.node("Shape(%s) {start=%d, end=%d}", p, axis, axis+1)
		o, ot = w.node("Slice(%s, i64 = [0], %s, i64 = [%d])", both, rows, axis), w.node("Slice(%s, %s, i64 = [9223372036854775807], i64 = [%d])", both, rows, axis)
	}
	plus := w.node("Add(%s, %s)", w.number(1), w.node("ReduceSum(%s, i64 = [-1])", pt))
	return w.node("Sub(%s, %s)", w.node("Mul(%s, %s)", o, plus), ot)
}

// ones adds a column of ones to v, which gives t̄ with Σ p t v.
func (w *writer) ones(p, kt, v, r string) string {
	pt := w.node("Mul(%s, %s)", p, w.node("MatMul(%s, %s)", r, kt))
	column := w.node("Slice(%s, i64 = [0], i64 = [1], i64 = [-1])", v)
	filled := w.node("Expand(%s, %s)", w.number(1), w.node("Shape(%s)", column))
	both := w.node("MatMul(%s, %s)", pt, w.node("Concat(%s, %s) {axis=-1}", v, filled))
	ot, mean := w.node("Slice(%s, i64 = [0], i64 = [-1], i64 = [-1])", both), w.node("Slice(%s, i64 = [-1], i64 = [9223372036854775807], i64 = [-1])", both)
	plus := w.node("Add(%s, %s)", mean, w.number(1))
	return w.node("Sub(%s, %s)", w.node("Mul(%s, %s)", w.node("MatMul(%s, %s)", p, v), plus), ot)
}

// centred takes the mean off the keys, feature by feature.
func (w *writer) centred(p, k, v, r string) string {
	rows := 2
	if w.folded {
		rows = 1
	}
	mean := w.node("Unsqueeze(%s, i64 = [%d])", w.node("MatMul(%s, %s)", p, k), rows+1)
	centred := w.node("Sub(%s, %s)", w.node("Unsqueeze(%s, i64 = [%d])", k, rows), mean)
	terms := w.node("Mul(%s, %s)", centred, w.node("Unsqueeze(%s, i64 = [%d])", r, rows+1))
	t := w.node("ReduceSum(%s, i64 = [-1]) {keepdims=false}", terms)
	o := w.node("MatMul(%s, %s)", p, v)
	return w.node("Sub(%s, %s)", o, w.node("MatMul(%s, %s)", w.node("Mul(%s, %s)", p, t), v))
}

package readmasks

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
)

// maxTable bounds the constants whose elements are looked at.
const maxTable = 1 << 22

// table reads a constant: an element that is known, that doesn't depend on some
// of its indices, or that depends on the difference of two alone, as in a
// triangle or a band.
func (r *reader) table(v *ir.Value, at []*expr) *expr {
	t := v.Const
	if !simple(t.DType) || t.Len() == 0 || t.Len() > maxTable {
		return nil
	}
	at = slices.Clone(at)
	for a := range at {
		if at[a].vars != none && sameAlong(t, a) {
			at[a] = r.int(0)
		}
	}
	fixed, open, ok := r.places(t, at)
	switch {
	case !ok:
		return nil
	case len(open) == 0:
		return r.element(t, fixed)
	case len(open) >= 2:
		if e := r.toeplitz(v, at, fixed, open); e != nil {
			return e
		}
	}
	return r.load(v, at)
}

// places tells the indices that are known from those that depend on the scores'.
func (r *reader) places(t *tensor.Tensor, at []*expr) (fixed, open []int, ok bool) {
	fixed = make([]int, len(at))
	for a, e := range at {
		if e.vars != none {
			open = append(open, a)
			continue
		}
		c, known := e.constant()
		i, inside := constIn(c, known, t.Shape[a])
		if !inside {
			return nil, nil, false
		}
		fixed[a] = int(i)
	}
	return fixed, open, true
}

// element makes one element a constant.
func (r *reader) element(t *tensor.Tensor, at []int) *expr {
	return r.number(elements(t, []int{flat(t.Shape, at)}, nil))
}

// elements makes a tensor of the elements at the given places.
func elements(t *tensor.Tensor, at []int, shape []int) *tensor.Tensor {
	out := tensor.New(t.DType, shape...)
	for i, from := range at {
		if t.DType.IsFloat() {
			out.SetFloat(i, t.FloatAt(from))
		} else {
			out.SetInt(i, t.IntAt(from))
		}
	}
	return out
}

func flat(shape, at []int) int {
	i := 0
	for a, n := range shape {
		i = i*n + at[a]
	}
	return i
}

// alike returns a function that compares two elements of t, bit by bit.
func alike(t *tensor.Tensor) func(i, j int) bool {
	data, size := t.Bytes(), t.DType.Bytes(1)
	switch {
	case t.DType.Bits() < 8:
		return func(i, j int) bool { return t.IntAt(i) == t.IntAt(j) }
	case size == 1:
		return func(i, j int) bool { return data[i] == data[j] }
	}
	return func(i, j int) bool { return string(data[i*size:][:size]) == string(data[j*size:][:size]) }
}

// stride is the distance of neighbours along an axis.
func stride(shape []int, axis int) int {
	n := 1
	for _, d := range shape[axis+1:] {
		n *= d
	}
	return n
}

// sameAlong reports whether the elements of t don't depend on the index of an axis.
func sameAlong(t *tensor.Tensor, axis int) bool {
	step, same := stride(t.Shape, axis), alike(t)
	for i := range t.Len() {
		if i/step%t.Shape[axis] > 0 && !same(i, i-step) {
			return false
		}
	}
	return true
}

// maxRuns bounds the intervals of differences that are written as conditions: a
// band has three.
const maxRuns = 4

// toeplitz reads a table whose elements depend on the difference of its last two
// open indices.
func (r *reader) toeplitz(v *ir.Value, at []*expr, fixed, open []int) *expr {
	t := v.Const
	row, col := open[len(open)-2], open[len(open)-1]
	if at[row].kind != affine || at[col].kind != affine || !constantDiagonals(t, row, col) {
		return nil
	}
	d := at[col].line.sub(at[row].line)
	if len(open) == 2 {
		if e := r.runs(t, fixed, row, col, d); e != nil {
			return e
		}
	}
	sub := moved(at, col, r.affine(d.shift(int64(t.Shape[row]-1)), tensor.Int64))
	return r.load(r.diagonals(v, row, col), slices.Delete(sub, row, row+1))
}

// constantDiagonals reports whether the elements of t depend on the difference of
// two indices, and not on each.
func constantDiagonals(t *tensor.Tensor, row, col int) bool {
	down, right, same := stride(t.Shape, row), stride(t.Shape, col), alike(t)
	for i := range t.Len() {
		if i/down%t.Shape[row] > 0 && i/right%t.Shape[col] > 0 && !same(i, i-down-right) {
			return false
		}
	}
	return true
}

// runs writes a table of few values, by difference, as conditions on that.
func (r *reader) runs(t *tensor.Tensor, fixed []int, row, col int, d line) *expr {
	places, same := diagonal(t.Shape, fixed, row, col), alike(t)
	var starts []int
	for i := range places {
		if i == 0 || !same(places[i], places[i-1]) {
			starts = append(starts, i)
		}
	}
	if len(starts) > maxRuns {
		return nil
	}
	e := r.number(elements(t, places[starts[0]:starts[0]+1], nil))
	for _, i := range starts[1:] {
		x := r.number(elements(t, places[i:i+1], nil))
		from := int64(i - (t.Shape[row] - 1)) // the least difference of the run
		e = r.chosen(r.least(d.shift(-from)), x, e)
	}
	return e
}

// diagonal returns where the elements are, by difference of column and row: along
// the first column upwards, then along the first row.
func diagonal(shape, fixed []int, row, col int) []int {
	at := slices.Clone(fixed)
	places := make([]int, 0, shape[row]+shape[col]-1)
	for at[row], at[col] = shape[row]-1, 0; at[row] > 0; at[row]-- {
		places = append(places, flat(shape, at))
	}
	for ; at[col] < shape[col]; at[col]++ {
		places = append(places, flat(shape, at))
	}
	return places
}

// diagonals makes the table of v's elements by difference: without the axis of
// rows, the columns counted from the last row's first element.
func (r *reader) diagonals(v *ir.Value, row, col int) *ir.Value {
	k := diagonalsOf{v.Const, row, col}
	if d := r.made[k]; d != nil {
		return d
	}
	t := v.Const
	shape := slices.Clone(t.Shape)
	shape[row], shape[col] = 1, t.Shape[row]+t.Shape[col]-1
	out := tensor.New(t.DType, shape...)
	at := make([]int, len(shape))
	from := make([]int, 0, out.Len())
	for i := range out.Len() {
		rest := i
		for a := len(shape) - 1; a >= 0; a-- {
			at[a], rest = rest%shape[a], rest/shape[a]
		}
		k := at[col] - (t.Shape[row] - 1)
		at[row], at[col] = max(-k, 0), max(k, 0)
		from = append(from, flat(t.Shape, at))
	}
	out = elements(t, from, shape)
	r.made[k] = r.graph.NewConst("", out.Reshaped(slices.Delete(shape, row, row+1)...))
	return r.made[k]
}

// diagonalsOf names a table by difference.
type diagonalsOf struct {
	t        *tensor.Tensor
	row, col int
}

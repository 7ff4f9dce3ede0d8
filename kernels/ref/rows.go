package ref

// rows walks operands that are broadcast to one shape, one contiguous run of
// the result at a time. In a run each operand either advances with the result
// or stands still.
type rows struct {
	outer   []int   // sizes of the axes outside a run
	n       int     // length of a run
	strides [][]int // of each operand, along the outer axes
	steps   []int   // of each operand within a run: 0 or 1
}

// chunk is the longest piece of a run that is handed out at once, so that an
// operand that stands still is repeated into a small buffer.
const chunk = 2048

// newRows plans the walk over a result of the given shape, which the operands'
// shapes broadcast to.
func newRows(shape []int, operands ...[]int) *rows {
	r := &rows{n: 1, strides: make([][]int, len(operands)), steps: make([]int, len(operands))}
	sizes, strides := mergeAxes(shape, operands)
	last := len(sizes) - 1
	if last < 0 {
		return r
	}
	r.outer, r.n = sizes[:last], sizes[last]
	for i := range operands {
		r.strides[i], r.steps[i] = strides[i][:last], strides[i][last]
	}
	return r
}

// mergeAxes drops axes of size 1 and joins neighbours that every operand walks
// through as one.
func mergeAxes(shape []int, operands [][]int) (sizes []int, strides [][]int) {
	all := make([][]int, len(operands))
	for i, s := range operands {
		all[i] = broadcastStrides(s, shape)
	}
	strides = make([][]int, len(operands))
	for axis, size := range shape {
		if size == 1 {
			continue
		}
		if last := len(sizes) - 1; last >= 0 && joins(strides, all, axis, size) {
			sizes[last] *= size
			for i := range strides {
				strides[i][last] = all[i][axis]
			}
			continue
		}
		sizes = append(sizes, size)
		for i := range strides {
			strides[i] = append(strides[i], all[i][axis])
		}
	}
	return sizes, strides
}

func joins(strides, all [][]int, axis, size int) bool {
	for i, s := range strides {
		if s[len(s)-1] != all[i][axis]*size {
			return false
		}
	}
	return true
}

// broadcastStrides returns the strides with which an operand of shape s is read
// along the axes of shape to: 0 where it is repeated.
func broadcastStrides(s, to []int) []int {
	strides := make([]int, len(to))
	own := stridesOf(s)
	for i, size := range s {
		if size != 1 {
			strides[len(to)-len(s)+i] = own[i]
		}
	}
	return strides
}

// each calls f for every run, in pieces of at most chunk elements: at is the
// place in the result, from those in the operands.
func (r *rows) each(f func(at, n int, from []int)) {
	if r.n == 0 {
		return
	}
	from := make([]int, len(r.steps))
	at := 0
	walk(r.outer, r.strides, func(base []int) {
		for done := 0; done < r.n; done += chunk {
			for i := range from {
				from[i] = base[i] + r.steps[i]*done
			}
			n := min(chunk, r.n-done)
			f(at, n, from)
			at += n
		}
	})
}

// walk calls f for every index tuple of shape in row-major order with the
// offsets that the strides of each operand give.
func walk(shape []int, strides [][]int, f func(offsets []int)) {
	for _, size := range shape {
		if size == 0 {
			return
		}
	}
	index, offsets := make([]int, len(shape)), make([]int, len(strides))
	for {
		f(offsets)
		axis := len(shape) - 1
		for ; axis >= 0; axis-- {
			index[axis]++
			for i := range offsets {
				offsets[i] += strides[i][axis]
			}
			if index[axis] < shape[axis] {
				break
			}
			for i := range offsets {
				offsets[i] -= strides[i][axis] * shape[axis]
			}
			index[axis] = 0
		}
		if axis < 0 {
			return
		}
	}
}

// run reads one operand of a walk.
type run[T any] struct {
	data   []T
	repeat []T // buffer of an operand that stands still
}

func newRun[T any](r *rows, i int, data []T) run[T] {
	if r.steps[i] != 0 || r.n == 1 {
		return run[T]{data: data}
	}
	return run[T]{data: data, repeat: make([]T, min(r.n, chunk))}
}

func (r run[T]) at(from, n int) []T {
	if r.repeat == nil {
		return r.data[from : from+n]
	}
	for i := range r.repeat {
		r.repeat[i] = r.data[from]
	}
	return r.repeat[:n]
}

// zip calls f for every run of z with those of two operands.
func zip[Z, X, Y any](r *rows, z []Z, x []X, y []Y, f func(z []Z, x []X, y []Y)) {
	rx, ry := newRun(r, 0, x), newRun(r, 1, y)
	r.each(func(at, n int, from []int) {
		f(z[at:at+n], rx.at(from[0], n), ry.at(from[1], n))
	})
}

package cpu

// axes are some axes of an operand, neighbours merged.
type axes struct {
	rank    int
	count   int // of elements
	sizes   [maxRank]int
	strides [maxRank]int
}

// add appends an axis that lies inside those before.
func (a *axes) add(n, stride int) {
	a.count *= n
	if n == 1 {
		return
	}
	if last := a.rank - 1; last >= 0 && a.strides[last] == n*stride {
		a.sizes[last] *= n
		a.strides[last] = stride
		return
	}
	a.sizes[a.rank], a.strides[a.rank] = n, stride
	a.rank++
}

// offset is where element i is.
func (a *axes) offset(i int) int {
	at := 0
	for axis := a.rank - 1; axis >= 0 && i > 0; axis-- {
		at += i % a.sizes[axis] * a.strides[axis]
		i /= a.sizes[axis]
	}
	return at
}

// run is the innermost axis.
func (a *axes) run() (n, stride int) {
	if a.rank == 0 {
		return 1, 0
	}
	return a.sizes[a.rank-1], a.strides[a.rank-1]
}

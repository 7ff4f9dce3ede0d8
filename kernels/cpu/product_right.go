package cpu

import (
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// rightOperand is a right operand [k, n]: packed by PackB, or a matrix of which panels are
// copied when they are needed.
type rightOperand struct {
	packed []float32
	k, n   int
	matrix matrix
}

// packedOperand is what PackB left in t.
func packedOperand(t *tensor.Tensor) rightOperand {
	return rightOperand{packed: tensor.Data[float32](t), n: t.Shape[0], k: t.Shape[1]}
}

func (r *rightOperand) isPacked() bool { return r.packed != nil }

// inRows reports whether the rows of a matrix are contiguous.
func (r *rightOperand) inRows() bool { return !r.isPacked() && r.matrix.inPlace() }

// ready reports whether the panels of some columns need no scratch.
func (r *rightOperand) ready(j0, j1 int) bool {
	return r.isPacked() && (j1-j0)%simd.Active.Columns == 0
}

// panel returns kc rows from k0 on of the panel at column j, padded to its full
// width; offset is added to where a matrix begins.
func (r *rightOperand) panel(scratch []float32, offset, j, k0, kc int) []float32 {
	columns := simd.Active.Columns
	width := min(columns, r.n-j)
	if !r.isPacked() {
		m := r.matrix
		m.offset += offset + k0*m.row
		m.columns(scratch, j, width, kc, columns)
		return scratch
	}
	panel := r.packed[j*r.k+k0*width:][:kc*width]
	if width == columns {
		return panel
	}
	for p := range kc {
		copy(scratch[p*columns:], panel[p*width:][:width])
	}
	return scratch
}

// ahead is what a task needs after a panel: the memory, and where in it.
func (r *rightOperand) ahead(panel []float32, t task, j, k0, partial int) (memory []float32, from int) {
	if !r.isPacked() {
		return panel, 0
	}
	columns := simd.Active.Columns
	switch {
	case j+columns < t.j1:
		return r.packed, (j+columns)*r.k + k0*columns
	case k0+partial < r.k:
		return r.packed, t.j0*r.k + (k0+partial)*columns
	}
	return r.packed, t.j1 * r.k
}

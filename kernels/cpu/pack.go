package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
)

// PackB packs the right operand [K, N] of a product: panels of nr columns, each
// laid out [K, columns], one after another; the last is narrower if nr doesn't
// divide N. The packed tensor is f32 of shape [N, K].
func PackB(packed, w *tensor.Tensor) error { return pack("PackB", packed, w, false) }

// PackBT is [PackB] for an operand given transposed, [N, K].
func PackBT(packed, w *tensor.Tensor) error { return pack("PackBT", packed, w, true) }

func pack(name string, packed, w *tensor.Tensor, transposed bool) error {
	if w.Rank() != 2 || !isFloat(w.DType) {
		return fmt.Errorf("%s: the weight is %s, want f32, f16 or bf16 of rank 2", name, w)
	}
	b, k, n := oriented(w, transposed)
	b.pack(packed, k, n)
	return nil
}

// PackColumns returns [PackB] of the columns from … to of a weight alone.
func PackColumns(from, to int) func(packed, w *tensor.Tensor) error {
	return func(packed, w *tensor.Tensor) error {
		if w.Rank() != 2 || !isFloat(w.DType) || from < 0 || from > to || to > w.Shape[1] {
			return fmt.Errorf("PackColumns: columns %d to %d of the weight %s, want f32, f16 or bf16 of rank 2", from, to, w)
		}
		b, k, _ := oriented(w, false)
		b.offset = from
		b.pack(packed, k, to-from)
		return nil
	}
}

// pack lays out [k, n] of b in panels.
func (m matrix) pack(packed *tensor.Tensor, k, n int) {
	packed.Reset(tensor.Float32, n, k)
	out := tensor.Data[float32](packed)
	for j := 0; j < n; j += nr {
		width := min(nr, n-j)
		m.columns(out[j*k:][:k*width], j, width, k, width)
	}
}

// matrix is a float operand of a product: element (i, j) at offset + i·row + j·col.
type matrix struct {
	data     floats
	offset   int
	row, col int
}

func (m matrix) transposed() matrix {
	m.row, m.col = m.col, m.row
	return m
}

// columns copies the columns j … j+width of k rows to dst, laid out [k, pitch].
func (m matrix) columns(dst []float32, j, width, k, pitch int) {
	if k == 0 {
		return
	}
	at := m.offset + j*m.col
	if f := m.data.f32; f != nil && m.col == 1 && width == nr && pitch == nr {
		for p := range k {
			*(*[nr]float32)(dst[p*nr:]) = [nr]float32(f[at+p*m.row:])
		}
		return
	}
	for i := range width {
		m.data.gather(dst[i:], pitch, at+i*m.col, m.row, k)
	}
}

// rows returns n rows of k elements from row i on, and their pitch: in place if
// they are contiguous f32, else copied to scratch.
func (m matrix) rows(scratch []float32, i, n, k int) (rows []float32, pitch int) {
	at := m.offset + i*m.row
	if m.data.f32 != nil && m.col == 1 {
		return m.data.f32[at:], m.row
	}
	for r := range n {
		m.data.gather(scratch[r*k:], 1, at+r*m.row, m.col, k)
	}
	return scratch, k
}

// inPlace reports whether rows needs no scratch.
func (m matrix) inPlace() bool { return m.data.f32 != nil && m.col == 1 }

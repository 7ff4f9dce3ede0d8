package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
	"github.com/parallax-go/parallax/kernels/par"
)

// PackB packs the right operand [K, N] of a product: panels of as many columns as
// a tile of the instruction level has, each laid out [K, columns], one after
// another; the last may be narrower. The packed tensor is f32 of shape [N, K].
func PackB(pool *par.Pool, packed, w *tensor.Tensor) error {
	return pack("PackB", pool, packed, w, false)
}

// PackBT is [PackB] for an operand given transposed, [N, K].
func PackBT(pool *par.Pool, packed, w *tensor.Tensor) error {
	return pack("PackBT", pool, packed, w, true)
}

func pack(name string, pool *par.Pool, packed, w *tensor.Tensor, transposed bool) error {
	if w.Rank() != 2 || !isFloat(w.DType) {
		return fmt.Errorf("%s: the weight is %s, want f32, f16 or bf16 of rank 2", name, w)
	}
	b, k, n := oriented(w, transposed)
	packed.Reset(tensor.Float32, n, k)
	out := tensor.Data[float32](packed)
	columns := simd.Active.Columns
	pool.Run(panels(n), chunk(columns*k), func(lo, hi int) {
		for j := lo * columns; j < min(hi*columns, n); j += columns {
			width := min(columns, n-j)
			b.columns(out[j*k:][:k*width], j, width, k, width)
		}
	})
	return nil
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
	if f := m.data.f32; f != nil && m.col == 1 {
		for p := range k {
			copy(dst[p*pitch:][:width], f[at+p*m.row:])
		}
		return
	}
	for i := range width {
		m.data.gather(dst[i:], pitch, at+i*m.col, m.row, k)
	}
}

// inPlace reports whether the rows are contiguous f32.
func (m matrix) inPlace() bool { return m.data.f32 != nil && m.col == 1 }

package cpu

import (
	"fmt"
	"unsafe"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
	"github.com/parallax-go/parallax/kernels/par"
)

// PackBytes packs the right operand [K, N], of i8 or u8, of a product of integers. The
// packed tensor is of that type, which says from where its bytes are counted, and of a
// shape [N, …] that only [Linear] and [MatMulIntegerPacked] read: panels as the instruction
// level's [simd.Integers] take them, [K/4, columns, 4] bytes or [K/2, columns, 2] numbers of
// 16 bits, K filled up with zeros to whole lines. Behind the panels are the sums of the
// columns.
func PackBytes(pool *par.Pool, packed, w *tensor.Tensor) error {
	return packBytes("PackBytes", pool, packed, w, false)
}

// PackBytesT is [PackBytes] for an operand given transposed, [N, K].
func PackBytesT(pool *par.Pool, packed, w *tensor.Tensor) error {
	return packBytes("PackBytesT", pool, packed, w, true)
}

// PackBytesColumns returns [PackBytes] of the columns from … to of a weight alone.
func PackBytesColumns(from, to int) func(pool *par.Pool, packed, w *tensor.Tensor) error {
	return func(pool *par.Pool, packed, w *tensor.Tensor) error {
		if w.Rank() != 2 || !isByte(w.DType) || from < 0 || from > to || to > w.Shape[1] {
			return fmt.Errorf("PackBytesColumns: columns %d to %d of the weight %s, want i8 or u8 of rank 2", from, to, w)
		}
		b := byteMatrix{data: w.Bytes()[min(from, w.Len()):], k: w.Shape[0], n: to - from, row: w.Shape[1], col: 1}
		b.pack(pool, packed, w.DType)
		return nil
	}
}

func packBytes(name string, pool *par.Pool, packed, w *tensor.Tensor, transposed bool) error {
	if w.Rank() != 2 || !isByte(w.DType) {
		return fmt.Errorf("%s: the weight is %s, want i8 or u8 of rank 2", name, w)
	}
	b := byteMatrix{data: w.Bytes(), k: w.Shape[0], n: w.Shape[1], row: w.Shape[1], col: 1}
	if transposed {
		b.k, b.n, b.row, b.col = w.Shape[1], w.Shape[0], 1, w.Shape[1]
	}
	b.pack(pool, packed, w.DType)
	return nil
}

func isByte(d tensor.DType) bool { return d == tensor.Int8 || d == tensor.Uint8 }

// byteMatrix is [k, n]: element (p, j) at p·row + j·col.
type byteMatrix struct {
	data     []byte
	k, n     int
	row, col int
	flip     byte // to make it one that has a sign
}

// bytesOfLine are those of a line of the cache: k is filled up to whole lines.
const bytesOfLine = 2 * simd.PairStep

// middleOf is 128 for u8, whose bytes are counted from the middle once they are packed.
func middleOf(d tensor.DType) int32 {
	if d == tensor.Uint8 {
		return 128
	}
	return 0
}

// packedColumn is how many bytes a packed column has of k rows, without its sum.
func packedColumn(k int) int { return roundUp(k*simd.Active.Integers().Bytes, bytesOfLine) }

// pack lays m out.
func (m byteMatrix) pack(pool *par.Pool, packed *tensor.Tensor, d tensor.DType) {
	m.flip = byte(middleOf(d))
	column := packedColumn(m.k)
	packed.Reset(d, m.n, column+4)
	data := packed.Bytes()
	panels, sums := data[:m.n*column], viewAs[int32](data[m.n*column:])
	wide := simd.Active.Integers().Bytes == 2
	eachPanel(pool, m.k, m.n, func(_ panelRoom, j, width int) {
		m.sum(sums[j:][:width], j)
		if panel := panels[j*column:][:width*column]; wide {
			interleave(&m, viewAs[int16](panel), j, width)
		} else {
			interleave(&m, viewAs[int8](panel), j, width)
		}
	})
}

// at is an element, with its sign.
func (m *byteMatrix) at(p, j int) int8 { return int8(m.data[p*m.row+j*m.col] ^ m.flip) }

// sum sets sums to those of columns from j on.
func (m *byteMatrix) sum(sums []int32, j int) {
	clear(sums)
	for p := range m.k {
		for i := range sums {
			sums[i] += int32(m.at(p, j+i))
		}
	}
}

// interleave lays a panel out: as many rows as numbers make four bytes lie side by side.
func interleave[T int8 | int16](m *byteMatrix, panel []T, j, width int) {
	group := 4 / int(unsafe.Sizeof(panel[0]))
	clear(panel)
	for p := range m.k {
		row := panel[p/group*group*width+p%group:]
		for i := range width {
			row[group*i] = T(m.at(p, j+i))
		}
	}
}

// byteRight is what a right operand of bytes has beside its panels: one number for each
// column.
type byteRight struct {
	sums []int32
	zero []int32   // zero points, counted as the bytes are; nil: 0
	step []float32 // nil: the results stay integers
}

// isPackedBytes reports whether t may be a weight of k rows that PackBytes has packed.
func isPackedBytes(t *tensor.Tensor, k int) bool {
	return t != nil && isByte(t.DType) && t.Rank() == 2 && t.Shape[1] == packedColumn(k)+4
}

// packedBytes is what PackBytes left in t, of k rows, as an operand of a product.
func packedBytes(t *tensor.Tensor, k int) rightOperand {
	data, n, column := t.Bytes(), t.Shape[0], packedColumn(k)
	return rightOperand{
		packed: floats{brain: viewAs[tensor.Brain](data[:n*column])}, pairs: pairedBytes, n: n, k: column / 2,
		bytes: byteRight{sums: viewAs[int32](data[n*column:])},
	}
}

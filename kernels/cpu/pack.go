package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
	"github.com/parallax-go/parallax/kernels/par"
)

// PackB packs the right operand [K, N] of a product: panels of as many columns as
// a tile of the instruction level has, each laid out [K, columns], one after
// another; the last may be narrower. The packed tensor is of shape [N, K] and of the
// weight's type, or of one of 16 bits, which a product widens when it reads them, if
// all elements are numbers of that. Of bf16 it may hold pairs, as those of [PackBrain],
// and be of shape [N, K/32, 16, 2]: a product then still takes the left operand as it is.
func PackB(pool *par.Pool, packed, w *tensor.Tensor) error {
	return pack("PackB", pool, packed, w, false)
}

// PackBT is [PackB] for an operand given transposed, [N, K].
func PackBT(pool *par.Pool, packed, w *tensor.Tensor) error {
	return pack("PackBT", pool, packed, w, true)
}

func pack(name string, pool *par.Pool, packed, w *tensor.Tensor, transposed bool) error {
	w, err := asFloats(name, w)
	if err != nil {
		return err
	}
	b, k, n := oriented(w, transposed)
	b.pack(pool, packed, w.DType, k, n)
	return nil
}

// PackColumns returns [PackB] of the columns from … to of a weight alone.
func PackColumns(from, to int) func(pool *par.Pool, packed, w *tensor.Tensor) error {
	return func(pool *par.Pool, packed, w *tensor.Tensor) error {
		b, d, k, err := columnsOf("PackColumns", w, from, to)
		if err == nil {
			b.pack(pool, packed, d, k, to-from)
		}
		return err
	}
}

// asFloats is a weight of rank 2 as floats: integers are numbers of bf16, or too large.
func asFloats(name string, w *tensor.Tensor) (*tensor.Tensor, error) {
	switch {
	case w.Rank() != 2:
	case isFloat(w.DType):
		return w, nil
	case isByte(w.DType) || w.DType == tensor.Int16:
		numbers := tensor.New(tensor.BFloat16, w.Shape...)
		to := tensor.Data[tensor.Brain](numbers)
		for i := range to {
			v := w.IntAt(i)
			if v < -mostOfBrain || v > mostOfBrain {
				return nil, fmt.Errorf("%s: element %d of the weight %s is %d, want at most ±%d", name, i, w, v, mostOfBrain)
			}
			to[i] = tensor.BrainOf(float32(v))
		}
		return numbers, nil
	}
	return nil, fmt.Errorf("%s: the weight is %s, want f32, f16 or bf16, or integers of up to 16 bits, of rank 2", name, w)
}

// mostOfBrain is up to where every integer is a number of bf16.
const mostOfBrain = 256

// columnsOf is the columns from … to of a weight, their type, and how many rows it has.
func columnsOf(name string, w *tensor.Tensor, from, to int) (m matrix, d tensor.DType, k int, err error) {
	if w, err = asFloats(name, w); err != nil {
		return m, d, 0, err
	}
	if from < 0 || from > to || to > w.Shape[1] {
		return m, d, 0, fmt.Errorf("%s: columns %d to %d of the weight %s", name, from, to, w)
	}
	m, k, _ = oriented(w, false)
	m.offset = from
	return m, w.DType, k, nil
}

// pack lays out [k, n] of m in panels.
func (m matrix) pack(pool *par.Pool, packed *tensor.Tensor, d tensor.DType, k, n int) {
	exact := m.exactType(pool, d, k, n)
	if exact == tensor.BFloat16 && m.pairsExactly(pool, k, n) {
		m.packExactly(pool, packed, k, n)
		return
	}
	packed.Reset(exact, n, k)
	if exact != d {
		m.packNarrowed(pool, floatsOf(packed), k, n)
		return
	}
	columns := simd.Active.Columns
	panels := panelsOf(n)
	pool.Run(panels, cut(pool, panels, costPack*float64(columns*k)), func(lo, hi int) {
		j0, j1 := lo*columns, min(hi*columns, n)
		switch to := floatsOf(packed); {
		case to.half != nil:
			packPanels(viewAs[uint16](to.half), viewAs[uint16](m.data.half), copyHalves, m, k, j0, j1)
		case to.brain != nil:
			packPanels(viewAs[uint16](to.brain), viewAs[uint16](m.data.brain), copyHalves, m, k, j0, j1)
		default:
			packPanels(viewAs[uint32](to.f32), viewAs[uint32](m.data.f32), copyRows, m, k, j0, j1)
		}
	})
}

// packedRows is how many rows of a weight go to all panels before the next ones do: a
// panel's share of a row is two cache lines, and rows lie far apart. Measured on 768 ×
// 3072, panel by panel takes twice as long.
const packedRows = 8

// packPanels lays the columns j0 … j1 of b out in panels.
func packPanels[T word](to, from []T, rows rowsCopy[T], b matrix, k, j0, j1 int) {
	columns := simd.Active.Columns
	if b.col != 1 { // given transposed
		for j := j0; j < j1; j += columns {
			transpose(to[j*k:], from[b.offset+j*b.col:], k, min(columns, j1-j), b.col)
		}
		return
	}
	for p0 := 0; p0 < k; p0 += packedRows {
		for j := j0; j < j1; j += columns {
			width := min(columns, j1-j)
			rows(to[j*k+p0*width:], width, from[b.offset+p0*b.row+j:], b.row, min(packedRows, k-p0), width)
		}
	}
}

// rowsCopy copies rows of n elements that are pitches apart.
type rowsCopy[T word] func(z []T, pitchZ int, x []T, pitchX, rows, n int)

// copyHalves is a rowsCopy of words of 16 bits.
func copyHalves(z []uint16, pitchZ int, x []uint16, pitchX, rows, n int) {
	for i := range rows {
		copy(z[i*pitchZ:][:n], x[i*pitchX:])
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
	if m.inPlace() {
		vec.CopyRows(k, width, grid(dst, k, width, pitch), pitch, grid(m.data.f32[at:], k, width, m.row), m.row)
		return
	}
	if m.col == 1 {
		for p := range k {
			m.data.gather(dst[p*pitch:], 1, at+p*m.row, 1, width)
		}
		return
	}
	if m.row == 1 && m.data.f32 != nil && width == pitch {
		transpose(viewAs[uint32](dst), viewAs[uint32](m.data.f32[at:]), k, width, m.col)
		return
	}
	for i := range width {
		m.data.gather(dst[i:], pitch, at+i*m.col, m.row, k)
	}
}

// inPlace reports whether the rows are contiguous f32.
func (m matrix) inPlace() bool { return m.data.f32 != nil && m.col == 1 }

package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
	"github.com/parallax-go/parallax/kernels/par"
)

// Weights of 4 or 8 bits in blocks along k, of which each has a scale and a zero point for
// each column, lie in memory as they are, in panels: kernels widen them when they read them.
// Bits with a sign are counted from the least, as those without are, and so are their zero
// points.

// PackBlocks packs the right operand, given transposed, [N, K], of i4, u4, i8 or u8, of a
// product in blocks: panels of rows of bytes, one for each step along k of 8 bits, or for two
// of 4. The packed tensor is of u8, of shape [N, K], or [N, K/2].
func PackBlocks(pool *par.Pool, packed, w *tensor.Tensor) error {
	bits := w.DType.Bits()
	if w.Rank() != 2 || !isBlockWeight(w.DType) || w.Shape[1]*bits%8 != 0 {
		return fmt.Errorf("PackBlocks: the weight is %s, want 4 or 8 bits, of rank 2 and rows of whole bytes", w)
	}
	n, rows := w.Shape[0], w.Shape[1]*bits/8
	packed.Reset(tensor.Uint8, n, rows)
	from, flip := w.Bytes(), flipOf(w.DType)
	eachPanel(pool, rows, n, func(_ panelRoom, j, width int) {
		panel := packed.Bytes()[j*rows:][:rows*width]
		for i := range width {
			for p, v := range from[(j+i)*rows:][:rows] {
				panel[p*width+i] = v ^ flip
			}
		}
	})
	return nil
}

// PackBlockSteps packs the scales of a product in blocks, [N, blocks], of f32, f16 or bf16:
// as f32, in panels.
func PackBlockSteps(pool *par.Pool, packed, steps *tensor.Tensor) error {
	if steps.Rank() != 2 || !isFloat(steps.DType) {
		return fmt.Errorf("PackBlockSteps: the scales are %s, want f32, f16 or bf16 of rank 2", steps)
	}
	packBlockNumbers(pool, packed, steps, func(i int) float32 { return float32(steps.FloatAt(i)) })
	return nil
}

// PackBlockZeros packs the zero points of a product in blocks, [N, blocks], of the weight's
// type: as f32, negated, in panels.
func PackBlockZeros(pool *par.Pool, packed, zeros *tensor.Tensor) error {
	if zeros.Rank() != 2 || !isBlockWeight(zeros.DType) {
		return fmt.Errorf("PackBlockZeros: the zero points are %s, want 4 or 8 bits, of rank 2", zeros)
	}
	least := int64(0)
	if zeros.DType.IsSigned() {
		least = -1 << (zeros.DType.Bits() - 1)
	}
	packBlockNumbers(pool, packed, zeros, func(i int) float32 { return float32(least - zeros.IntAt(i)) })
	return nil
}

func packBlockNumbers(pool *par.Pool, packed, t *tensor.Tensor, number func(i int) float32) {
	n, blocks := t.Shape[0], t.Shape[1]
	packed.Reset(tensor.Float32, n, blocks)
	to := tensor.Data[float32](packed)
	eachPanel(pool, blocks, n, func(_ panelRoom, j, width int) {
		for i := range width {
			for b := range blocks {
				to[j*blocks+b*width+i] = number((j+i)*blocks + b)
			}
		}
	})
}

func isBlockWeight(d tensor.DType) bool {
	return isByte(d) || d == tensor.Int4 || d == tensor.Uint4
}

// flipOf is what a byte of d is changed by so that its numbers are counted from the least.
func flipOf(d tensor.DType) byte {
	switch d {
	case tensor.Int8:
		return 0x80
	case tensor.Int4:
		return 0x88
	}
	return 0
}

// blockRight is a right operand of weights in blocks.
type blockRight struct {
	data         []byte // nil: the operand is another
	steps, zeros []float32
	k, n         int
	size         int  // of a block, in steps along k
	perByte      int  // steps
	quads        bool // as PackBlockQuads leaves them
}

// packedBlocks is what PackBlocks and the others left, of k rows in blocks of size.
func packedBlocks(w, steps, zeros *tensor.Tensor, k, size int) rightOperand {
	n := w.Shape[0]
	perByte := 1
	if w.Shape[1] != k {
		perByte = 2
	}
	return rightOperand{n: n, k: k, blocks: blockRight{
		data: w.Bytes(), steps: tensor.Data[float32](steps), zeros: tensor.Data[float32](zeros), k: k, n: n, size: size, perByte: perByte, quads: w.DType == tensor.Int8,
	}}
}

// isPackedBlocks reports whether w, steps and zeros may be a weight of k rows in blocks of
// size that has been packed.
func isPackedBlocks(w, steps, zeros *tensor.Tensor, k, size int) bool {
	if w == nil || steps == nil || zeros == nil || !isByte(w.DType) || w.Rank() != 2 || w.Shape[1] != k && 2*w.Shape[1] != k {
		return false
	}
	if w.DType == tensor.Int8 && !(HasSteps() && CanStep(size, k)) {
		return false
	}
	numbers := func(t *tensor.Tensor) bool {
		return t.DType == tensor.Float32 && t.Rank() == 2 && t.Shape[0] == w.Shape[0] && t.Shape[1] == ceilDiv(k, size)
	}
	return size > 0 && size%2 == 0 && numbers(steps) && numbers(zeros)
}

// blockKernels are those for weights of so many bits.
type blockKernels struct {
	product *[11]func(blocks, n int, a *float32, lda int, b *uint8, scale, zero, c *float32, ldc, add int)
	beside  *[3]func(blocks, n int, a *float32, lda int, b *uint8, scale, zero *float32, apart, apartScales int, c *float32, ldc, add int)
	widen   func(blocks, n int, z *float32, b *uint8, scale, zero *float32)
}

func (r *blockRight) kernels() blockKernels {
	k := simd.Active
	if r.perByte == 2 {
		return blockKernels{&k.ProductNibbles, &k.ProductNibblesBeside, k.WidenNibbles}
	}
	return blockKernels{&k.ProductOctets, &k.ProductOctetsBeside, k.WidenOctets}
}

// blockPiece is rows of a panel: whole blocks, or part of one.
type blockPiece struct {
	k0, blocks, rows int // rows of bytes in each block
	data             *uint8
	steps, zeros     *float32
}

// pieces calls f for kc steps along k from k0 on of the panel at column j: for its whole
// blocks, and for the part of a block that is left. A narrow panel is filled up in memory on
// loan.
func (r *blockRight) pieces(c *Ctx, j, k0, kc int, f func(p blockPiece)) {
	columns := simd.Active.Columns
	width, blocks := min(columns, r.n-j), ceilDiv(r.k, r.size)
	rows, first, count := kc/r.perByte, k0/r.size, ceilDiv(kc, r.size)
	data := r.data[j*(r.k/r.perByte)+k0/r.perByte*width:][:rows*width]
	steps, zeros := r.steps[j*blocks+first*width:][:count*width], r.zeros[j*blocks+first*width:][:count*width]
	if width < columns {
		loan := c.take(2*count*columns + ceilDiv(rows*columns, 4))
		defer c.put(loan)
		wide := viewAs[byte](loan[2*count*columns:])
		lane := 1
		if r.quads {
			lane = bytesOfLane
		}
		fillUp(wide, data, rows/lane, lane*width, lane*columns)
		fillUp(loan[:count*columns], steps, count, width, columns)
		fillUp(loan[count*columns:2*count*columns], zeros, count, width, columns)
		data, steps, zeros = wide, loan[:count*columns], loan[count*columns:2*count*columns]
	}
	whole := kc / r.size
	for _, p := range []blockPiece{{k0, whole, r.size / r.perByte, nil, nil, nil}, {k0 + whole*r.size, 1, kc % r.size / r.perByte, nil, nil, nil}} {
		if p.blocks*p.rows == 0 {
			continue
		}
		block := (p.k0 - k0) / r.size
		p.data, p.steps, p.zeros = &data[(p.k0-k0)/r.perByte*columns], &steps[block*columns], &zeros[block*columns]
		f(p)
	}
}

// fillUp copies rows of width elements into those of columns.
func fillUp[T byte | float32](to, from []T, rows, width, columns int) {
	for p := range rows {
		row := to[p*columns:][:columns]
		clear(row[copy(row, from[p*width:][:width]):])
	}
}

// widened is kc steps from k0 on of the panel at column j, as f32.
func (r *blockRight) widened(c *Ctx, scratch []float32, j, k0, kc int) []float32 {
	f := r.kernels()
	r.pieces(c, j, k0, kc, func(p blockPiece) {
		f.widen(p.blocks, p.rows, &scratch[(p.k0-k0)*simd.Active.Columns], p.data, p.steps, p.zeros)
	})
	return scratch
}

// blockRows is how many rows a tile has at most that widens weights in blocks as it reads them.
var blockRows = func() int {
	rows := len(simd.Active.ProductNibbles) - 1
	for simd.Active.ProductNibbles[rows] == nil {
		rows--
	}
	return rows
}()

// mostWidening is how many tiles widen the weights each for itself; more read a panel that was
// widened once. Of up to ten rows with AVX-512, one takes 0.35 to 0.55 of the time so on Zen 5
// and 0.55 to 0.65 on Intel's of 2023, three 0.85; four and more take longer on the latter.
// Those of two rows with AVX2 do half of their work so.
var mostWidening = func() int {
	if blockRows < 8 {
		return 1
	}
	return 3
}()

// widens reports whether tiles widen weights in blocks as they read them.
func (p *product) widens() bool {
	r := &p.parts[0].right.blocks
	return r.data != nil && !r.quads && p.m <= mostWidening*blockRows
}

// multiplyBlocks sets dst to the product with weights in blocks that are widened on the way: a
// tile of few rows takes two panels at once where the level does that and both are whole.
func (b *block) multiplyBlocks(x *part) {
	r, columns := &x.right.blocks, simd.Active.Columns
	f := r.kernels()
	left := b.left.data.f32[b.a:][:(b.i1-b.i0-1)*b.left.row+b.k]
	apart, apartScales := columns*(r.k/r.perByte), 4*columns*ceilDiv(r.k, r.size)
	few := b.tile1-b.tile0 == 1 && b.i1-b.i0 < len(f.beside) && f.beside[b.i1-b.i0] != nil
	for j, width := b.j0, 0; j < b.j1; j += width {
		two := few && j+2*columns <= b.j1
		if width = columns; two {
			width = 2 * columns
		}
		r.pieces(b.ctx, j, 0, b.k, func(p blockPiece) {
			for t := b.tile0; t < b.tile1; t++ {
				i, rows := b.rowOf(t)-b.i0, b.rowOf(t+1)-b.rowOf(t)
				a, c, add := &left[i*b.left.row+p.k0], &b.dst[i*b.pitch+j-b.j0], min(p.k0, 1)
				if two {
					f.beside[rows](p.blocks, p.rows, a, b.left.row, p.data, p.steps, p.zeros, apart, apartScales, c, b.pitch, add)
				} else {
					f.product[rows](p.blocks, p.rows, a, b.left.row, p.data, p.steps, p.zeros, c, b.pitch, add)
				}
			}
		})
	}
}

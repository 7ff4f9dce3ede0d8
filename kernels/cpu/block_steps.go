package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
	"github.com/parallax-go/parallax/kernels/par"
)

// Products with weights in blocks, of which each row of the left operand is taken in steps
// as well, block by block, of a 127th of the greatest number: precision int8. A block is then
// a product of integers, times both steps; see [simd.Kernels.StepNibbles].

// stepMultiple is what the size of blocks, and k, must be a multiple of.
const stepMultiple = 16

// CanStep reports whether there are products in steps of blocks of size of rows of k.
func CanStep(size, k int) bool { return size > 0 && size%stepMultiple == 0 && k%stepMultiple == 0 }

// PackBlockQuads is PackBlocks for products in steps: four rows of bytes make one of lanes. A
// lane of weights of 4 bits has eight steps along k, the first four in the lower halves of its
// bytes. The packed tensor is of i8 then. Levels without products of bytes have none in steps,
// and PackBlocks' form.
func PackBlockQuads(pool *par.Pool, packed, w *tensor.Tensor) error {
	if !HasSteps() {
		return PackBlocks(pool, packed, w)
	}
	if w.Rank() != 2 || !isBlockWeight(w.DType) || w.Shape[1]%stepMultiple != 0 {
		return fmt.Errorf("PackBlockQuads: the weight is %s, want 4 or 8 bits, of rank 2 and rows of a multiple of %d", w, stepMultiple)
	}
	n, rows := w.Shape[0], w.Shape[1]*w.DType.Bits()/8
	packed.Reset(tensor.Int8, n, rows)
	from, flip, quad := w.Bytes(), flipOf(w.DType), octetQuad
	if w.DType.Bits() == 4 {
		quad = nibbleQuad
	}
	eachPanel(pool, rows, n, func(_ panelRoom, j, width int) {
		panel := packed.Bytes()[j*rows:][:rows*width]
		for i := range width {
			row := from[(j+i)*rows:][:rows]
			for p := 0; p < rows; p += 4 {
				lane := quad([4]byte(row[p:]))
				for q := range lane {
					panel[p*width+4*i+q] = lane[q] ^ flip
				}
			}
		}
	})
	return nil
}

func octetQuad(v [4]byte) [4]byte { return v }

// nibbleQuad makes a lane of eight numbers in a row, of which a byte holds two.
func nibbleQuad(v [4]byte) [4]byte {
	return [4]byte{v[0]&0xf | v[2]<<4, v[0]>>4 | v[2]&0xf0, v[1]&0xf | v[3]<<4, v[1]>>4 | v[3]&0xf0}
}

// HasSteps reports whether the processor has products in steps.
func HasSteps() bool { return simd.Active.RowSteps != nil }

// stepLeft is the left operand of a product in steps. Of each block, a row has its bytes, and
// then the step and the step times their sum, of f32.
type stepLeft struct {
	from    matrix
	k, size int // of a block
	loan    []float32
	data    []byte
	pitch   int // bytes
}

const (
	bytesOfStep = 8 // behind a block
	bytesOfLane = 4 // of a panel
)

// at is where step k of a row is, which begins a block.
func (l *stepLeft) at(k int) int { return k / l.size * (l.size + bytesOfStep) }

// inSteps reports whether the product is one in steps; all right operands are alike then.
func (p *product) inSteps() bool { return p.parts[0].right.blocks.quads && p.k > 0 }

// takeSteps makes the left operand one in steps.
func (p *product) takeSteps() {
	size := p.parts[0].right.blocks.size
	l := &p.steps
	*l = stepLeft{from: p.left, k: p.k, size: size, pitch: p.k + bytesOfStep*ceilDiv(p.k, size)}
	l.loan = p.ctx.take(ceilDiv(p.m*l.pitch, 4))
	l.data = viewAs[byte](l.loan)
	p.ctx.Pool.Do(p.m, p.ctx.cut(p.m, costStep*float64(p.k)), l)
}

// Do takes the rows lo ≤ i < hi in steps.
func (l *stepLeft) Do(lo, hi int) {
	whole := l.k / l.size
	for i := lo; i < hi; i++ {
		row, to := l.from.data.f32[l.from.offset+i*l.from.row:][:l.k], l.data[i*l.pitch:][:l.pitch]
		if whole > 0 {
			simd.Active.RowSteps(whole, l.size, &to[0], &row[0])
		}
		if at := whole * l.size; at < l.k {
			simd.Active.RowSteps(1, l.k-at, &to[l.at(at)], &row[at])
		}
	}
}

// multiplySteps sets dst to the product in steps. Tiles widen the weights of 4 bits of a panel
// each for itself: from memory where they lie as bytes, they took as long or longer.
func (b *block) multiplySteps(x *part) {
	r := &x.right.blocks
	tiles := &simd.Active.StepOctets
	if r.perByte == 2 {
		tiles = &simd.Active.StepNibbles
	}
	for j := b.j0; j < b.j1; j += simd.Active.Columns {
		r.pieces(b.ctx, j, 0, b.k, func(p blockPiece) {
			for t := b.tile0; t < b.tile1; t++ {
				i, rows := b.rowOf(t), b.rowOf(t+1)-b.rowOf(t)
				left := &b.steps.data[i*b.steps.pitch+b.steps.at(p.k0)]
				tiles[rows](p.blocks, p.rows/bytesOfLane, left, b.steps.pitch/4, p.data, p.steps, p.zeros, &b.dst[(i-b.i0)*b.pitch+j-b.j0], b.pitch, min(p.k0, 1))
			}
		})
	}
}

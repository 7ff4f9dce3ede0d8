package cpu

import (
	endian "encoding/binary"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// Products of bytes less their zero points, with sums in int32:
//
//	Σₖ (a−zₐ)(b−z_b) = Σₖ ab − zₐ·Σₖ b − z_b·(Σₖ a − K·zₐ)
//
// Sums begin with the two terms that are the same for a row times a number for each column.
// The left operand's have no sign, those of the right one have: what lies in memory otherwise
// is counted from the middle of its type, and so is its zero point. In lines they are
// numbers of 8 or of 16 bits, as the instruction level multiplies: see [simd.Integers].

// byteLeft is a left operand of bytes, or of f32 that are taken in steps when rows are laid
// out. Zero points are counted as the bytes are.
type byteLeft struct {
	data []byte // [m, k]
	flip byte   // what makes a byte one without a sign

	x      []float32 // [m, k], if data is nil
	step   float32
	origin [1]int32 // room for their zero point

	zero []int32 // one, or one for each row; none: 0
	sums bool    // those of rows are needed
}

// zeroOf is the zero point of a row.
func (l *byteLeft) zeroOf(row int) int32 {
	if len(l.zero) == 0 {
		return 0
	}
	return l.zero[min(row, len(l.zero)-1)]
}

// layIntegers lays row i of the operand out in a tile, its lines so far apart, in bytes, and
// returns its sum. What k is filled up with meets zeros.
func (l *leftPairs) layIntegers(to []byte, apart, i int) (sum int32) {
	left, k, size := l.bytes, l.product.k, simd.Active.Integers().Bytes
	numbers := bytesOfLine / size
	if left.data == nil {
		left.toSteps(l.ctx, to, apart, left.x[i*k:][:k])
	} else {
		for at := 0; at < k; at += numbers {
			line, row := to[at/numbers*apart:][:bytesOfLine], left.data[i*k+at:][:min(numbers, k-at)]
			clear(line)
			for q, v := range row { // the lower byte comes first
				line[q*size] = v ^ left.flip
			}
		}
	}
	if left.sums {
		for at := 0; at < k; at += numbers {
			sum += sumOfBytes(to[at/numbers*apart:][:min(numbers, k-at)*size])
		}
	}
	return sum
}

// toSteps lays out a row of f32.
func (l *byteLeft) toSteps(c *Ctx, to []byte, apart int, row []float32) {
	numbers := bytesOfLine / simd.Active.Integers().Bytes
	zero := float32(l.zeroOf(0))
	take := func(n int, to []byte, x []float32) {
		if numbers == bytesOfLine {
			vec.ToSteps(1, n, &to[0], apart, &x[0], 0, l.step, -zero, 255-zero, zero)
		} else {
			vec.ToWordSteps(1, n, &viewAs[uint16](to[:bytesOfLine])[0], apart, &x[0], 0, l.step, -zero, 255-zero, zero)
		}
	}
	whole := len(row) / numbers * numbers
	if whole > 0 {
		take(whole, to, row)
	}
	if rest := row[whole:]; len(rest) > 0 {
		last := c.take(numbers)
		clear(last[copy(last, rest):])
		take(numbers, to[whole/numbers*apart:], last)
		c.put(last)
	}
}

// sumOfBytes adds up at most 256 bytes, eight at a time; those of numbers of 16 bits are
// the numbers' sum, as the upper ones are 0.
func sumOfBytes(x []byte) int32 {
	const every = 0x00ff00ff00ff00ff
	pairs := uint64(0)
	for ; len(x) >= 8; x = x[8:] {
		v := endian.LittleEndian.Uint64(x)
		pairs += v&every + v>>8&every
	}
	sum := pairs&0xffff + pairs>>16&0xffff + pairs>>32&0xffff + pairs>>48
	for _, v := range x {
		sum += uint64(v)
	}
	return int32(sum)
}

// beginBytes sets the sums of the block to what does not depend on single products.
func (b *block) beginBytes(x *part, l *leftBlock) {
	rows, width, left, right := b.i1-b.i0, b.j1-b.j0, b.pairs.bytes, &x.right.bytes
	numbers := b.ctx.take(rows)
	factors := viewAs[int32](numbers)
	outer := func(column []int32, add int) {
		vec.OuterSums(rows, width, &b.dst[0], b.pitch, ptr(viewAs[float32](column[b.j0:b.j1])), &numbers[0], add)
	}
	for i := range factors {
		factors[i] = -left.zeroOf(b.i0 + i)
	}
	outer(right.sums, 0)
	if right.zero != nil {
		for i := range factors {
			factors[i] = int32(b.k)*left.zeroOf(b.i0+i) - l.sums[b.i0-l.first+i]
		}
		outer(right.zero, 1)
	}
	b.ctx.put(numbers)
}

// fromSteps makes f32 of the sums of the block, if they are wanted so.
func (b *block) fromSteps(x *part) {
	step := x.right.bytes.step
	if step == nil {
		return
	}
	width := b.j1 - b.j0
	scale := b.ctx.take(width)
	vec.MulNumber(width, &scale[0], &step[b.j0:b.j1][0], b.pairs.bytes.step)
	vec.FromSteps(b.i1-b.i0, width, &b.dst[0], b.pitch, &scale[0])
	b.ctx.put(scale)
}

// zeroPoints are those of an operand, n or one of them, of its type and counted from middle;
// without an operand they are 0. The memory is on loan, unless all are 0 from middle.
func (c *Ctx) zeroPoints(t *tensor.Tensor, middle int32, n int) (zeros []int32, loan []float32) {
	if t == nil && middle == 0 {
		return nil, nil
	}
	loan = c.take(n)
	zeros = viewAs[int32](loan)
	for j := range zeros {
		zeros[j] = -middle
		if t != nil {
			zeros[j] += int32(t.IntAt(min(j, t.Len()-1)))
		}
	}
	return zeros, loan
}

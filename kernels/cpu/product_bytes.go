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
// The bytes of the left operand have no sign, those of the right one have: what lies in
// memory otherwise is counted from the middle of its type, and so is its zero point.

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

// layBytes lays row i of the operand out in a tile, its lines so far apart, in bytes, and
// returns its sum. What k is filled up with meets zeros.
func (l *leftPairs) layBytes(to []byte, apart, i int) (sum int32) {
	left, k := l.bytes, l.product.k
	if left.data == nil {
		left.toSteps(l.ctx, to, apart, left.x[i*k:][:k])
	} else {
		row := left.data[i*k:][:k]
		for at := 0; at < k; at += bytesOfLine {
			line := to[at/bytesOfLine*apart:][:bytesOfLine]
			n := copy(line, row[at:])
			clear(line[n:])
			if left.flip != 0 {
				for q := range line {
					line[q] ^= left.flip
				}
			}
		}
	}
	if left.sums {
		for at := 0; at < k; at += bytesOfLine {
			sum += sumOfBytes(to[at/bytesOfLine*apart:][:min(bytesOfLine, k-at)])
		}
	}
	return sum
}

// toSteps lays out a row of f32.
func (l *byteLeft) toSteps(c *Ctx, to []byte, apart int, row []float32) {
	const line = bytesOfLine
	zero := float32(l.zeroOf(0))
	take := func(lines int, to []byte, x []float32) {
		vec.ToSteps(1, lines*line, &to[0], apart, &x[0], 0, l.step, -zero, 255-zero, zero)
	}
	whole := len(row) / line
	if whole > 0 {
		take(whole, to, row)
	}
	if rest := row[whole*line:]; len(rest) > 0 {
		last := c.take(line)
		clear(last[copy(last, rest):])
		take(1, to[whole*apart:], last)
		c.put(last)
	}
}

// sumOfBytes adds up at most 256 bytes, eight at a time.
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

// multiplyByPieces computes the results of the parts in memory on loan, on levels that
// have no products of bytes, and leaves p to finish them: f32 adds up the products of so
// many rows of the weights exactly.
func (p *product) multiplyByPieces(c *Ctx, left *byteLeft) {
	steps := left.stepsOf(c, p.m, p.k)
	for i := range p.parts {
		x := &p.parts[i]
		x.given = c.take(p.m * x.n)
		sums := viewAs[int32](x.given)
		clear(sums)
		for p0 := 0; p0 < p.k; p0 += exactBytes {
			rows := min(exactBytes, p.k-p0)
			q := &c.piece
			q.begin(1)
			q.m, q.k = p.m, rows
			q.left = matrix{data: floats{f32: steps}, offset: p0, row: p.k, col: 1}
			piece := x.right.packed.brain[p0*x.n:][:rows*x.n]
			out := c.take(p.m * x.n)
			q.parts[0] = part{right: rightOperand{packed: floats{brain: piece}, n: x.n, k: rows}, n: x.n, out: floats{f32: out}}
			q.run(c)
			for j, v := range out {
				sums[j] += int32(v)
			}
			c.put(out)
		}
		left.finishPieces(x, steps, sums, p.k)
		x.right = rightOperand{n: x.n, k: p.k}
	}
	c.put(steps)
}

// stepsOf is the operand as numbers, on loan.
func (l *byteLeft) stepsOf(c *Ctx, m, k int) []float32 {
	steps := c.take(m * k)
	if l.data != nil {
		for i := range steps {
			steps[i] = float32(l.data[i] ^ l.flip)
		}
		return steps
	}
	for i, v := range l.x[:m*k] {
		steps[i] = float32(inSteps(v, l.step, l.zeroOf(0), 0, 255))
	}
	return steps
}

// finishPieces takes zero points off the sums of a part, and makes f32 of them if they are
// wanted so.
func (l *byteLeft) finishPieces(x *part, steps []float32, sums []int32, k int) {
	right := &x.right.bytes
	for i := 0; i*x.n < len(sums); i++ {
		zero, row := l.zeroOf(i), int32(0)
		for _, v := range steps[i*k:][:k] {
			row += int32(v)
		}
		for j := range x.n {
			at := i*x.n + j
			sums[at] -= zero * right.sums[j]
			if right.zero != nil {
				sums[at] += (int32(k)*zero - row) * right.zero[j]
			}
			if right.step != nil {
				x.given[at] = float32(sums[at]) * float32(l.step*right.step[j])
			}
		}
	}
}

// runBytes is run for a product of bytes.
func (p *product) runBytes(c *Ctx, left *byteLeft) {
	if simd.Active.Bytes() != nil {
		p.pairs.bytes = left
		p.run(c)
		return
	}
	p.multiplyByPieces(c, left)
	p.run(c)
	for i := range p.parts {
		c.put(p.parts[i].given)
	}
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

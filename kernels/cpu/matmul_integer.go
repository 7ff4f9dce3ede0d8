package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
)

// MatMulIntegerPacked is the product of x, of i8 or u8, less its zero points, of which
// there are one or one for each row, with a weight that [PackBytes] has packed, less one or
// one for each column: in i32, which wraps.
func MatMulIntegerPacked(c *Ctx, out, x, packed, zeroX, zeroW *tensor.Tensor) error {
	fail := func() error {
		return fmt.Errorf("MatMulInteger: no product of %s, less %s, and the packed weight %s, less %s", x, zeroX, packed, zeroW)
	}
	if !isByte(x.DType) || x.Rank() < 1 || x.Rank() > maxRank || !isPackedBytes(packed, x.Shape[x.Rank()-1]) {
		return fail()
	}
	last := x.Rank() - 1
	k, n, m := x.Shape[last], packed.Shape[0], elements(x.Shape[:last])
	if zeroX != nil && (zeroX.DType != x.DType || zeroX.Len() != 1 && zeroX.Len() != m) || zeroW != nil && (zeroW.DType != packed.DType || zeroW.Len() != 1 && zeroW.Len() != n) {
		return fail()
	}
	var shape [maxRank]int
	if err := reset(out, tensor.Int32, append(append(shape[:0], x.Shape[:last]...), n)); err != nil {
		return fmt.Errorf("MatMulInteger: %w", err)
	}
	// Bytes with a sign are counted from their least, so that they have none.
	left, right, rows := &c.left, packedBytes(packed, k), 1
	if zeroX != nil {
		rows = zeroX.Len()
	}
	var loans [2][]float32
	*left = byteLeft{data: x.Bytes(), flip: byte(128 - middleOf(x.DType))}
	left.zero, loans[0] = c.zeroPoints(zeroX, middleOf(x.DType)-128, rows)
	right.bytes.zero, loans[1] = c.zeroPoints(zeroW, middleOf(packed.DType), n)
	left.sums = right.bytes.zero != nil
	p := &c.product
	p.begin(1)
	p.m, p.k, p.left = m, k, matrix{row: k, col: 1}
	p.parts[0] = part{right: right, n: n, out: floats{f32: viewAs[float32](tensor.Data[int32](out))}}
	p.pairs.bytes = left
	p.run(c)
	for _, loan := range loans {
		if loan != nil {
			c.put(loan)
		}
	}
	return nil
}

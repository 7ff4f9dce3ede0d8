package onnx

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Weights of few bits, in blocks along an axis that have a scale each. What files
// hold as bytes is seen as a tensor of small integers, which shares those bytes:
// ONNX packs such tensors in the same order, the first element in the lowest bits.

// fewBits are the integers that bytes hold several of, and those of whole bytes.
var fewBits = map[int64]tensor.DType{2: tensor.Uint2, 4: tensor.Uint4, 8: tensor.Uint8}

// blocks says how a matrix [n, k] of MatMulNBits lies in bytes: each row is count
// blocks of size elements, the last of which may be partly beyond k.
type blocks struct {
	n, k, size, count int64
	d                 tensor.DType
}

// matMulNBits is MatMulNBits: x times the transpose of a matrix in blocks.
// accuracy_level permits rounding x to 8 bits, which whoever runs the model may ask for.
func matMulNBits(c *call) ([]*ir.Value, error) {
	w, err := c.nBits()
	if err != nil {
		return nil, err
	}
	return []*ir.Value{c.add(c.b.Op(op.MatMul, nil, c.arg("a"), c.transpose(w, 1, 0)), c.arg("bias"))}, nil
}

// nBits is the matrix [n, k] of MatMulNBits in floats.
func (c *call) nBits() (*ir.Value, error) {
	l, err := c.blocksOf()
	if err != nil {
		return nil, err
	}
	steps, err := l.steps(c.arg("b").Const)
	if err != nil {
		return nil, err
	}
	scales := c.arg("scales")
	if rank, known := scales.Type.Rank(); !known || rank != 2 {
		scales = c.reshape(scales, l.n, l.count)
	}
	zeros, err := c.blockZeros(l)
	if err != nil {
		return nil, err
	}
	if !zeros.Type.DType.IsFloat() {
		steps = firstColumns(steps, int(l.k)) // a product takes them as they are
	}
	w := c.b.Const(steps)
	order := c.arg("g_idx") // tells the block of each column
	if order != nil && !l.inOrder(order) {
		return c.nBitsByIndex(l, w, scales, zeros, order)
	}
	full := int64(steps.Shape[1]) == l.k
	if w, err = c.inBlocks(w, scales, zeros, 1, l.size); err != nil || full {
		return w, err
	}
	return c.slice(w, 1, 0, l.k), nil // what the last block has beyond k is no column
}

// nBitsByIndex is nBits of columns whose blocks an index tells.
func (c *call) nBitsByIndex(l *blocks, w, scales, zeros, order *ir.Value) (*ir.Value, error) {
	if given := c.arg("zero_points"); given != nil && !given.Type.DType.IsFloat() {
		// The schema applies both, ONNX Runtime's CPU kernel the index alone.
		return nil, notSupported("operands g_idx and zero_points of integers together")
	}
	if l.count*l.size != l.k {
		return nil, notSupported("operand g_idx beside a block that is not full")
	}
	pick := func(x *ir.Value) *ir.Value { return c.b.Op(op.Gather, &attr.Axis{Axis: 1}, x, order) }
	if zeros.Type.DType.IsFloat() {
		return c.inBlocks(w, pick(scales), pick(zeros), 1, 1)
	}
	// All are the default. ONNX gathers no elements of so few bits.
	return c.inBlocks(w, pick(scales), c.b.Const(middle(l.d, int(l.n), int(l.k))), 1, 1)
}

// inOrder reports whether an index tells what holds without it.
func (l *blocks) inOrder(order *ir.Value) bool {
	list, ok := order.Ints()
	if !ok || int64(len(list)) < l.k {
		return false
	}
	for i, block := range list[:l.k] {
		if block != int64(i)/l.size {
			return false
		}
	}
	return true
}

// blocksOf reads the attributes of MatMulNBits.
func (c *call) blocksOf() (*blocks, error) {
	l := &blocks{}
	bits := int64(4)
	for _, a := range []struct {
		name string
		to   *int64
		most int64
	}{{"N", &l.n, math.MaxInt32}, {"K", &l.k, math.MaxInt32}, {"block_size", &l.size, 1 << 20}, {"bits", &bits, 8}} {
		v, err := c.int(a.name, *a.to)
		if err != nil {
			return nil, err
		}
		if v < 1 || v > a.most {
			return nil, fmt.Errorf("attribute %s is %d, want 1 to %d", a.name, v, a.most)
		}
		*a.to = v
	}
	d, ok := fewBits[bits]
	if !ok {
		return nil, notSupported("weights of %d bits", bits)
	}
	if l.size*bits%8 != 0 {
		return nil, fmt.Errorf("attribute block_size is %d: a block of %d bits each ends within a byte", l.size, bits)
	}
	l.d, l.count = d, (l.k-1)/l.size+1
	return l, nil
}

// steps is the matrix of small integers, [n, count·size], that shares the bytes of b.
func (l *blocks) steps(b *tensor.Tensor) (*tensor.Tensor, error) {
	if b == nil {
		return nil, notSupported("operand B is not constant")
	}
	want := []int{int(l.n), int(l.count), int(l.size) * l.d.Bits() / 8}
	if b.DType != tensor.Uint8 || !tensor.SameShape(b.Shape, want) {
		if b.Rank() == 3 && b.Len() == 0 {
			return nil, notSupported("operand B is empty: the product is left out")
		}
		return nil, fmt.Errorf("operand B is %s, want uint8%s", b, tensor.ShapeString(want))
	}
	return tensor.FromBytes(l.d, []int{int(l.n), int(l.count * l.size)}, b.Bytes())
}

// blockZeros are the zero points of MatMulNBits, [n, count]: integers, or floats.
func (c *call) blockZeros(l *blocks) (*ir.Value, error) {
	zeros := c.arg("zero_points")
	switch {
	case zeros == nil:
		return c.b.Const(middle(l.d, int(l.n), int(l.count))), nil
	case zeros.Type.DType.IsFloat():
		return c.reshape(zeros, l.n, l.count), nil
	case zeros.Const == nil:
		return nil, notSupported("operand zero_points is not constant")
	}
	t, err := unpackedRows(zeros.Const, l.d, int(l.n), int(l.count))
	if err != nil {
		return nil, fmt.Errorf("operand zero_points: %w", err)
	}
	return c.b.Const(t), nil
}

// middle is the zero point that is not given: half of the range.
func middle(d tensor.DType, shape ...int) *tensor.Tensor {
	t := tensor.New(d, shape...)
	fill := byte(0)
	for at := d.Bits() - 1; at < 8; at += d.Bits() {
		fill |= 1 << at
	}
	for i := range t.Bytes() {
		t.Bytes()[i] = fill
	}
	return t
}

// unpackedRows makes [rows, columns] of bytes in which each row begins with a byte.
func unpackedRows(packed *tensor.Tensor, d tensor.DType, rows, columns int) (*tensor.Tensor, error) {
	perByte := 8 / d.Bits()
	perRow := (columns + perByte - 1) / perByte
	if packed.DType != tensor.Uint8 || packed.Len() != rows*perRow {
		return nil, fmt.Errorf("%s, want uint8%s", packed, tensor.ShapeString([]int{rows, perRow}))
	}
	all, err := tensor.FromBytes(d, []int{rows, perRow * perByte}, packed.Bytes())
	if err != nil {
		return nil, err
	}
	return firstColumns(all, columns), nil
}

// firstColumns are those of a matrix of small integers, whose rows are whole bytes: rows of
// the result begin anywhere.
func firstColumns(t *tensor.Tensor, columns int) *tensor.Tensor {
	rows, all := t.Shape[0], t.Shape[1]
	if all == columns {
		return t
	}
	z, bits := tensor.New(t.DType, rows, columns), t.DType.Bits()
	if row := columns * bits / 8; columns*bits%8 == 0 {
		for i := range rows {
			copy(z.Bytes()[i*row:][:row], t.Bytes()[i*all*bits/8:])
		}
		return z
	}
	for i := range rows * columns {
		z.SetInt(i, t.IntAt(i/columns*all+i%columns))
	}
	return z
}

// inBlocks is scales·(steps − zeros) of blocks of so many elements along the axis;
// zeros may be nil.
func (c *call) inBlocks(steps, scales, zeros *ir.Value, axis int, size int64) (*ir.Value, error) {
	a := &attr.Quantize{Axis: axis, BlockSize: int(size), Saturate: true}
	if zeros == nil {
		return c.b.Op(op.DequantizeLinear, a, steps, scales), c.b.Err()
	}
	if !zeros.Type.DType.IsFloat() {
		return c.b.Op(op.DequantizeLinear, a, steps, scales, zeros), c.b.Err()
	}
	// Zero points between the steps. What they are beyond the middle one is taken off the
	// numbers: these are weights in steps as others are, and little is lost in f16.
	shape, ok := steps.Type.ConstShape()
	if !ok || len(shape) != 2 || axis != 1 {
		panic("BUG: zero points in floats, of what is no constant matrix")
	}
	bits := steps.Type.DType.Bits()
	y := c.b.Op(op.DequantizeLinear, a, steps, scales, c.b.Const(middle(steps.Type.DType, shape[0], (shape[1]+int(size)-1)/int(size))))
	zeros = c.cast(zeros, scales.Type.DType)
	shift := c.mul(c.sub(zeros, c.numberLike(zeros, float64(int(1)<<(bits-1)))), scales)
	if size == 1 {
		return c.sub(y, shift), c.b.Err()
	}
	n, k := int64(shape[0]), int64(shape[1])
	y = c.sub(c.reshape(y, n, k/size, size), c.unsqueeze(shift, 2))
	return c.reshape(y, n, k), c.b.Err()
}

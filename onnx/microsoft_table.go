package onnx

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// blockTable is the table of GatherBlockQuantized.
type blockTable struct {
	data, scales, zeros *ir.Value // zeros: nil if they aren't given
	shape               sym.Shape // in elements
	d                   tensor.DType
	axis, gatherAxis    int
	size                int64
	inBytes             bool // the elements of a byte follow each other on the last axis
}

// gatherBlocks is GatherBlockQuantized: rows of a table in blocks. The rows are taken
// before they are made floats, so that the table stays as small as it is; an index
// beyond it is an error, as in Gather, where ONNX Runtime gives zeros.
func gatherBlocks(c *call) ([]*ir.Value, error) {
	g, err := c.blockTable()
	if err != nil {
		return nil, err
	}
	indices := c.arg("indices")
	rank, known := indices.Type.Rank()
	if !known {
		return nil, notSupported("the rank of operand indices is not known")
	}
	take := func(x *ir.Value) *ir.Value { return c.b.Op(op.Gather, &attr.Axis{Axis: g.gatherAxis}, x, indices) }
	if g.gatherAxis == g.axis {
		all, err := c.inBlocks(c.wide(g.data), g.scales, c.wide(g.zeros), g.axis, g.size)
		return []*ir.Value{take(all)}, err
	}
	axis := g.axis
	if axis > g.gatherAxis {
		axis += rank - 1
	}
	scales := take(g.scales)
	data, zeros := g.data, c.wide(g.zeros)
	switch {
	case g.inBytes:
		data = c.unpacked(take(data), g.d, len(g.shape)-1+rank, g.columns())
		zeros = c.unsignedZeros(zeros, g.d)
	default:
		data = take(c.wide(data))
	}
	switch {
	case zeros != nil && len(zeros.Type.Shape) > 0:
		zeros = take(zeros)
	case zeros != nil:
		zeros = c.expand(zeros, c.b.Op(op.Shape, attr.New[attr.Shape](), scales))
	}
	y, err := c.inBlocks(data, scales, zeros, axis, g.size)
	return []*ir.Value{y}, err
}

// wide are elements of few bits in whole bytes: ONNX gathers no others.
func (c *call) wide(x *ir.Value) *ir.Value {
	if x == nil {
		return nil
	}
	switch x.Type.DType {
	case tensor.Uint4, tensor.Uint2:
		return c.cast(x, tensor.Uint8)
	case tensor.Int4, tensor.Int2:
		return c.cast(x, tensor.Int8)
	}
	return x
}

// columns is the size of the last axis of a table that is seen as bytes, whose shape is
// constant.
func (g *blockTable) columns() int64 {
	n, ok := g.shape[len(g.shape)-1].IsConst()
	if !ok {
		panic("BUG: bytes of a table whose shape is not constant")
	}
	return n
}

// unpacked are the elements of type d that bytes hold, each in a byte, of the given rank
// and number of columns. Signed ones are counted from their least.
func (c *call) unpacked(bytes *ir.Value, d tensor.DType, rank int, columns int64) *ir.Value {
	bits := d.Bits()
	number := func(v int) *ir.Value { return c.b.Const(tensor.Scalar(uint8(v))) }
	parts := make([]*ir.Value, 8/bits)
	for i := range parts {
		x := bytes
		if i > 0 {
			x = c.b.Op(op.BitShift, &attr.BitShift{}, x, number(i*bits))
		}
		x = c.b.Op(op.BitwiseAnd, nil, x, number(1<<bits-1))
		if d.IsSigned() {
			x = c.b.Op(op.BitwiseXor, nil, x, number(1<<(bits-1)))
		}
		parts[i] = c.unsqueeze(x, int64(rank))
	}
	shape := make([]int64, rank)
	shape[rank-1] = columns
	return c.reshape(c.concat(rank, parts...), shape...)
}

// unsignedZeros are the zero points of elements that [call.unpacked] gives: a scalar if
// none are given.
func (c *call) unsignedZeros(zeros *ir.Value, d tensor.DType) *ir.Value {
	if !d.IsSigned() {
		return zeros
	}
	half := 1 << (d.Bits() - 1)
	if zeros == nil {
		return c.b.Const(tensor.Scalar(uint8(half)))
	}
	return c.cast(c.add(c.cast(zeros, tensor.Int32), c.b.Const(tensor.Scalar(int32(half)))), tensor.Uint8)
}

// blockTable reads the operands and attributes of GatherBlockQuantized.
func (c *call) blockTable() (*blockTable, error) {
	g := &blockTable{data: c.arg("data"), scales: c.arg("scales"), zeros: c.arg("zero_points")}
	var err error
	if g.shape, err = c.shapeOf(g.data); err != nil {
		return nil, err
	}
	if g.axis, err = c.axisOf("quantize_axis", 1, len(g.shape)); err != nil {
		return nil, err
	}
	if g.gatherAxis, err = c.axisOf("gather_axis", 0, len(g.shape)); err != nil {
		return nil, err
	}
	if g.size, err = c.int("block_size", 128); err != nil {
		return nil, err
	}
	g.d = g.data.Type.DType
	if g.d.IsFloat() && g.size == 0 {
		return nil, notSupported("a scale for the whole of an axis")
	}
	if g.size < 1 || g.size > math.MaxInt32 {
		return nil, fmt.Errorf("attribute block_size is %d, want 1 to %d", g.size, math.MaxInt32)
	}
	if z := g.zeros; z != nil && z.Type.DType.IsFloat() {
		return nil, fmt.Errorf("operand zero_points is of type %s, want an integer one", z.Type.DType.Long())
	}
	if g.d == tensor.Uint8 {
		return g, c.tableOfBytes(g)
	}
	return g, g.seeBytes(c)
}

// seeBytes takes the bytes of a constant table of few bits for the table, if what is
// gathered are whole bytes.
func (g *blockTable) seeBytes(c *call) error {
	t, last := g.data.Const, len(g.shape)-1
	if t == nil || g.d.Bits() >= 8 || !g.d.IsInt() || g.gatherAxis == last || g.gatherAxis == g.axis {
		return nil
	}
	perByte := 8 / g.d.Bits()
	if t.Len() == 0 || t.Shape[last]%perByte != 0 {
		return nil
	}
	shape := append([]int{}, t.Shape...)
	shape[last] /= perByte
	bytes, err := tensor.FromBytes(tensor.Uint8, shape, t.Bytes())
	if err != nil {
		return fmt.Errorf("operand data: %w", err)
	}
	g.data, g.inBytes = c.b.Const(bytes), true
	return nil
}

// tableOfBytes sees the bytes of a table as elements of few bits, packed along the
// last axis. Its zero points lie like that, too; those not given are half the range.
func (c *call) tableOfBytes(g *blockTable) error {
	bits, err := c.int("bits", 4)
	if err != nil {
		return err
	}
	d, ok := fewBits[bits]
	if !ok {
		return notSupported("a table of %d bits", bits)
	}
	scales, ok := g.scales.Type.ConstShape()
	if !ok || len(scales) == 0 {
		return notSupported("the shape of operand scales, %s, is not constant", g.scales.Type)
	}
	last := len(g.shape) - 1
	switch t := g.data.Const; {
	case g.axis != last:
		return notSupported("bytes in blocks along another axis than the last")
	case g.gatherAxis == last:
		return notSupported("bytes gathered along the axis of their blocks")
	case t == nil:
		return notSupported("operand data is not constant")
	case d != tensor.Uint8 && t.Len() > 0:
		g.inBytes = true
	}
	g.shape = append(sym.Shape{}, g.shape...)
	g.shape[last] = g.shape[last].Mul(sym.Const(int64(8 / d.Bits())))
	g.d = d
	if !g.fits(scales) {
		return fmt.Errorf("operand scales is %s, and operand data %s%s", g.scales.Type, d, g.shape)
	}
	if g.zeros == nil {
		g.zeros = c.b.Const(tensor.Scalar(uint8(1) << (bits - 1)))
		return nil
	}
	if g.zeros.Const == nil {
		return notSupported("operand zero_points is not constant")
	}
	rows, _ := tensor.Elements(scales[:len(scales)-1])
	zeros, err := unpackedRows(g.zeros.Const, d, rows, scales[len(scales)-1])
	if err != nil {
		return fmt.Errorf("operand zero_points: %w", err)
	}
	g.zeros = c.b.Const(zeros.Reshaped(scales...))
	return nil
}

// fits reports whether scales has an entry for each block of the data.
func (g *blockTable) fits(scales []int) bool {
	if len(g.shape) != len(scales) {
		return false
	}
	for i, n := range scales {
		want := g.shape[i]
		if i == g.axis {
			want = want.CeilDiv(sym.Const(g.size))
		}
		if !want.Is(int64(n)) {
			return false
		}
	}
	return true
}

// axisOf reads an attribute that is an axis.
func (c *call) axisOf(name string, def int64, rank int) (int, error) {
	axis, err := c.int(name, def)
	if err != nil {
		return 0, err
	}
	if axis < -int64(rank) || axis >= int64(rank) {
		return 0, fmt.Errorf("attribute %s is %d, and the rank %d", name, axis, rank)
	}
	if axis < 0 {
		axis += int64(rank)
	}
	return int(axis), nil
}

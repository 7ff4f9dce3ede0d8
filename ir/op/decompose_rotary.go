package op

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
)

// decomposeRotary builds RotaryEmbedding from operators of opset 18. The number
// of pairs must be known, of the tables or of x.
func decomposeRotary(b *ir.Builder, n *ir.Node) ([]*ir.Value, error) {
	d := &rotaryParts{Builder: b, a: n.Attr.(*attr.RotaryEmbedding), x: n.In[0]}
	if err := d.measure(n.In[1]); err != nil {
		return nil, fmt.Errorf("node %s: %w", n.Label(), err)
	}
	packed := len(d.x.Type.Shape) == 3
	if packed {
		d.x = d.Op(Reshape, &attr.Reshape{}, d.x, d.Ints(0, 0, int64(d.a.Heads), d.size))
	}
	d.cos, d.sin = d.table(n.In[1], n.Operand(3), packed), d.table(n.In[2], n.Operand(3), packed)
	y := d.rotated()
	if packed {
		y = d.Op(Reshape, &attr.Reshape{}, y, d.Ints(0, 0, int64(d.a.Heads)*d.size))
	}
	return []*ir.Value{y}, b.Err()
}

// rotaryParts builds one decomposition.
type rotaryParts struct {
	*ir.Builder
	a           *attr.RotaryEmbedding
	x, cos, sin *ir.Value // x is of rank 4, the tables broadcast to it
	size, pairs int64     // of a head
}

// measure finds the sizes of a head.
func (d *rotaryParts) measure(table *ir.Value) error {
	rank, ok := d.x.Type.Rank()
	if !ok {
		return fmt.Errorf("the rank of x is not known")
	}
	size, known := d.x.Type.Shape[rank-1].IsConst()
	if rank == 3 {
		size /= int64(d.a.Heads)
	}
	pairs := int64(d.a.RotaryDim) / 2
	if pairs == 0 {
		pairs = size / 2
	}
	if !known && table.Type.HasRank {
		pairs, known = table.Type.Shape[len(table.Type.Shape)-1].IsConst()
		size = 2 * pairs
		known = known && d.a.RotaryDim == 0
	}
	if !known {
		return fmt.Errorf("the size of the heads is not known")
	}
	d.size, d.pairs = size, pairs
	return nil
}

// table picks the positions' rows, and gives the tables an axis of heads.
func (d *rotaryParts) table(table, positions *ir.Value, packed bool) *ir.Value {
	if positions != nil {
		table = d.Op(Gather, &attr.Axis{Axis: 0}, table, positions)
	}
	heads := int64(1)
	if packed {
		heads = 2
	}
	return d.Op(Unsqueeze, nil, table, d.Ints(heads))
}

// rotated turns the pairs and puts them back where they were.
func (d *rotaryParts) rotated() *ir.Value {
	step, second := int64(1), d.pairs
	if d.a.Interleaved {
		step, second = 2, 1
	}
	run := (d.pairs-1)*step + 1
	x, y := d.cut(0, run, step), d.cut(second, second+run, step)
	mul := func(a, b *ir.Value) *ir.Value { return d.Op(Mul, nil, a, b) }
	first := d.Op(Sub, nil, mul(x, d.cos), mul(y, d.sin))
	next := d.Op(Add, nil, mul(y, d.cos), mul(x, d.sin))
	last := &attr.Axis{Axis: 3}
	parts := []*ir.Value{first, next}
	if d.a.Interleaved {
		after := d.Ints(4)
		pairs := d.Op(Concat, &attr.Axis{Axis: 4}, d.Op(Unsqueeze, nil, first, after), d.Op(Unsqueeze, nil, next, after))
		parts = []*ir.Value{d.Op(Reshape, &attr.Reshape{}, pairs, d.Ints(0, 0, 0, 2*d.pairs))}
	}
	if 2*d.pairs < d.size {
		parts = append(parts, d.cut(2*d.pairs, d.size, 1))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return d.Op(Concat, last, parts...)
}

// cut slices the last axis of x.
func (d *rotaryParts) cut(from, to, step int64) *ir.Value {
	return d.Op(Slice, nil, d.x, d.Ints(from), d.Ints(to), d.Ints(3), d.Ints(step))
}

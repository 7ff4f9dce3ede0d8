package onnx

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
)

// The mask operands of com.microsoft Attention and MultiHeadAttention add
// mask_filter_value, which is finite, to the scores of hidden keys: a row whose
// keys are all hidden weighs them by their scores. So they are biases; keys that
// come after the query are hidden for good.

// defaultFill is what the schemas say of mask_filter_value.
const defaultFill = -10000

// setMasks takes a mask and a bias of the scores.
func (f *fusion) setMasks(mask, bias *ir.Value) error {
	if mask != nil {
		if err := f.addMask(mask); err != nil {
			return err
		}
	}
	if bias != nil {
		f.biases = append(f.biases, bias)
	}
	return nil
}

func (f *fusion) addMask(mask *ir.Value) error {
	shape := mask.Type.Shape
	rank, known := mask.Type.Rank()
	if !known {
		return notSupported("the rank of its mask is not known")
	}
	var seen *ir.Value
	switch rank {
	case 1:
		var err error
		if seen, err = f.keyBounds(mask); err != nil {
			return err
		}
	case 2:
		if shape[1].Is(1) {
			return nil // the same for all keys, or there is one only
		}
		seen = f.positive(f.unsqueeze(mask, 1, 2))
	case 3:
		seen = f.positive(f.unsqueeze(mask, 1))
	case 4:
		seen = f.positive(f.lastRows(mask))
	default:
		return fmt.Errorf("the mask is %s, want rank 1 to 4", mask.Type)
	}
	d, err := f.elementOf(f.q)
	if err != nil {
		return err
	}
	fill, err := f.float("mask_filter_value", defaultFill)
	if err != nil {
		return err
	}
	f.biases = append(f.biases, f.where(seen, f.b.Float(d, 0), f.b.Float(d, fill)))
	return nil
}

// positive reads masks of integers: what is above 0 is seen.
func (f *fusion) positive(mask *ir.Value) *ir.Value {
	return f.b.Op(op.Greater, nil, mask, f.cast(f.b.Int(0), mask.Type.DType))
}

// keyBounds reads masks [B], the ends of the keys; [2B], the ends and then the
// starts; [3B+2], the ends and then what tells the same of packed rows. Which of
// them may show at run time only.
func (f *fusion) keyBounds(mask *ir.Value) (*ir.Value, error) {
	q, err := f.shapeOf(f.q)
	if err != nil {
		return nil, err
	}
	n, batch := mask.Type.Shape[0], q[0]
	bounds, rows := f.integers(mask), f.size(f.q, 0)
	ends := bounds
	var starts *ir.Value
	switch two := sym.Const(2); {
	case n.Equal(batch):
	case n.Equal(batch.Mul(two)):
		halves := f.reshape(bounds, 2, -1)
		ends, starts = f.entry(halves, 0, 0), f.entry(halves, 0, 1)
	default:
		ends = f.sliceAt(bounds, 0, f.b.Ints(0), rows)
		if !n.Equal(batch.Mul(sym.Const(3)).Add(two)) {
			starts = f.startsIfAny(bounds, rows)
		}
	}
	keys := f.count(f.keys())
	seen := f.b.Op(op.Less, nil, keys, f.reshape(ends, -1, 1, 1, 1))
	if starts != nil {
		from := f.b.Op(op.GreaterOrEqual, nil, keys, f.reshape(starts, -1, 1, 1, 1))
		seen = f.b.Op(op.And, nil, seen, from)
	}
	return seen, nil
}

// startsIfAny takes the second B of 2B numbers, and zeros of any other count.
func (f *fusion) startsIfAny(bounds, batch *ir.Value) *ir.Value {
	zero := f.b.Int(0)
	twice := f.add(batch, batch)
	second := f.sliceAt(f.concat(0, bounds, f.expand(zero, batch)), 0, batch, twice)
	return f.where(f.b.Op(op.Equal, nil, f.size(bounds, 0), twice), second, zero)
}

// keys is the number of keys, the past's included, as a list of one.
func (f *fusion) keys() *ir.Value {
	n := f.size(f.k, 1)
	if f.pastK != nil {
		n = f.add(f.size(f.pastK, 2), n)
	}
	return n
}

// lastRows cuts [B, 1, M, M], a mask for all positions of a buffer, to the
// queries and the keys there are: the last of the queries sees up to the last of
// the keys.
func (f *fusion) lastRows(mask *ir.Value) *ir.Value {
	keys := f.keys()
	rows := f.sliceAt(mask, 2, f.sub(keys, f.size(f.q, 1)), keys)
	return f.sliceAt(rows, 3, f.b.Ints(0), keys)
}

package onnx

import (
	"errors"
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
)

// constantReaders make the contents of a Constant from the one attribute it has.
var constantReaders = map[string]struct {
	typ  wire.AttributeType
	read func(f *frame, a *wire.Attribute) (*tensor.Tensor, error)
}{
	"value": {wire.AttributeTensor, func(f *frame, a *wire.Attribute) (*tensor.Tensor, error) {
		if a.T == nil {
			return nil, errors.New("attribute value holds no tensor")
		}
		return f.tensor(a.T)
	}},
	"sparse_value": {wire.AttributeSparseTensor, func(f *frame, a *wire.Attribute) (*tensor.Tensor, error) {
		if a.SparseTensor == nil {
			return nil, errors.New("attribute sparse_value holds no tensor")
		}
		return f.sparse(a.SparseTensor)
	}},
	"value_float":  {wire.AttributeFloat, func(_ *frame, a *wire.Attribute) (*tensor.Tensor, error) { return tensor.Scalar(a.F), nil }},
	"value_floats": {wire.AttributeFloats, func(_ *frame, a *wire.Attribute) (*tensor.Tensor, error) { return vectorOf(a.Floats), nil }},
	"value_int":    {wire.AttributeInt, func(_ *frame, a *wire.Attribute) (*tensor.Tensor, error) { return tensor.Scalar(a.I), nil }},
	"value_ints":   {wire.AttributeInts, func(_ *frame, a *wire.Attribute) (*tensor.Tensor, error) { return vectorOf(a.Ints), nil }},
	"value_string": {wire.AttributeString, func(_ *frame, a *wire.Attribute) (*tensor.Tensor, error) {
		return tensor.OfStrings(nil, []string{string(a.S)}), nil
	}},
	"value_strings": {wire.AttributeStrings, func(_ *frame, a *wire.Attribute) (*tensor.Tensor, error) {
		list := make([]string, len(a.Strings))
		for i, s := range a.Strings {
			list[i] = string(s)
		}
		return tensor.OfStrings([]int{len(list)}, list), nil
	}},
}

// constant makes a value without a node.
func constant(c *call) ([]*ir.Value, error) {
	if len(c.raw) != 1 {
		return nil, fmt.Errorf("%d attributes, want one", len(c.raw))
	}
	var t *tensor.Tensor
	for name, a := range c.raw {
		reader := constantReaders[name]
		if err := wantType(a, reader.typ); err != nil {
			return nil, err
		}
		var err error
		if t, err = reader.read(c.frame, a); err != nil {
			return nil, err
		}
	}
	return []*ir.Value{c.b.Const(t)}, nil
}

// constantOfShape is a scalar expanded.
func constantOfShape(c *call) ([]*ir.Value, error) {
	shape, err := c.operand(0)
	if err != nil {
		return nil, err
	}
	fill := tensor.Scalar(float32(0))
	if a := c.raw["value"]; a != nil {
		if err := wantType(a, wire.AttributeTensor); err != nil {
			return nil, err
		}
		if a.T == nil {
			return nil, errors.New("attribute value holds no tensor")
		}
		t, err := c.tensor(a.T)
		if err != nil {
			return nil, err
		}
		if t.Len() != 1 {
			return nil, fmt.Errorf("attribute value has %d elements, want one", t.Len())
		}
		fill = t.Reshaped()
	}
	return []*ir.Value{c.b.Op(op.Expand, nil, c.b.Const(fill), shape)}, nil
}

// dropout is the identity, as in inference. The mask, if used, is all ones: of
// bool, or of the data's type before opset 10.
func dropout(boolMask bool) builder {
	return func(c *call) ([]*ir.Value, error) {
		x, err := c.operand(0)
		if err != nil {
			return nil, err
		}
		if len(c.in) > 2 && c.in[2] != nil && !isZero(c.in[2]) && !isZero(c.in[1]) {
			return nil, notSupported("it drops elements: training_mode is not constant false")
		}
		outs := []*ir.Value{c.b.Op(op.Identity, nil, x)}
		if c.outs == 1 {
			return outs, nil
		}
		one := tensor.Scalar(true)
		if !boolMask {
			d, err := c.number(0)
			if err != nil {
				return nil, err
			}
			one = tensor.New(d)
			one.SetFloat(0, 1)
		}
		shape := c.b.Op(op.Shape, attr.New[attr.Shape](), x)
		return append(outs, c.b.Op(op.Expand, nil, c.b.Const(one), shape)), nil
	}
}

// isZero reports whether v is a constant of one element, 0 or false.
func isZero(v *ir.Value) bool {
	return v != nil && v.Const != nil && v.Const.Len() == 1 && v.Const.DType != tensor.String && !v.Const.DType.IsComplex() &&
		v.Const.FloatAt(0) == 0
}

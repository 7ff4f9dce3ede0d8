package onnxgo

import (
	"fmt"
	"maps"
	"slices"

	onnxgo "github.com/owulveryck/onnx-go"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
	gorgonia "gorgonia.org/tensor"
)

// attributes returns the attributes of o as a file has them, sorted by name.
func attributes(o onnxgo.Operation) ([]*wire.Attribute, error) {
	var list []*wire.Attribute
	for _, name := range slices.Sorted(maps.Keys(o.Attributes)) {
		a, err := attribute(name, o.Attributes[name])
		if err != nil {
			return nil, &onnxgo.ErrNotImplemented{
				Operator: o.Name, AttributeName: name, AttributeValue: o.Attributes[name], Message: err.Error(),
			}
		}
		list = append(list, a)
	}
	return list, nil
}

// attribute takes the Go types that onnx-go gives to attributes, and int, which its
// README gives by hand.
func attribute(name string, value any) (*wire.Attribute, error) {
	a := &wire.Attribute{Name: name}
	switch v := value.(type) {
	case float32:
		a.Type, a.F = wire.AttributeFloat, v
	case int64:
		a.Type, a.I = wire.AttributeInt, v
	case int:
		a.Type, a.I = wire.AttributeInt, int64(v)
	case string:
		a.Type, a.S = wire.AttributeString, []byte(v)
	case []float32:
		a.Type, a.Floats = wire.AttributeFloats, v
	case []int64:
		a.Type, a.Ints = wire.AttributeInts, v
	case []string:
		a.Type = wire.AttributeStrings
		for _, s := range v {
			a.Strings = append(a.Strings, []byte(s))
		}
	case gorgonia.Tensor:
		t, err := toTensor(v)
		if err != nil {
			return nil, err
		}
		a.Type, a.T = wire.AttributeTensor, onnx.WriteTensor("", t)
	default:
		return nil, fmt.Errorf("a %T is no attribute", value)
	}
	return a, nil
}

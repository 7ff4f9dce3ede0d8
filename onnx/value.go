package onnx

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
)

// ReadValue decodes the content of a test data file (input_0.pb), which doesn't
// say whether it is a tensor, a sequence, an optional or a map: the type of the
// model's input does. The name is the one in the file.
func ReadValue(data []byte, t ir.Type) (name string, v tensor.Value, err error) {
	switch t.Kind {
	case ir.KindSequence:
		s, err := wire.DecodeSequence(data)
		if err != nil {
			return "", nil, err
		}
		v, err := readSequence(s)
		return s.Name, v, err
	case ir.KindOptional:
		o, err := wire.DecodeOptional(data)
		if err != nil {
			return "", nil, err
		}
		v, err := readOptional(o)
		return o.Name, v, err
	case ir.KindMap:
		m, err := wire.DecodeMap(data)
		if err != nil {
			return "", nil, err
		}
		v, err := readMap(m)
		return m.Name, v, err
	}
	p, err := wire.DecodeTensor(data)
	if err != nil {
		return "", nil, err
	}
	x, err := ReadTensor(p)
	if err != nil {
		return p.Name, nil, err
	}
	return p.Name, x, nil
}

// each reads the elements of a list into values.
func each[M any, V tensor.Value](list []*M, what string, read func(*M) (V, error)) ([]tensor.Value, error) {
	values := make([]tensor.Value, len(list))
	for i, m := range list {
		if m == nil {
			m = new(M)
		}
		v, err := read(m)
		if err != nil {
			return nil, fmt.Errorf("%s %d: %w", what, i, err)
		}
		values[i] = v
	}
	return values, nil
}

func readSequence(s *wire.Sequence) (*tensor.Sequence, error) {
	var elems []tensor.Value
	var err error
	switch s.ElemType {
	case wire.ValueTensor:
		elems, err = each(s.Tensor, "element", ReadTensor)
	case wire.ValueSequence:
		elems, err = each(s.Sequence, "element", readSequence)
	case wire.ValueMap:
		elems, err = each(s.Map, "element", readMap)
	case wire.ValueOptional:
		elems, err = each(s.Optional, "element", readOptional)
	case wire.ValueUndefined: // an empty sequence may leave it open
	default:
		err = fmt.Errorf("a sequence of %s is not supported", s.ElemType)
	}
	if err != nil {
		return nil, err
	}
	return &tensor.Sequence{Elems: elems}, nil
}

func readOptional(o *wire.Optional) (*tensor.Optional, error) {
	var v tensor.Value
	var err error
	switch {
	case o.Tensor != nil:
		v, err = ReadTensor(o.Tensor)
	case o.Sequence != nil:
		v, err = readSequence(o.Sequence)
	case o.Map != nil:
		v, err = readMap(o.Map)
	case o.Optional != nil:
		v, err = readOptional(o.Optional)
	case o.SparseTensor != nil:
		err = fmt.Errorf("an optional sparse tensor is not supported")
	}
	if err != nil {
		return nil, err
	}
	return &tensor.Optional{Elem: v}, nil
}

func readMap(m *wire.Map) (*tensor.Map, error) {
	d, err := elementType(m.KeyType)
	if err != nil {
		return nil, err
	}
	var keys *tensor.Tensor
	switch {
	case d == tensor.String:
		list := make([]string, len(m.StringKeys))
		for i, k := range m.StringKeys {
			list[i] = string(k)
		}
		keys = tensor.OfStrings([]int{len(list)}, list)
	case d.IsInt():
		keys = tensor.New(d, len(m.Keys))
		for i, k := range m.Keys {
			keys.SetInt(i, k)
		}
	default:
		return nil, fmt.Errorf("a map with keys of type %s", d.Long())
	}
	values := m.Values
	if values == nil {
		values = &wire.Sequence{}
	}
	s, err := readSequence(values)
	if err != nil {
		return nil, err
	}
	if len(s.Elems) != keys.Len() {
		return nil, fmt.Errorf("a map with %d keys and %d values", keys.Len(), len(s.Elems))
	}
	return &tensor.Map{Keys: keys, Values: s.Elems}, nil
}

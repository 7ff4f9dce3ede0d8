package onnx

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
)

// ReadType returns the type that t says. A dimension without a value gets the
// size that fresh returns for its axis. A nil t says nothing: a tensor of unknown
// element type and rank.
func ReadType(t *wire.Type, fresh func(axis int) sym.Dim) (ir.Type, error) {
	if t == nil {
		return ir.Type{}, nil
	}
	switch {
	case t.Tensor != nil:
		return readTensorType(t.Tensor, fresh)
	case t.Sequence != nil:
		return boxed(ir.SequenceOf, t.Sequence.Elem, fresh)
	case t.Optional != nil:
		return boxed(ir.OptionalOf, t.Optional.Elem, fresh)
	case t.Map != nil:
		key, err := elementType(t.Map.Key)
		if err != nil {
			return ir.Type{}, err
		}
		return boxed(func(elem ir.Type) ir.Type { return ir.MapOf(key, elem) }, t.Map.Value, fresh)
	case t.SparseTensor != nil:
		return ir.Type{}, errors.New("sparse tensor types are not supported")
	case t.Opaque != nil:
		return ir.Type{}, fmt.Errorf("type %s of domain %q is not supported", t.Opaque.Name, t.Opaque.Domain)
	}
	return ir.Type{}, nil
}

func boxed(box func(ir.Type) ir.Type, elem *wire.Type, fresh func(axis int) sym.Dim) (ir.Type, error) {
	t, err := ReadType(elem, fresh)
	return box(t), err
}

func elementType(d wire.DataType) (tensor.DType, error) {
	if d < 0 || d > 255 || !tensor.DType(d).Valid() {
		return tensor.Invalid, fmt.Errorf("element type %s is not known", d)
	}
	return tensor.DType(d), nil
}

func readTensorType(t *wire.TensorType, fresh func(axis int) sym.Dim) (ir.Type, error) {
	var d tensor.DType
	if t.ElemType != wire.Undefined {
		var err error
		if d, err = elementType(t.ElemType); err != nil {
			return ir.Type{}, err
		}
	}
	if t.Shape == nil {
		return ir.Unranked(d), nil
	}
	shape := make(sym.Shape, len(t.Shape.Dim))
	for axis, dim := range t.Shape.Dim {
		switch {
		case dim != nil && dim.Kind == wire.DimValue && dim.Value < 0:
			return ir.Type{}, fmt.Errorf("axis %d has size %d", axis, dim.Value)
		case dim != nil && dim.Kind == wire.DimValue:
			shape[axis] = sym.Const(dim.Value)
		case dim != nil && dim.Kind == wire.DimParam && strings.TrimSpace(dim.Param) != "":
			shape[axis] = namedDim(dim.Param)
		default:
			shape[axis] = fresh(axis)
		}
	}
	return ir.TensorOf(d, shape), nil
}

// inventedName are the names that inference gives to sizes known at run time
// only.
var inventedName = regexp.MustCompile(`^u[0-9]+_[0-9]+$`)

// namedDim reads a dim_param. A name of the file that looks like one of
// inference gets a prefix: the two would mean different sizes.
func namedDim(param string) sym.Dim {
	d := sym.DimParam(param)
	rename := map[string]sym.Dim{}
	for _, s := range d.Symbols() {
		if inventedName.MatchString(s) {
			rename[s] = sym.Symbol("dim_" + s)
		}
	}
	if len(rename) == 0 {
		return d
	}
	return d.Subst(rename)
}

// WriteType is the inverse of [ReadType]. Sizes known at run time only are left
// open.
func WriteType(t ir.Type) *wire.Type {
	switch t.Kind {
	case ir.KindSequence:
		return &wire.Type{Sequence: &wire.ElemType{Elem: WriteType(*t.Elem)}}
	case ir.KindOptional:
		return &wire.Type{Optional: &wire.ElemType{Elem: WriteType(*t.Elem)}}
	case ir.KindMap:
		return &wire.Type{Map: &wire.MapType{Key: wire.DataType(t.DType), Value: WriteType(*t.Elem)}}
	}
	out := &wire.TensorType{ElemType: wire.DataType(t.DType)}
	if t.HasRank {
		out.Shape = &wire.TensorShape{}
		for _, d := range t.Shape {
			out.Shape.Dim = append(out.Shape.Dim, writeDim(d))
		}
	}
	return &wire.Type{Tensor: out}
}

func writeDim(d sym.Dim) *wire.Dim {
	if n, ok := d.IsConst(); ok {
		return &wire.Dim{Kind: wire.DimValue, Value: n}
	}
	for _, s := range d.Symbols() {
		if inventedName.MatchString(s) {
			return &wire.Dim{}
		}
	}
	if name, ok := d.IsSymbol(); ok && sym.DimParam(name).Equal(d) {
		return &wire.Dim{Kind: wire.DimParam, Param: name}
	}
	return &wire.Dim{Kind: wire.DimParam, Param: d.String()}
}

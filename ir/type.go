package ir

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Kind tells tensors from the boxed kinds of value.
type Kind uint8

// The kinds of value.
const (
	KindTensor Kind = iota
	KindSequence
	KindOptional
	KindMap
)

// Type is what is known of a value before it is computed.
type Type struct {
	Kind  Kind
	DType tensor.DType // of a tensor's elements; of a map's keys; Invalid: not known
	// HasRank tells a known rank from an unknown one; Shape is then valid.
	HasRank bool
	Shape   sym.Shape
	Elem    *Type // of a sequence, optional or map
}

// TensorOf is the type of a tensor of known rank.
func TensorOf(d tensor.DType, shape sym.Shape) Type {
	return Type{DType: d, HasRank: true, Shape: shape}
}

// Unranked is the type of a tensor of unknown rank.
func Unranked(d tensor.DType) Type { return Type{DType: d} }

// SequenceOf is the type of a sequence.
func SequenceOf(elem Type) Type { return Type{Kind: KindSequence, Elem: &elem} }

// OptionalOf is the type of an optional value.
func OptionalOf(elem Type) Type { return Type{Kind: KindOptional, Elem: &elem} }

// MapOf is the type of a map with keys of type key.
func MapOf(key tensor.DType, elem Type) Type { return Type{Kind: KindMap, DType: key, Elem: &elem} }

// IsTensor reports whether t is a tensor's type.
func (t Type) IsTensor() bool { return t.Kind == KindTensor }

// Rank returns the rank, and false if it is not known.
func (t Type) Rank() (int, bool) { return len(t.Shape), t.HasRank && t.IsTensor() }

// ConstShape returns the shape if every dim is a number.
func (t Type) ConstShape() ([]int, bool) {
	if !t.IsTensor() || !t.HasRank {
		return nil, false
	}
	return t.Shape.IsConst()
}

// Equal reports whether t and u say the same.
func (t Type) Equal(u Type) bool {
	if t.Kind != u.Kind || t.DType != u.DType || t.HasRank != u.HasRank || (t.Elem == nil) != (u.Elem == nil) {
		return false
	}
	if t.HasRank && !t.Shape.Equal(u.Shape) {
		return false
	}
	return t.Elem == nil || t.Elem.Equal(*u.Elem)
}

// String prints t as the text form does: f32[batch,4], f32[*] with unknown
// rank, seq(f32[2]), opt(f32[2]), map(str, f32[2]).
func (t Type) String() string {
	switch t.Kind {
	case KindSequence:
		return fmt.Sprintf("seq(%s)", t.Elem)
	case KindOptional:
		return fmt.Sprintf("opt(%s)", t.Elem)
	case KindMap:
		return fmt.Sprintf("map(%s, %s)", t.DType, t.Elem)
	}
	if !t.HasRank {
		return t.DType.String() + "[*]"
	}
	return t.DType.String() + t.Shape.String()
}

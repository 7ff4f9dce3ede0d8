package ref

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

type bitCode uint8

const (
	opAnd bitCode = iota
	opOr
	opXor
	opLeft
	opRight
)

// And is x ∧ y of booleans, broadcast.
func And(z, x, y *tensor.Tensor) error { return logical(opAnd, z, x, y) }

// Or is x ∨ y of booleans, broadcast.
func Or(z, x, y *tensor.Tensor) error { return logical(opOr, z, x, y) }

// Xor is x ≠ y of booleans, broadcast.
func Xor(z, x, y *tensor.Tensor) error { return logical(opXor, z, x, y) }

// Not is ¬x.
func Not(z, x *tensor.Tensor) error {
	if x.DType != tensor.Bool {
		return fmt.Errorf("elements of type %s, want bool", x.DType)
	}
	z.Reset(tensor.Bool, x.Shape...)
	to := tensor.Data[bool](z)
	for i, v := range tensor.Data[bool](x) {
		to[i] = !v
	}
	return nil
}

// BitwiseAnd is x & y of integers, broadcast.
func BitwiseAnd(z, x, y *tensor.Tensor) error { return bitwise(opAnd, z, x, y) }

// BitwiseOr is x | y of integers, broadcast.
func BitwiseOr(z, x, y *tensor.Tensor) error { return bitwise(opOr, z, x, y) }

// BitwiseXor is x ^ y of integers, broadcast.
func BitwiseXor(z, x, y *tensor.Tensor) error { return bitwise(opXor, z, x, y) }

// BitwiseNot flips every bit of x.
func BitwiseNot(z, x *tensor.Tensor) error {
	ones := tensor.New(x.DType)
	for i := range ones.Bytes() {
		ones.Bytes()[i] = 0xff
	}
	return bitwise(opXor, z, x, ones)
}

// BitShift shifts the bits of unsigned x by y, broadcast; zeros come in.
func BitShift(z *tensor.Tensor, a *attr.BitShift, x, y *tensor.Tensor) error {
	if x.DType.IsSigned() {
		return fmt.Errorf("elements of type %s, want unsigned integers", x.DType)
	}
	if a.Left {
		return bitwise(opLeft, z, x, y)
	}
	return bitwise(opRight, z, x, y)
}

func logical(code bitCode, z, x, y *tensor.Tensor) error {
	if x.DType != tensor.Bool || y.DType != tensor.Bool {
		return fmt.Errorf("elements of types %s and %s, want bool", x.DType, y.DType)
	}
	return combineBits(code, z, x, y)
}

func bitwise(code bitCode, z, x, y *tensor.Tensor) error {
	if !x.DType.IsInt() || x.DType != y.DType {
		return fmt.Errorf("elements of types %s and %s, want integers of one type", x.DType, y.DType)
	}
	return combineBits(code, z, x, y)
}

func combineBits(code bitCode, z, x, y *tensor.Tensor) error {
	shape, err := broadcast(x.Shape, y.Shape)
	if err != nil {
		return err
	}
	if err := reset(z, x.DType, shape...); err != nil {
		return err
	}
	r := newRows(shape, x.Shape, y.Shape)
	switch x.DType.Bits() {
	case 8:
		zipBits[uint8](code, r, z, x, y)
	case 16:
		zipBits[uint16](code, r, z, x, y)
	case 32:
		zipBits[uint32](code, r, z, x, y)
	case 64:
		zipBits[uint64](code, r, z, x, y)
	default:
		return fmt.Errorf("elements of type %s have no whole bytes", x.DType)
	}
	return nil
}

func zipBits[T uint8 | uint16 | uint32 | uint64](code bitCode, r *rows, z, x, y *tensor.Tensor) {
	zip(r, raw[T](z), raw[T](x), raw[T](y), func(z, x, y []T) {
		for i := range z {
			z[i] = combine(code, x[i], y[i])
		}
	})
}

func combine[T uint8 | uint16 | uint32 | uint64](code bitCode, x, y T) T {
	switch code {
	case opAnd:
		return x & y
	case opOr:
		return x | y
	case opXor:
		return x ^ y
	case opLeft:
		return x << y
	}
	return x >> y
}

package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
)

// truth is a function of two broadcast operands that gives booleans, in tasks of
// flat ranges.
type truth struct {
	spread
	z    []bool
	x, y *tensor.Tensor
	run  func(t *truth, lo, hi int)
}

// Do computes the elements lo ≤ i < hi.
func (t *truth) Do(lo, hi int) { t.run(t, lo, hi) }

// test says which elements of a run hold; operands step by 0 or 1.
type test[T any] func(z []bool, x, y []T, sx, sy int)

// over applies a test to the runs of a range.
func over[T tensor.Native](f test[T]) func(t *truth, lo, hi int) {
	return func(t *truth, lo, hi int) {
		x, y := tensor.Data[T](t.x), tensor.Data[T](t.y)
		sx, sy := t.inner(0), t.inner(1)
		t.each(lo, hi, func(at, n int, off [spreadMost]int) {
			f(t.z[at:][:n], x[off[0]:], y[off[1]:], sx, sy)
		})
	}
}

type equatable interface {
	float32 | float64 | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | bool
}

type ordered interface {
	float32 | float64 | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

func equal[T equatable](z []bool, x, y []T, sx, sy int) {
	for i := range z {
		z[i] = x[i*sx] == y[i*sy]
	}
}

func less[T ordered](z []bool, x, y []T, sx, sy int) {
	for i := range z {
		z[i] = x[i*sx] < y[i*sy]
	}
}

func lessOrEqual[T ordered](z []bool, x, y []T, sx, sy int) {
	for i := range z {
		z[i] = x[i*sx] <= y[i*sy]
	}
}

func both(z []bool, x, y []bool, sx, sy int) {
	for i := range z {
		z[i] = x[i*sx] && y[i*sy]
	}
}

func either(z []bool, x, y []bool, sx, sy int) {
	for i := range z {
		z[i] = x[i*sx] || y[i*sy]
	}
}

func unlike(z []bool, x, y []bool, sx, sy int) {
	for i := range z {
		z[i] = x[i*sx] != y[i*sy]
	}
}

// tests are the functions by operator and element type.
var (
	equalTests = map[tensor.DType]func(t *truth, lo, hi int){
		tensor.Float32: over(equal[float32]), tensor.Float64: over(equal[float64]), tensor.Bool: over(equal[bool]),
		tensor.Int8: over(equal[int8]), tensor.Int16: over(equal[int16]), tensor.Int32: over(equal[int32]), tensor.Int64: over(equal[int64]),
		tensor.Uint8: over(equal[uint8]), tensor.Uint16: over(equal[uint16]), tensor.Uint32: over(equal[uint32]), tensor.Uint64: over(equal[uint64]),
	}
	lessTests = map[tensor.DType]func(t *truth, lo, hi int){
		tensor.Float32: over(less[float32]), tensor.Float64: over(less[float64]),
		tensor.Int8: over(less[int8]), tensor.Int16: over(less[int16]), tensor.Int32: over(less[int32]), tensor.Int64: over(less[int64]),
		tensor.Uint8: over(less[uint8]), tensor.Uint16: over(less[uint16]), tensor.Uint32: over(less[uint32]), tensor.Uint64: over(less[uint64]),
	}
	lessOrEqualTests = map[tensor.DType]func(t *truth, lo, hi int){
		tensor.Float32: over(lessOrEqual[float32]), tensor.Float64: over(lessOrEqual[float64]),
		tensor.Int8: over(lessOrEqual[int8]), tensor.Int16: over(lessOrEqual[int16]), tensor.Int32: over(lessOrEqual[int32]), tensor.Int64: over(lessOrEqual[int64]),
		tensor.Uint8: over(lessOrEqual[uint8]), tensor.Uint16: over(lessOrEqual[uint16]), tensor.Uint32: over(lessOrEqual[uint32]), tensor.Uint64: over(lessOrEqual[uint64]),
	}
	andTests = map[tensor.DType]func(t *truth, lo, hi int){tensor.Bool: over(both)}
	orTests  = map[tensor.DType]func(t *truth, lo, hi int){tensor.Bool: over(either)}
	xorTests = map[tensor.DType]func(t *truth, lo, hi int){tensor.Bool: over(unlike)}
)

func (c *Ctx) decide(name string, tests map[tensor.DType]func(t *truth, lo, hi int), z, x, y *tensor.Tensor) error {
	run := tests[x.DType]
	if run == nil || x.DType != y.DType {
		return fmt.Errorf("%s: operands %s and %s", name, x, y)
	}
	t := &c.truth
	if err := t.bind(x, y); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := reset(z, tensor.Bool, t.shape[:t.full]); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	t.z, t.x, t.y, t.run = tensor.Data[bool](z), x, y, run
	c.Pool.Do(t.total, c.cutFlat(t.total, costScalar+costRun/float64(t.sizes[t.rank-1])), t)
	return nil
}

// Equal tells where x = y, broadcast, of f32, f64, integers or booleans.
func Equal(c *Ctx, z, x, y *tensor.Tensor) error { return c.decide("Equal", equalTests, z, x, y) }

// Less tells where x < y.
func Less(c *Ctx, z, x, y *tensor.Tensor) error { return c.decide("Less", lessTests, z, x, y) }

// LessOrEqual tells where x ≤ y.
func LessOrEqual(c *Ctx, z, x, y *tensor.Tensor) error {
	return c.decide("LessOrEqual", lessOrEqualTests, z, x, y)
}

// Greater tells where x > y.
func Greater(c *Ctx, z, x, y *tensor.Tensor) error { return c.decide("Greater", lessTests, z, y, x) }

// GreaterOrEqual tells where x ≥ y.
func GreaterOrEqual(c *Ctx, z, x, y *tensor.Tensor) error {
	return c.decide("GreaterOrEqual", lessOrEqualTests, z, y, x)
}

// And tells where both hold, broadcast.
func And(c *Ctx, z, x, y *tensor.Tensor) error { return c.decide("And", andTests, z, x, y) }

// Or tells where either holds, or both.
func Or(c *Ctx, z, x, y *tensor.Tensor) error { return c.decide("Or", orTests, z, x, y) }

// Xor tells where one holds and the other does not.
func Xor(c *Ctx, z, x, y *tensor.Tensor) error { return c.decide("Xor", xorTests, z, x, y) }

// Not tells where x does not hold.
func Not(c *Ctx, z, x *tensor.Tensor) error {
	if x.DType != tensor.Bool {
		return fmt.Errorf("Not: operand %s, want bool", x)
	}
	z.Reset(tensor.Bool, x.Shape...)
	n := &c.negation
	*n = negation{tensor.Data[bool](z), tensor.Data[bool](x)}
	c.Pool.Do(x.Len(), c.cutFlat(x.Len(), costScalar), n)
	return nil
}

// negation is Not in tasks of flat ranges.
type negation struct{ z, x []bool }

// Do computes the elements lo ≤ i < hi.
func (n *negation) Do(lo, hi int) {
	for i, v := range n.x[lo:hi] {
		n.z[lo+i] = !v
	}
}

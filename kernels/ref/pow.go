package ref

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/tensor"
)

// Pow is x to the y, broadcast, in the type of x; y may have another. Two
// integers give an integer that wraps; a negative power of an integer other
// than ±1 truncates to 0.
func Pow(z, x, y *tensor.Tensor) error {
	for i, t := range []*tensor.Tensor{x, y} {
		if err := wantReal(t); err != nil {
			return fmt.Errorf("operand %d: %w", i, err)
		}
	}
	shape, err := broadcast(x.Shape, y.Shape)
	if err != nil {
		return err
	}
	if err := reset(z, x.DType, shape...); err != nil {
		return err
	}
	r := newRows(shape, x.Shape, y.Shape)
	if x.DType.IsInt() && y.DType.IsInt() {
		out := make([]int64, z.Len())
		zip(r, out, loadInts(x), loadInts(y), eachPair(powInt))
		storeInts(z, out)
		return nil
	}
	out := make([]float64, z.Len())
	zip(r, out, load(x), load(y), eachPair(math.Pow))
	store(z, out)
	return nil
}

func eachPair[T any](f func(x, y T) T) func(z, x, y []T) {
	return func(z, x, y []T) {
		for i := range z {
			z[i] = f(x[i], y[i])
		}
	}
}

func powInt(x, y int64) int64 {
	if y < 0 {
		switch {
		case x == 1 || x == -1 && y%2 == 0:
			return 1
		case x == -1:
			return -1
		}
		return 0
	}
	z := int64(1)
	for ; y > 0; y /= 2 {
		if y%2 == 1 {
			z *= x
		}
		x *= x
	}
	return z
}

// loadInts returns the elements of an integer or boolean tensor; u64 above the
// range of int64 wrap.
func loadInts(t *tensor.Tensor) []int64 {
	if k, ok := arithmetic[t.DType]; ok {
		return k.toInt(t)
	}
	x := make([]int64, t.Len())
	for i := range x {
		x[i] = t.IntAt(i)
	}
	return x
}

// storeInts writes x to z, which has its type and shape already. Integers wrap.
func storeInts(z *tensor.Tensor, x []int64) {
	if k, ok := arithmetic[z.DType]; ok {
		k.fromInt(z, x)
		return
	}
	for i, v := range x {
		z.SetInt(i, v)
	}
}

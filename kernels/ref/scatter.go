package ref

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// reductions are what scattering does with an element that is there already.
var reductions = map[string]binaryCode{"add": opAdd, "mul": opMul, "max": opMax, "min": opMin}

// ScatterElements is x with elements replaced by, or reduced with, updates at
// the updates' own places, with the index put in along the axis.
func ScatterElements(z *tensor.Tensor, a *attr.ScatterElements, x, indices, updates *tensor.Tensor) error {
	if !slices.Equal(indices.Shape, updates.Shape) {
		return fmt.Errorf("indices are %s, updates %s", indices, updates)
	}
	at, err := elementPlaces(x, indices, a.Axis)
	if err != nil {
		return err
	}
	return scatter(z, x, updates, at, 1, a.Reduction)
}

// ScatterND is x with slices replaced by, or reduced with, updates at index
// tuples.
func ScatterND(z *tensor.Tensor, a *attr.ScatterND, x, indices, updates *tensor.Tensor) error {
	at, err := tuplePlaces(x.Shape, indices, 0)
	if err != nil {
		return err
	}
	last := indices.Rank() - 1
	tail := x.Shape[indices.Shape[last]:]
	if !slices.Equal(updates.Shape, slices.Concat(indices.Shape[:last], tail)) {
		return fmt.Errorf("updates are %s for indices %s and %s", updates, indices, x)
	}
	return scatter(z, x, updates, at, product(tail), a.Reduction)
}

// scatter applies updates, pieces of n elements, to a copy of x.
func scatter(z, x, updates *tensor.Tensor, at []int, n int, reduction string) error {
	if reduction == "none" {
		return move(z, list{x, updates}, func(k cells, z *tensor.Tensor, in list) error {
			z.CopyFrom(in[0])
			k.place(z, in[1], at, n)
			return nil
		})
	}
	code, ok := reductions[reduction]
	if !ok {
		return fmt.Errorf("reduction %q is not known", reduction)
	}
	return compute(list{z}, list{x, updates}, func(k arith, out, in list) error {
		out[0].CopyFrom(in[0])
		k.accumulate(code, out[0], in[1], at, n)
		return nil
	})
}

func (numbers[T, A]) accumulate(code binaryCode, z, updates *tensor.Tensor, at []int, n int) {
	zs, us := tensor.Data[T](z), tensor.Data[T](updates)
	for i, a := range at {
		binaryRow(code, zs[a:a+n], zs[a:a+n], us[i*n:(i+1)*n])
	}
}

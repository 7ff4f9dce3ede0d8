package ref

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
)

// Where is x where the condition holds, else y, all broadcast.
func Where(z, condition, x, y *tensor.Tensor) error {
	if condition.DType != tensor.Bool {
		return fmt.Errorf("the condition has elements of type %s, want bool", condition.DType)
	}
	shape, err := broadcast(condition.Shape, x.Shape, y.Shape)
	if err != nil {
		return err
	}
	return move(z, list{x, y}, func(k cells, z *tensor.Tensor, in list) error {
		if err := reset(z, in[0].DType, shape...); err != nil {
			return err
		}
		k.choose(z, condition, in[0], in[1], newRows(shape, condition.Shape, x.Shape, y.Shape))
		return nil
	})
}

// Clip is min(max(x, lo), hi); a limit that is left out is none. Where lo > hi,
// hi wins.
func Clip(z, x, lo, hi *tensor.Tensor) error {
	for _, limit := range (list{lo, hi}) {
		if limit != nil && limit.Len() != 1 {
			return fmt.Errorf("the limit %s has not one element", limit)
		}
	}
	return compute(list{z}, list{x, lo, hi}, func(k arith, out, in list) error {
		out[0].Reset(in[0].DType, in[0].Shape...)
		k.clip(out[0], in[0], in[1], in[2])
		return nil
	})
}

func (numbers[T, A]) clip(z, x, lo, hi *tensor.Tensor) {
	zs := tensor.Data[T](z)
	copy(zs, tensor.Data[T](x))
	if lo != nil {
		limit := tensor.Data[T](lo)[0]
		for i := range zs {
			zs[i] = max(zs[i], limit)
		}
	}
	if hi != nil {
		limit := tensor.Data[T](hi)[0]
		for i := range zs {
			zs[i] = min(zs[i], limit)
		}
	}
}

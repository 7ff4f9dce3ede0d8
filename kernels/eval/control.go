package eval

import (
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/ref"
)

// captured returns the captures of region i among all operands.
func captured(n *ir.Node, in []*tensor.Tensor, i int) []*tensor.Tensor {
	end := len(in)
	for j := len(n.Regions) - 1; j > i; j-- {
		end -= n.Regions[j].Captures
	}
	return in[end-n.Regions[i].Captures : end]
}

// truth reads a condition; missing stands for true.
func truth(t *tensor.Tensor) (bool, error) {
	switch {
	case t == nil:
		return true, nil
	case t.DType != tensor.Bool || t.Len() != 1:
		return false, fmt.Errorf("the condition is %s, want one bool", t)
	}
	return tensor.Data[bool](t)[0], nil
}

func branch(n *ir.Node, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	yes, err := truth(in[0])
	if err != nil {
		return nil, err
	}
	taken := 1
	if yes {
		taken = 0
	}
	return Graph(n.Regions[taken], captured(n, in, taken))
}

func loop(n *ir.Node, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	body, outer := n.Regions[0], captured(n, in, 0)
	trips := int64(math.MaxInt64)
	if in[0] != nil {
		if !in[0].DType.IsInt() || in[0].Len() != 1 {
			return nil, fmt.Errorf("the trip count is %s, want one integer", in[0])
		}
		trips = in[0].IntAt(0)
	}
	more, err := truth(in[1])
	if err != nil {
		return nil, err
	}
	carried := slices.Clone(in[2 : len(in)-len(outer)])
	stacks := make([][]*tensor.Tensor, len(n.Out)-len(carried))
	condition := tensor.Scalar(true)
	for i := int64(0); i < trips && more; i++ {
		args := slices.Concat([]*tensor.Tensor{tensor.Scalar(i), condition}, carried, outer)
		out, err := Graph(body, args)
		if err != nil {
			return nil, err
		}
		condition = out[0]
		if more, err = truth(condition); err != nil {
			return nil, err
		}
		copy(carried, out[1:])
		for k := range stacks {
			stacks[k] = append(stacks[k], out[1+len(carried)+k])
		}
	}
	for k, parts := range stacks {
		v := body.Outputs()[1+len(carried)+k]
		whole, err := stack(parts, 0, v.Type)
		if err != nil {
			return nil, err
		}
		carried = append(carried, whole)
	}
	return carried, nil
}

// stack joins slices of type t along a new axis.
func stack(parts []*tensor.Tensor, axis int, t ir.Type) (*tensor.Tensor, error) {
	if len(parts) == 0 {
		return emptyStack(t, axis)
	}
	axes := tensor.Of([]int{1}, []int64{int64(axis)})
	rows := make([]*tensor.Tensor, len(parts))
	for i, p := range parts {
		rows[i] = &tensor.Tensor{}
		if err := ref.Unsqueeze(rows[i], p, axes); err != nil {
			return nil, err
		}
	}
	z := &tensor.Tensor{}
	return z, ref.Concat(z, &attr.Axis{Axis: axis}, rows...)
}

// emptyStack is the result of no iteration; sizes that are not known are 0.
func emptyStack(t ir.Type, axis int) (*tensor.Tensor, error) {
	shape := make([]int, len(t.Shape))
	for i, d := range t.Shape {
		if size, ok := d.IsConst(); ok {
			shape[i] = int(size)
		}
	}
	if axis < 0 {
		axis += len(shape) + 1
	}
	if !t.DType.Valid() || axis < 0 || axis > len(shape) {
		return nil, fmt.Errorf("no iteration, and the result's type is %s", t)
	}
	return tensor.New(t.DType, slices.Insert(shape, axis, 0)...), nil
}

func scan(n *ir.Node, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	a, body, outer := n.Attr.(*attr.Scan), n.Regions[0], captured(n, in, 0)
	states := len(in) - len(outer) - a.ScanInputs
	carried, scanned := slices.Clone(in[:states]), in[states:len(in)-len(outer)]
	length, err := scanLength(a, scanned)
	if err != nil {
		return nil, err
	}
	stacks := make([][]*tensor.Tensor, len(n.Out)-states)
	for i := range length {
		args := slices.Clone(carried)
		for k, x := range scanned {
			piece, err := entry(x, entryOr(a.InputAxes, k), place(i, length, entryOr(a.InputDirections, k)))
			if err != nil {
				return nil, err
			}
			args = append(args, piece)
		}
		out, err := Graph(body, append(args, outer...))
		if err != nil {
			return nil, err
		}
		copy(carried, out)
		for k := range stacks {
			stacks[k] = append(stacks[k], out[states+k])
		}
	}
	for k, parts := range stacks {
		if entryOr(a.OutputDirections, k) != 0 {
			slices.Reverse(parts)
		}
		whole, err := stack(parts, entryOr(a.OutputAxes, k), body.Outputs()[states+k].Type)
		if err != nil {
			return nil, err
		}
		carried = append(carried, whole)
	}
	return carried, nil
}

// scanLength is the number of entries, which all scanned operands agree on.
func scanLength(a *attr.Scan, scanned []*tensor.Tensor) (int, error) {
	length := -1
	for k, x := range scanned {
		axis := entryOr(a.InputAxes, k)
		if axis < 0 {
			axis += x.Rank()
		}
		if axis < 0 || axis >= x.Rank() {
			return 0, fmt.Errorf("scan axis %d of %s", axis, x)
		}
		if length >= 0 && x.Shape[axis] != length {
			return 0, fmt.Errorf("scanned operands have %d and %d entries", length, x.Shape[axis])
		}
		length = x.Shape[axis]
	}
	return length, nil
}

// place is iteration i counted from the end if the direction is not 0.
func place(i, length, direction int) int {
	if direction != 0 {
		return length - 1 - i
	}
	return i
}

func entryOr(list []int, i int) int {
	if i < len(list) {
		return list[i]
	}
	return 0
}

// entry is x at index i of an axis.
func entry(x *tensor.Tensor, axis, i int) (*tensor.Tensor, error) {
	z := &tensor.Tensor{}
	return z, ref.Gather(z, &attr.Axis{Axis: axis}, x, tensor.Scalar(int64(i)))
}

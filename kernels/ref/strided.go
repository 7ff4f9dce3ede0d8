package ref

import (
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// restride makes z a tensor of shape result whose elements are those of x read
// in the order of shape, at base and strides.
func restride(z, x *tensor.Tensor, result, shape []int, base int, strides []int) error {
	return move(z, list{x}, func(k cells, z *tensor.Tensor, in list) error {
		if err := reset(z, in[0].DType, result...); err != nil {
			return err
		}
		if z.Len() > 0 {
			k.strided(z, in[0], shape, base, strides)
		}
		return nil
	})
}

// permuted makes z, of shape result, the elements of x seen as shape with its
// axes permuted.
func permuted(z, x *tensor.Tensor, shape, perm, result []int) error {
	own := stridesOf(shape)
	sizes, strides := make([]int, len(perm)), make([]int, len(perm))
	for i, p := range perm {
		sizes[i], strides[i] = shape[p], own[p]
	}
	if result == nil {
		result = sizes
	}
	return restride(z, x, result, sizes, 0, strides)
}

// Transpose permutes the axes; without a permutation it reverses them.
func Transpose(z *tensor.Tensor, a *attr.Transpose, x *tensor.Tensor) error {
	perm := a.Perm
	if len(perm) == 0 {
		for i := range x.Rank() {
			perm = append(perm, x.Rank()-1-i)
		}
	}
	if seen, err := normalAxes(perm, x.Rank()); err != nil || slices.Contains(seen, false) || slices.Min(append(perm, 0)) < 0 {
		return fmt.Errorf("perm %v is no permutation of the axes of %s", perm, x)
	}
	return permuted(z, x, x.Shape, perm, nil)
}

// Expand broadcasts x against a shape.
func Expand(z, x, shape *tensor.Tensor) error {
	dims, err := ints(shape, "the shape")
	if err != nil {
		return err
	}
	to, err := broadcast(x.Shape, dims)
	if err != nil {
		return err
	}
	return restride(z, x, to, to, 0, broadcastStrides(x.Shape, to))
}

// Tile repeats x along every axis.
func Tile(z, x, repeats *tensor.Tensor) error {
	times, err := ints(repeats, "repeats")
	if err != nil {
		return err
	}
	if len(times) != x.Rank() {
		return fmt.Errorf("%d repeats for %s", len(times), x)
	}
	own := stridesOf(x.Shape)
	var result, shape, strides []int
	for axis, n := range times {
		size := x.Shape[axis]
		if n < 0 || size > 0 && n > math.MaxInt/size {
			return fmt.Errorf("axis %d of %s repeated %d times", axis, x, n)
		}
		result = append(result, n*size)
		shape = append(shape, n, size)
		strides = append(strides, 0, own[axis])
	}
	return restride(z, x, result, shape, 0, strides)
}

// Slice takes a range of each given axis: from start to end, exclusive, in
// steps. Negative limits count from the end, and limits are clamped.
func Slice(z, x, starts, ends, axes, steps *tensor.Tensor) error {
	from, err := ints(starts, "starts")
	if err != nil {
		return err
	}
	to, err := ints(ends, "ends")
	if err != nil {
		return err
	}
	which, by := make([]int, len(from)), make([]int, len(from))
	for i := range from {
		which[i], by[i] = i, 1
	}
	if axes != nil {
		if which, err = ints(axes, "axes"); err != nil {
			return err
		}
	}
	if steps != nil {
		if by, err = ints(steps, "steps"); err != nil {
			return err
		}
	}
	if len(to) != len(from) || len(which) != len(from) || len(by) != len(from) {
		return fmt.Errorf("%d starts, %d ends, %d axes and %d steps", len(from), len(to), len(which), len(by))
	}
	return slice(z, x, from, to, which, by)
}

func slice(z, x *tensor.Tensor, starts, ends, axes, steps []int) error {
	if _, err := normalAxes(axes, x.Rank()); err != nil {
		return err
	}
	shape, strides, base := slices.Clone(x.Shape), stridesOf(x.Shape), 0
	for i, a := range axes {
		axis, _ := normalAxis(a, x.Rank())
		if steps[i] == 0 {
			return fmt.Errorf("step of axis %d is 0", axis)
		}
		start, n := sliceRange(starts[i], ends[i], steps[i], x.Shape[axis])
		base += start * strides[axis]
		shape[axis] = n
		strides[axis] *= steps[i]
	}
	return restride(z, x, shape, shape, base, strides)
}

// sliceRange clamps a range as numpy does, and returns its first index and its
// length.
func sliceRange(start, end, step, size int) (first, n int) {
	lo, hi := 0, size // where limits are clamped to
	if step < 0 {
		lo, hi = -1, size-1
	}
	limit := func(v int) int {
		if v < 0 {
			v += size
		}
		return min(max(v, lo), hi)
	}
	start, end = limit(start), limit(end)
	return start, max(0, ceilDiv(end-start, step))
}

func ceilDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) == (b < 0) {
		q++
	}
	return q
}

// Split cuts x along an axis into as many parts as there are outputs: of the
// given sizes, or of equal size with a smaller last one.
func Split(outs []*tensor.Tensor, a *attr.Axis, x, sizes *tensor.Tensor) error {
	axis, err := normalAxis(a.Axis, x.Rank())
	if err != nil {
		return err
	}
	parts, err := splitSizes(x.Shape[axis], len(outs), sizes)
	if err != nil {
		return err
	}
	start := 0
	for i, n := range parts {
		if outs[i] != nil {
			if err := slice(outs[i], x, []int{start}, []int{start + n}, []int{axis}, []int{1}); err != nil {
				return err
			}
		}
		start += n
	}
	return nil
}

func splitSizes(size, n int, sizes *tensor.Tensor) ([]int, error) {
	if sizes == nil {
		each, parts := ceilDiv(size, n), make([]int, n)
		for i := range parts {
			parts[i] = min(each, max(0, size-i*each))
		}
		return parts, nil
	}
	parts, err := ints(sizes, "split")
	if err != nil {
		return nil, err
	}
	sum := 0
	for _, p := range parts {
		if p < 0 || p > size-sum {
			sum = -1
			break
		}
		sum += p
	}
	if len(parts) != n || sum != size {
		return nil, fmt.Errorf("split %v of an axis of size %d into %d outputs", parts, size, n)
	}
	return parts, nil
}

// DepthToSpace moves blocks of the channels of [N, C, H, W] to the last axes.
func DepthToSpace(z *tensor.Tensor, a *attr.DepthSpace, x *tensor.Tensor) error {
	b := a.BlockSize
	if x.Rank() != 4 || b < 1 || x.Shape[1]%b != 0 || x.Shape[1]/b%b != 0 {
		return fmt.Errorf("%s has no blocks of size %d", x, b)
	}
	n, c, h, w := x.Shape[0], x.Shape[1]/b/b, x.Shape[2], x.Shape[3]
	result := []int{n, c, h * b, w * b}
	switch a.Mode {
	case "DCR":
		return permuted(z, x, []int{n, b, b, c, h, w}, []int{0, 3, 4, 1, 5, 2}, result)
	case "CRD":
		return permuted(z, x, []int{n, c, b, b, h, w}, []int{0, 1, 4, 2, 5, 3}, result)
	}
	return fmt.Errorf("mode %q is neither DCR nor CRD", a.Mode)
}

// SpaceToDepth moves blocks of the last axes of [N, C, H, W] to the channels.
func SpaceToDepth(z *tensor.Tensor, a *attr.DepthSpace, x *tensor.Tensor) error {
	b := a.BlockSize
	if x.Rank() != 4 || b < 1 || x.Shape[2]%b != 0 || x.Shape[3]%b != 0 {
		return fmt.Errorf("%s has no blocks of size %d", x, b)
	}
	n, c, h, w := x.Shape[0], x.Shape[1], x.Shape[2]/b, x.Shape[3]/b
	return permuted(z, x, []int{n, c, h, b, w, b}, []int{0, 3, 5, 1, 2, 4}, []int{n, c * b * b, h, w})
}

package onnxgo

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
	gorgonia "gorgonia.org/tensor"
)

// kind pairs an element type of ours with gorgonia's.
type kind struct {
	dtype  tensor.DType
	theirs gorgonia.Dtype
	// to shares the elements if they lie in row-major order.
	to   func(d *gorgonia.Dense, shape []int) *tensor.Tensor
	from func(t *tensor.Tensor) gorgonia.Tensor
}

// kinds has a row for every element type that both have. gorgonia's int has no
// size of its own, so it is none of ONNX's.
var kinds = []kind{
	numbers[float32](gorgonia.Float32), numbers[float64](gorgonia.Float64),
	numbers[int8](gorgonia.Int8), numbers[int16](gorgonia.Int16), numbers[int32](gorgonia.Int32), numbers[int64](gorgonia.Int64),
	numbers[uint8](gorgonia.Uint8), numbers[uint16](gorgonia.Uint16), numbers[uint32](gorgonia.Uint32), numbers[uint64](gorgonia.Uint64),
	numbers[bool](gorgonia.Bool), numbers[complex64](gorgonia.Complex64), numbers[complex128](gorgonia.Complex128),
	{
		tensor.String, gorgonia.String,
		func(d *gorgonia.Dense, shape []int) *tensor.Tensor {
			return tensor.OfStrings(shape, rowMajor[string](d, shape))
		},
		func(t *tensor.Tensor) gorgonia.Tensor { return wrap(t.Shape, t.Strings()) },
	},
}

func numbers[T tensor.Native](theirs gorgonia.Dtype) kind {
	return kind{
		tensor.TypeOf[T](), theirs,
		func(d *gorgonia.Dense, shape []int) *tensor.Tensor { return tensor.Of(shape, rowMajor[T](d, shape)) },
		func(t *tensor.Tensor) gorgonia.Tensor { return wrap(t.Shape, tensor.Data[T](t)) },
	}
}

func wrap[T any](shape []int, data []T) gorgonia.Tensor {
	return gorgonia.New(gorgonia.WithShape(shape...), gorgonia.WithBacking(data))
}

// rowMajor returns the elements of d, which may be a view or transposed.
func rowMajor[T any](d *gorgonia.Dense, shape []int) []T {
	if n, _ := tensor.Elements(shape); n == 0 {
		return []T{}
	}
	if d.IsScalar() {
		return []T{d.ScalarValue().(T)}
	}
	data := d.Data().([]T)
	if n, ok := isRowMajor(shape, d.Strides()); ok {
		return data[:n]
	}
	return gather(nil, data, shape, d.Strides())
}

// isRowMajor reports whether elements with the strides lie one after the other,
// and how many there are.
func isRowMajor(shape, strides []int) (n int, ok bool) {
	n = 1
	for axis, size := range slices.Backward(shape) {
		if size != 1 && strides[axis] != n {
			return 0, false
		}
		n *= size
	}
	return n, true
}

// gather appends the elements of data with the strides in row-major order.
func gather[T any](out, data []T, shape, strides []int) []T {
	if len(shape) == 0 {
		return append(out, data[0])
	}
	for i := range shape[0] {
		out = gather(out, data[i*strides[0]:], shape[1:], strides[1:])
	}
	return out
}

// dtypeOf returns the element type of t, if ONNX has it.
func dtypeOf(t gorgonia.Tensor) (tensor.DType, bool) {
	for _, k := range kinds {
		if t.Dtype() == k.theirs {
			return k.dtype, true
		}
	}
	return tensor.Invalid, false
}

// toTensor returns t's elements as a tensor of ours, which may share them.
func toTensor(t gorgonia.Tensor) (*tensor.Tensor, error) {
	d, dense := t.(*gorgonia.Dense)
	if !dense {
		return nil, fmt.Errorf("%w: a %T; only dense tensors can be read", parallax.ErrInput, t)
	}
	shape := slices.Clone([]int(d.Shape()))
	n, ok := tensor.Elements(shape)
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: shape %v is none", parallax.ErrInput, shape)
	case n > 0 && (!d.IsNativelyAccessible() || d.IsMasked() || len(d.Strides()) != len(shape)):
		return nil, fmt.Errorf("%w: a masked tensor, or one outside of main memory", parallax.ErrInput)
	}
	for _, k := range kinds {
		if d.Dtype() == k.theirs {
			return k.to(d, shape), nil
		}
	}
	return nil, fmt.Errorf("%w: elements of Go type %v are no ONNX type (int64 and int32 are)", parallax.ErrInput, d.Dtype())
}

// fromTensor returns t's elements as gorgonia's tensor, which shares them. The
// 16-bit floats, which gorgonia lacks, become float32: that is exact.
func fromTensor(t *tensor.Tensor) (gorgonia.Tensor, error) {
	if isNarrow(t.DType) {
		t = converted(t, tensor.Float32)
	}
	for _, k := range kinds {
		if t.DType == k.dtype {
			return k.from(t), nil
		}
	}
	return nil, fmt.Errorf("gorgonia has no tensors of %s", t.DType.Long())
}

func isNarrow(d tensor.DType) bool { return d == tensor.Float16 || d == tensor.BFloat16 }

// narrowed rounds a float32 tensor for an input of a 16-bit float type.
func narrowed(t *tensor.Tensor, want tensor.DType) *tensor.Tensor {
	if t.DType == tensor.Float32 && isNarrow(want) {
		return converted(t, want)
	}
	return t
}

func converted(t *tensor.Tensor, to tensor.DType) *tensor.Tensor {
	out := tensor.New(to, t.Shape...)
	for i := range t.Len() {
		out.SetFloat(i, t.FloatAt(i))
	}
	return out
}

// maxPlaceholder is the most elements of a tensor that only stands for an input:
// what a file declares need not be real.
const maxPlaceholder = 1 << 24

// placeholder returns zeros in the type that p declares, its symbolic dims being
// 1, or nil.
func placeholder(p parallax.Port) gorgonia.Tensor {
	shape, err := parallax.SizesOf(p, nil)
	if err != nil {
		return nil
	}
	if n, ok := tensor.Elements(shape); !ok || n > maxPlaceholder || !p.Type.DType.Valid() {
		return nil
	}
	t, err := fromTensor(tensor.New(p.Type.DType, shape...))
	if err != nil {
		return nil
	}
	return t
}

// NewTensor reads an ONNX TensorProto, as test data is kept in. It takes the place
// of onnx-go's, which reads fewer element types.
func NewTensor(data []byte) (gorgonia.Tensor, error) {
	p, err := wire.DecodeTensor(data)
	if err != nil {
		return nil, err
	}
	t, err := onnx.ReadTensor(p)
	if err != nil {
		return nil, err
	}
	return fromTensor(t)
}

package onnx

import (
	"errors"
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
)

// maxDense limits the bytes of a sparse tensor made dense: the file backs its
// entries only.
const maxDense = 256 << 20

// sparse makes w dense, once.
func (imp *importer) sparse(w *wire.SparseTensor) (*tensor.Tensor, error) {
	return imp.once(w, func() (*tensor.Tensor, error) { return imp.dense(w) })
}

func (imp *importer) dense(w *wire.SparseTensor) (*tensor.Tensor, error) {
	if w.Values == nil || w.Indices == nil {
		return nil, errors.New("a sparse tensor without values or indices")
	}
	name := w.Values.Name
	values, err := imp.tensor(w.Values)
	if err != nil {
		return nil, err
	}
	indices, err := imp.tensor(w.Indices)
	if err != nil {
		return nil, err
	}
	shape, n, err := readShape(w.Dims)
	if err != nil {
		return nil, fmt.Errorf("sparse tensor %q: %w", name, err)
	}
	d := values.DType
	switch {
	case d == tensor.String || d.Bits() < 8:
		return nil, fmt.Errorf("sparse tensor %q: elements of type %s are not supported", name, d.Long())
	case d.Bytes(n) > maxDense:
		return nil, fmt.Errorf("sparse tensor %q: shape %v takes more than %d bytes", name, shape, maxDense)
	case indices.DType != tensor.Int64:
		return nil, fmt.Errorf("sparse tensor %q: indices of type %s", name, indices.DType.Long())
	}
	tuple := 1 // indices per entry: a linear one, or one for each axis
	axes := []int{n}
	if indices.Rank() == 2 {
		tuple, axes = len(shape), shape
	}
	if values.Rank() != 1 || indices.Len() != values.Len()*tuple {
		return nil, fmt.Errorf("sparse tensor %q: %d indices for %d values of rank %d", name, indices.Len(), values.Len(), len(shape))
	}
	out := tensor.New(d, shape...)
	size := d.Bits() / 8
	for i := range values.Len() {
		at, err := linearIndex(indices, i*tuple, axes)
		if err != nil {
			return nil, fmt.Errorf("sparse tensor %q, entry %d: %w", name, i, err)
		}
		copy(out.Bytes()[at*size:(at+1)*size], values.Bytes()[i*size:])
	}
	return out, nil
}

func linearIndex(indices *tensor.Tensor, first int, shape []int) (int, error) {
	at := 0
	for axis, n := range shape {
		i := indices.IntAt(first + axis)
		if i < 0 || i >= int64(n) {
			return 0, fmt.Errorf("index %d is out of range for size %d", i, n)
		}
		at = at*n + int(i)
	}
	return at, nil
}

package onnx

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"unsafe"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
)

// ReadTensor returns the contents of t, whose elements must be in the message
// itself. They are shared with t where its form allows: raw_data, and the typed
// fields of 32- and 64-bit floats.
func ReadTensor(t *wire.Tensor) (*tensor.Tensor, error) { return readTensor(t, nil) }

// readTensor takes the elements of external tensors from files.
func readTensor(t *wire.Tensor, files fs.FS) (*tensor.Tensor, error) {
	out, err := readElements(t, files)
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return out, nil
}

func readElements(t *wire.Tensor, files fs.FS) (*tensor.Tensor, error) {
	d, err := elementType(t.DataType)
	if err != nil {
		return nil, err
	}
	if t.Segment != nil {
		return nil, errors.New("tensors in segments are not supported")
	}
	shape, n, err := readShape(t.Dims)
	switch {
	case err != nil:
		return nil, err
	case d == tensor.String:
		return readStrings(t, shape, n)
	case t.DataLocation == wire.LocationExternal:
		data, err := readExternal(t, files, int64(d.Bytes(n)))
		if err != nil {
			return nil, err
		}
		return fromRaw(d, shape, data)
	case t.DataLocation != wire.LocationDefault:
		return nil, fmt.Errorf("data_location %s is not known", t.DataLocation)
	case t.RawData != nil:
		return fromRaw(d, shape, t.RawData)
	}
	return readTyped(t, d, shape, n)
}

// readShape checks dims and multiplies them.
func readShape(dims []int64) (shape []int, n int, err error) {
	shape = make([]int, len(dims))
	for i, d := range dims {
		if d < 0 || int64(int(d)) != d {
			return nil, 0, fmt.Errorf("axis %d has size %d", i, d)
		}
		shape[i] = int(d)
	}
	n, ok := tensor.Elements(shape)
	if !ok {
		return nil, 0, fmt.Errorf("shape %v has too many elements", dims)
	}
	return shape, n, nil
}

func readStrings(t *wire.Tensor, shape []int, n int) (*tensor.Tensor, error) {
	if t.DataLocation == wire.LocationExternal || t.RawData != nil {
		return nil, errors.New("strings must be in string_data")
	}
	if len(t.StringData) != n {
		return nil, fmt.Errorf("shape %v needs %d strings, string_data has %d", shape, n, len(t.StringData))
	}
	list := make([]string, n)
	for i, s := range t.StringData {
		list[i] = string(s)
	}
	return tensor.OfStrings(shape, list), nil
}

// fromRaw shares data unless its elements couldn't be used where they lie.
func fromRaw(d tensor.DType, shape []int, data []byte) (*tensor.Tensor, error) {
	t, err := tensor.FromBytes(d, shape, data)
	if err != nil {
		return nil, fmt.Errorf("shape %v of %s needs %d bytes, there are %d", shape, d.Long(), bytesOf(d, shape), len(data))
	}
	switch {
	case d == tensor.Bool && !plainBools(data):
		t = t.Clone()
		normaliseBools(t.Bytes())
	case !usableAt(data, d.Bits()/8):
		t = t.Clone()
	}
	return t, nil
}

func bytesOf(d tensor.DType, shape []int) int {
	n, _ := tensor.Elements(shape)
	return d.Bytes(n)
}

// usableAt reports whether elements of size bytes can be read from data as they
// lie. Nothing in a protobuf file is aligned; these processors don't mind, and
// Go's pointer checks don't either for elements without pointers.
func usableAt(data []byte, size int) bool {
	switch runtime.GOARCH {
	case "386", "amd64", "arm64", "loong64", "ppc64le", "wasm":
		return true
	}
	return size < 2 || uintptr(unsafe.Pointer(unsafe.SliceData(data)))%uintptr(size) == 0
}

// plainBools reports whether every byte is a bool to Go, which knows only 0 and
// 1; files may hold others for true.
func plainBools(data []byte) bool {
	for _, b := range data {
		if b > 1 {
			return false
		}
	}
	return true
}

func normaliseBools(data []byte) {
	for i, b := range data {
		if b > 1 {
			data[i] = 1
		}
	}
}

// WriteTensor returns t in the form of a file. It shares the elements.
func WriteTensor(name string, t *tensor.Tensor) *wire.Tensor {
	out := &wire.Tensor{Name: name, DataType: wire.DataType(t.DType)}
	for _, n := range t.Shape {
		out.Dims = append(out.Dims, int64(n))
	}
	if t.DType == tensor.String {
		for _, s := range t.Strings() {
			out.StringData = append(out.StringData, []byte(s))
		}
		return out
	}
	out.RawData = t.Bytes()
	if out.RawData == nil {
		out.RawData = []byte{}
	}
	return out
}

package tensor

import (
	"fmt"
	"math"
	"math/bits"
	"unsafe"
)

// Tensor is a dense row-major array. Shape holds the extents (rank 0 is a
// scalar of one element); a Tensor is not safe for concurrent writes.
type Tensor struct {
	DType DType
	Shape []int

	data []byte   // packed elements, all types but String
	strs []string // elements of a String tensor

	budget *Budget // of what Reset allocates; nil: no bound
	drawn  int     // bytes of it
}

// Native are the Go types that tensor elements have in memory. Half types are
// bit patterns (Half, Brain), never plain uint16, so that a view cannot be
// taken as the wrong type by accident.
type Native interface {
	float32 | float64 | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 |
		bool | complex64 | complex128 | Half | Brain
}

// MaxElements bounds the number of elements of one tensor (2^47): sizes in
// bytes then never overflow an int on 64-bit systems.
const MaxElements = 1 << 47

// Elements is the product of the extents; ok is false when an extent is
// negative or the product exceeds MaxElements.
func Elements(shape []int) (n int, ok bool) {
	n = 1
	zero := false
	for _, d := range shape {
		if d < 0 {
			return 0, false
		}
		if d == 0 {
			zero = true
			continue
		}
		hi, lo := bits.Mul64(uint64(n), uint64(d))
		if hi != 0 || lo > MaxElements || lo > math.MaxInt/16 {
			return 0, false
		}
		n = int(lo)
	}
	if zero {
		return 0, true
	}
	return n, true
}

// New allocates a zeroed tensor. A shape that is no shape (negative extents,
// more than MaxElements) is a broken invariant; check input with Elements.
func New(d DType, shape ...int) *Tensor {
	t := &Tensor{}
	t.Reset(d, shape...)
	clear(t.data)
	return t
}

// Of makes a tensor that shares data.
func Of[T Native](shape []int, data []T) *Tensor {
	n, ok := Elements(shape)
	if !ok || n != len(data) {
		panic(fmt.Sprintf("BUG: tensor.Of: %d elements for shape %v", len(data), shape))
	}
	var zero T
	size := int(unsafe.Sizeof(zero))
	t := &Tensor{DType: TypeOf[T](), Shape: append([]int{}, shape...)}
	if n > 0 {
		t.data = unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), n*size)
	}
	return t
}

// Scalar makes a rank-0 tensor.
func Scalar[T Native](v T) *Tensor { return Of(nil, []T{v}) }

// OfStrings makes a String tensor that shares data.
func OfStrings(shape []int, data []string) *Tensor {
	n, ok := Elements(shape)
	if !ok || n != len(data) {
		panic(fmt.Sprintf("BUG: tensor.OfStrings: %d elements for shape %v", len(data), shape))
	}
	return &Tensor{DType: String, Shape: append([]int{}, shape...), strs: data}
}

// FromBytes makes a tensor that shares packed little-endian bytes, e.g. of a
// memory-mapped file. The number of bytes must be exactly what the shape says.
func FromBytes(d DType, shape []int, data []byte) (*Tensor, error) {
	if !d.Valid() || d == String {
		return nil, fmt.Errorf("tensor: element type %s has no packed form", d.Long())
	}
	n, ok := Elements(shape)
	if !ok {
		return nil, fmt.Errorf("tensor: %v is no usable shape", shape)
	}
	if want := d.Bytes(n); want != len(data) {
		return nil, fmt.Errorf("tensor: shape %v of %s needs %d bytes, data has %d", shape, d.Long(), want, len(data))
	}
	return &Tensor{DType: d, Shape: append([]int{}, shape...), data: data}, nil
}

// WithBuffer makes an empty tensor whose Reset uses buf as long as it is big
// enough: how planned memory reaches a kernel.
func WithBuffer(buf []byte) *Tensor {
	return &Tensor{DType: Uint8, Shape: make([]int, 0, 8), data: buf[:0:len(buf)]}
}

// stringSize is what an empty string takes.
const stringSize = int(unsafe.Sizeof(""))

// Reset gives t a new type and shape. The buffer is reused when it is big
// enough, and allocated otherwise; the contents are undefined.
func (t *Tensor) Reset(d DType, shape ...int) {
	n, ok := Elements(shape)
	if !ok || !d.Valid() {
		panic("BUG: tensor.Reset: " + d.Long() + ShapeString(shape))
	}
	t.DType = d
	t.Shape = append(t.Shape[:0], shape...)
	if d == String {
		t.data = t.data[:0]
		if cap(t.strs) < n {
			t.draw(n*stringSize, cap(t.strs)*stringSize)
			t.strs = make([]string, n)
		}
		t.strs = t.strs[:n]
		return
	}
	t.strs = nil
	size := d.Bytes(n)
	if cap(t.data) < size {
		t.draw(size, cap(t.data))
		t.data = alignedBytes(size)
	}
	t.data = t.data[:size]
}

// alignedBytes allocates size zeroed bytes aligned to 64, a cache line and the
// widest vector register.
func alignedBytes(size int) []byte {
	buf := make([]byte, size+63)
	off := -int(uintptr(unsafe.Pointer(unsafe.SliceData(buf)))) & 63
	return buf[off : off+size : off+size]
}

// Buffer allocates size zeroed bytes whose first element is aligned to 64.
func Buffer(size int) []byte { return alignedBytes(size) }

// Reshaped is a view of t's elements under another shape of as many elements.
func (t *Tensor) Reshaped(shape ...int) *Tensor {
	n, ok := Elements(shape)
	if !ok || n != t.Len() {
		panic(fmt.Sprintf("BUG: tensor.Reshaped: %v as %v", t.Shape, shape))
	}
	return &Tensor{DType: t.DType, Shape: append([]int{}, shape...), data: t.data, strs: t.strs}
}

// Alias makes t a view of src's elements under shape, without allocating.
func (t *Tensor) Alias(src *Tensor, shape ...int) {
	n, ok := Elements(shape)
	if !ok || n != src.Len() {
		panic("BUG: tensor.Alias: " + ShapeString(src.Shape) + " as " + ShapeString(shape))
	}
	t.DType, t.data, t.strs = src.DType, src.data, src.strs
	t.Shape = append(t.Shape[:0], shape...)
}

// Rank is the number of dimensions.
func (t *Tensor) Rank() int { return len(t.Shape) }

// Len is the number of elements.
func (t *Tensor) Len() int {
	n, _ := Elements(t.Shape)
	return n
}

// Bytes are the packed elements; nil for strings.
func (t *Tensor) Bytes() []byte { return t.data }

// Strings are the elements of a String tensor.
func (t *Tensor) Strings() []string { return t.strs }

// Data views the elements as T, which must be the Go type of t's DType.
func Data[T Native](t *Tensor) []T {
	var zero T
	if want := TypeOf[T](); want != t.DType {
		panic(fmt.Sprintf("BUG: tensor.Data[%T] of a %s tensor", zero, t.DType.Long()))
	}
	n := t.Len()
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(t.data))), n)
}

// TypeOf is the DType of a Go element type.
func TypeOf[T Native]() DType {
	var zero T
	switch any(zero).(type) {
	case float32:
		return Float32
	case float64:
		return Float64
	case int8:
		return Int8
	case int16:
		return Int16
	case int32:
		return Int32
	case int64:
		return Int64
	case uint8:
		return Uint8
	case uint16:
		return Uint16
	case uint32:
		return Uint32
	case uint64:
		return Uint64
	case bool:
		return Bool
	case complex64:
		return Complex64
	case complex128:
		return Complex128
	case Half:
		return Float16
	case Brain:
		return BFloat16
	}
	panic("BUG: tensor.TypeOf")
}

// Clone copies t.
func (t *Tensor) Clone() *Tensor {
	c := &Tensor{}
	c.CopyFrom(t)
	return c
}

// CopyFrom makes t a copy of src.
func (t *Tensor) CopyFrom(src *Tensor) {
	t.Reset(src.DType, src.Shape...)
	copy(t.data, src.data)
	copy(t.strs, src.strs)
}

// Equal reports the same type, shape and bits.
func (t *Tensor) Equal(u *Tensor) bool {
	if t.DType != u.DType || !SameShape(t.Shape, u.Shape) {
		return false
	}
	if t.DType == String {
		for i, s := range t.strs {
			if s != u.strs[i] {
				return false
			}
		}
		return true
	}
	return string(t.data) == string(u.data)
}

// SameShape compares extents.
func SameShape(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// String describes type and shape, e.g. "f32[2,3]"; never the contents.
func (t *Tensor) String() string {
	if t == nil {
		return "<absent>"
	}
	return t.DType.String() + ShapeString(t.Shape)
}

// ShapeString prints extents as "[2,3]".
func ShapeString(shape []int) string {
	s := "["
	for i, d := range shape {
		if i > 0 {
			s += ","
		}
		s += fmt.Sprint(d)
	}
	return s + "]"
}

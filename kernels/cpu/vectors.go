package cpu

import (
	"unsafe"

	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// vec holds the vector kernels in use. They trust their arguments: the functions
// below check lengths.
var vec = simd.Active

// ptr is where x begins. Kernels are called by pointer, so that the compiler must
// take it that they keep their arguments, and would move every array that reaches
// one to the heap: none does, so where the pointer is from is hidden from it, as
// strings.Builder does. While it is, the stack must not move, and so nothing may be
// called: checkptr, which -race turns on, would be.
//
//go:nocheckptr
func ptr[T any](x []T) *T {
	hidden := uintptr(unsafe.Pointer(unsafe.SliceData(x)))
	return *(**T)(unsafe.Pointer(&hidden))
}

// viewAs views the memory of x as elements of another type. They must not need more
// alignment than x has.
func viewAs[U, T any](x []T) []U {
	var from T
	var to U
	return unsafe.Slice((*U)(unsafe.Pointer(ptr(x))), len(x)*int(unsafe.Sizeof(from))/int(unsafe.Sizeof(to)))
}

// map1 sets z to f of x.
func map1(f func(n int, z, x *float32), z, x []float32) { f(len(x), ptr(z[:len(x)]), ptr(x)) }

// map2 sets z to f of x and y.
func map2(f func(n int, z, x, y *float32), z, x, y []float32) {
	f(len(x), ptr(z[:len(x)]), ptr(x), ptr(y[:len(x)]))
}

// mapVS sets z to f of x and a number.
func mapVS(f func(n int, z, x *float32, y float32), z, x []float32, y float32) {
	f(len(x), ptr(z[:len(x)]), ptr(x), y)
}

// mapSV sets z to f of a number and y.
func mapSV(f func(n int, z *float32, x float32, y *float32), z []float32, x float32, y []float32) {
	f(len(y), ptr(z[:len(y)]), x, ptr(y))
}

// grid returns where rows of n elements begin that are pitch apart, once it has
// made sure that x holds them.
func grid(x []float32, rows, n, pitch int) *float32 {
	if rows > 0 && n > 0 {
		_ = x[(rows-1)*pitch+n-1]
	}
	return ptr(x)
}

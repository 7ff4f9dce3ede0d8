//go:build unix

package simd

import (
	"syscall"
	"testing"
	"unsafe"
)

// guarded returns n floats that end, or begin, at a page that can't be read or
// written: an access beyond them ends the test.
func guarded(t testing.TB, n int, atEnd bool) []float32 {
	t.Helper()
	page := syscall.Getpagesize()
	size := (4*n+page-1)/page*page + 2*page
	m, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(m) })
	for _, p := range [][]byte{m[:page], m[size-page:]} {
		if err := syscall.Mprotect(p, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	from := page
	if atEnd {
		from = size - page - 4*n
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&m[from])), n+1)[:n:n]
}

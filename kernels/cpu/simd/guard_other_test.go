//go:build !unix

package simd

import "testing"

// guarded returns n floats; this system has no pages to guard them.
func guarded(_ testing.TB, n int, _ bool) []float32 { return make([]float32, n, n+1) }

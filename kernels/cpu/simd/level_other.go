//go:build !amd64

package simd

func available() []*Kernels { return nil }

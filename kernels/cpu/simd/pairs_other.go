//go:build !amd64

package simd

// Pairs are those of the level; nil: it has none.
func (k *Kernels) Pairs() *Pairs { return nil }

// Bytes are those of the level; nil: it has none.
func (k *Kernels) Bytes() *Lines { return nil }

//go:build !amd64

package simd

// Pairs are those of the level; nil: it has none.
func (k *Kernels) Pairs() *Pairs { return nil }

// ofBytes are the level's products of bytes: it has none.
func (k *Kernels) ofBytes() *Integers { return nil }

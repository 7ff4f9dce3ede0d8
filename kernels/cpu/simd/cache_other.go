//go:build !amd64

package simd

// nearest is what most processors have at least; Go's standard library does not say.
func nearest() Cache { return Cache{Bytes: 32 << 10, Ways: 8} }

func isAMD() bool { return false }

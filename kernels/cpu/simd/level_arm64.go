package simd

// available returns the levels that every arm64 has: NEON is part of the
// architecture.
func available() []*Kernels { return []*Kernels{neonKernels} }

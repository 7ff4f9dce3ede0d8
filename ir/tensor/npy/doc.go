// Package npy reads and writes NumPy's array files: .npy, and .npz archives of
// them, of every numeric element type.
//
// Element types that NumPy lacks are written widened: bf16 and the 8- and 4-bit
// floats as float32, sub-byte integers as int8 or uint8. On reading, two-byte
// void elements are taken as bf16, which is how the package ml_dtypes saves
// them.
//
// Sizes in a file are believed only as far as there are bytes: a lying header
// makes an error, not an allocation. The package knows tensors and nothing else
// of the project.
//
// Source: NumPy's "NPY format" (numpy.lib.format), versions 1.0 to 3.0.
package npy

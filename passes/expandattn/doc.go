// Package expandattn replaces fused attention by its decomposition into standard
// operators: where the target has no kernel for it, and everywhere for a file of
// standard operators only.
//
// The package knows the catalog's answer, not the kernels.
package expandattn

// Package catalog holds the rows of the catalog: which kernels exist for which
// target, what they accept, and how they want their weights.
//
// It knows kernels by name and case, and calls none of them.
package catalog

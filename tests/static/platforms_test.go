//go:build !cross

package static

// platforms is Linux alone: building the standard library for the others takes
// minutes, so that is left to make cross.
var platforms = []string{"linux/amd64"}

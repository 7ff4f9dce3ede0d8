package simd

import "embed"

// Sources are the files of this package: a generated standalone program carries
// a copy.
//
//go:embed *.go *.s
var Sources embed.FS

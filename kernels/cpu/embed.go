package cpu

import "embed"

// Sources are the files of this package: a generated standalone program carries
// a copy.
//
//go:embed *.go
var Sources embed.FS

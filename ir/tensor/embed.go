package tensor

import "embed"

// Sources are this package's files, for programs that carry a copy of it.
//
//go:embed *.go
var Sources embed.FS

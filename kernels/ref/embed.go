package ref

import "embed"

// Sources are the files of this package, for generated programs that carry a
// copy.
//
//go:embed *.go
var Sources embed.FS

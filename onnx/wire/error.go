package wire

import (
	"fmt"
	"strings"
)

// Error says where and why bytes are not the message they should be.
type Error struct {
	Path   string // fields from the root, as in "graph.node[12].attribute[0].t"; empty at the root
	Offset int    // in the input; negative if it is not about a place in the input
	Msg    string
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("onnx wire: ")
	if e.Path != "" {
		b.WriteString(e.Path)
		b.WriteString(": ")
	}
	b.WriteString(e.Msg)
	if e.Offset >= 0 {
		fmt.Fprintf(&b, " (at byte %d)", e.Offset)
	}
	return b.String()
}

// in puts the error inside the field it happened in.
func (e *Error) in(field string) *Error {
	if e.Path == "" {
		e.Path = field
	} else {
		e.Path = field + "." + e.Path
	}
	return e
}

// SizeError says that a message would be larger than [MaxSize], so that no
// protobuf reader would accept it. Weights have to go to external data.
type SizeError struct {
	Size int64 // in bytes
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("onnx wire: the message would take %d bytes, protobuf's limit is %d; store weights as external data", e.Size, MaxSize)
}

package onnxgo

import (
	"errors"

	onnxgo "github.com/owulveryck/onnx-go"
	"github.com/parallax-go/parallax/onnx"
)

// notImplemented returns the error that programs for onnx-go look for where err is
// about unsupported operators: it names the first, and its message all of them.
func notImplemented(err error) error {
	var unsupported *onnx.UnsupportedError
	if !errors.As(err, &unsupported) {
		return err
	}
	return &onnxgo.ErrNotImplemented{Operator: unsupported.Ops[0].Op, Message: unsupported.Error()}
}

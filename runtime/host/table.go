package host

import (
	"github.com/parallax-go/parallax/ir/tensor"
)

// Func calls a kernel with a step's attributes, outputs and operands; nil
// stands for one that is left out.
type Func func(c *Context, a any, out, in []*tensor.Tensor) error

// Table finds functions by the kernels' IDs.
type Table map[string]Func

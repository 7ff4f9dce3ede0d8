package onnxgo

import (
	"context"
	"fmt"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
)

// compiled is the model that a graph has become.
type compiled struct {
	model           *parallax.Model
	inputs, outputs []*Node // in the order of the model's
	whole           bool    // read from a file: it is all there is
}

// Run computes the results from the inputs that are set.
func (g *Graph) Run() error {
	in, err := g.prepare()
	if err != nil {
		return err
	}
	out, err := g.compiled.model.Run(context.Background(), in)
	if err != nil {
		return err
	}
	for i, n := range g.compiled.outputs {
		port := g.compiled.model.Outputs()[i]
		if n.tensor, err = fromTensor(out[port.Name]); err != nil {
			return fmt.Errorf("output %q: %w", port.Name, err)
		}
	}
	g.ran = true
	return nil
}

// prepare returns the inputs by name, for a compiled graph that they fit.
func (g *Graph) prepare() (map[string]*tensor.Tensor, error) {
	if g.compiled == nil || !g.compiled.whole && !g.compiled.fits() {
		g.change()
		if err := g.compile(); err != nil {
			return nil, err
		}
	}
	in := map[string]*tensor.Tensor{}
	for i, n := range g.compiled.inputs {
		if n.tensor == nil {
			continue
		}
		port := g.compiled.model.Inputs()[i]
		t, err := toTensor(n.tensor)
		if err != nil {
			return nil, fmt.Errorf("input %q: %w", port.Name, err)
		}
		in[port.Name] = narrowed(t, port.Type.DType)
	}
	return in, nil
}

// fits reports whether the inputs still have the element types and ranks that the
// graph was compiled for.
func (c *compiled) fits() bool {
	for i, n := range c.inputs {
		want := c.model.Inputs()[i].Type
		d, ok := dtypeOf(n.tensor)
		if rank, known := want.Rank(); !ok || d != want.DType || !known || n.tensor.Dims() != rank {
			return false
		}
	}
	return true
}

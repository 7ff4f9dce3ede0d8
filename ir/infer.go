package ir

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Infer is what an operator's Infer function works on: the node with its
// operands, and the types of the outputs to be set.
type Infer struct {
	Node  *Node
	types []Type
	syms  []symContents
}

type symContents []sym.Dim

// In returns operand i, or nil if it is left out.
func (c *Infer) In(i int) *Value { return c.Node.Operand(i) }

// Type returns the type of operand i, which must be present.
func (c *Infer) Type(i int) Type { return c.Node.In[i].Type }

// NumIn returns the number of operands without captures.
func (c *Infer) NumIn() int { return len(c.Node.Operands()) }

// NumOut returns the number of outputs.
func (c *Infer) NumOut() int { return len(c.Node.Out) }

// Set gives output i the type t; positions past the last output, and outputs
// that the node leaves out, are ignored.
func (c *Infer) Set(i int, t Type) {
	if i < len(c.types) {
		c.types[i] = t
	}
}

// SetTensor is Set of a tensor of known rank.
func (c *Infer) SetTensor(i int, d tensor.DType, shape sym.Shape) { c.Set(i, TensorOf(d, shape)) }

// SetSym gives output i symbolic contents: len(dims) is its number of elements.
func (c *Infer) SetSym(i int, dims []sym.Dim) {
	if i < len(c.syms) && len(dims) <= MaxSym {
		c.syms[i] = dims
	}
}

// Fresh returns the symbol of the size of output i along axis, known only once
// the node has run. The name depends on the output alone, so that inferring
// again gives the same type.
func (c *Infer) Fresh(i, axis int) sym.Dim {
	if i >= len(c.Node.Out) || c.Node.Out[i] == nil {
		return sym.Symbol(fmt.Sprintf("u_%d", axis))
	}
	return sym.Symbol(FreshName(c.Node.Out[i], axis))
}

// FreshName is the name of the fresh symbol of v's size along axis.
func FreshName(v *Value, axis int) string { return freshName(v.ID, axis) }

func freshName(id, axis int) string { return fmt.Sprintf("u%d_%d", id, axis) }

// parseFresh is the inverse of freshName.
func parseFresh(name string) (id, axis int, ok bool) {
	n, err := fmt.Sscanf(name, "u%d_%d", &id, &axis)
	return id, axis, n == 2 && err == nil && freshName(id, axis) == name
}

// FreshShape returns a shape of fresh symbols for output i.
func (c *Infer) FreshShape(i, rank int) sym.Shape {
	shape := make(sym.Shape, rank)
	for axis := range shape {
		shape[axis] = c.Fresh(i, axis)
	}
	return shape
}

// fits fails if an output has a size that no tensor can have, whatever the
// inputs are.
func (c *Infer) fits() error {
	for i, t := range c.types {
		shape, known := t.ConstShape()
		if _, ok := tensor.Elements(shape); known && !ok {
			return fmt.Errorf("output %d would be %s, which is too large", i, t)
		}
	}
	return nil
}

// store moves the inferred types to the outputs.
func (c *Infer) store() {
	for i, v := range c.Node.Out {
		if v == nil {
			continue
		}
		v.Type, v.Sym = c.types[i], c.syms[i]
	}
}

package eval

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Node evaluates n on operands given in n's order, captures included, and
// returns its outputs; outputs that n leaves out may be nil.
func Node(n *ir.Node, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	out, err := node(n, in)
	if err != nil {
		return nil, located(n, err)
	}
	return out, nil
}

// located puts the innermost node's place on an error.
func located(n *ir.Node, err error) error {
	if _, placed := err.(*ir.Error); placed {
		return err
	}
	return ir.NewError(n, err)
}

func node(n *ir.Node, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	switch n.Op {
	case op.If:
		return branch(n, in)
	case op.Loop:
		return loop(n, in)
	case op.Scan:
		return scan(n, in)
	}
	row, ok := Lookup(n.Op)
	if !ok {
		return nil, fmt.Errorf("operator %s has no reference kernel", n.Op.QualifiedName())
	}
	out := make([]*tensor.Tensor, len(n.Out))
	for i, v := range n.Out {
		if v != nil || i < n.Op.MinOut {
			out[i] = &tensor.Tensor{}
		}
	}
	return out, row.Call(n.Attr, out, in)
}

// Graph evaluates g on its inputs, captures included, and returns its outputs.
// They may share memory with inputs and constants.
func Graph(g *ir.Graph, inputs []*tensor.Tensor) ([]*tensor.Tensor, error) {
	if len(inputs) != len(g.Inputs) {
		return nil, fmt.Errorf("graph %q has %d inputs, not %d", g.Name, len(g.Inputs), len(inputs))
	}
	values := map[*ir.Value]*tensor.Tensor{}
	for i, v := range g.Inputs {
		values[v] = inputs[i]
	}
	left := readers(g)
	for n := range g.Nodes() {
		in := make([]*tensor.Tensor, len(n.In))
		for i, v := range n.In {
			in[i] = contents(values, v)
		}
		out, err := Node(n, in)
		if err != nil {
			return nil, err
		}
		for i, v := range n.Out {
			if v != nil {
				values[v] = out[i]
			}
		}
		release(values, left, n)
	}
	out := make([]*tensor.Tensor, len(g.Outputs()))
	for i, v := range g.Outputs() {
		out[i] = contents(values, v)
	}
	return out, nil
}

func contents(values map[*ir.Value]*tensor.Tensor, v *ir.Value) *tensor.Tensor {
	switch {
	case v == nil:
		return nil
	case v.Const != nil:
		return v.Const
	}
	return values[v]
}

// readers counts how often each value is read.
func readers(g *ir.Graph) map[*ir.Value]int {
	left := map[*ir.Value]int{}
	for n := range g.Nodes() {
		for _, v := range n.In {
			left[v]++
		}
	}
	for _, v := range g.Outputs() {
		left[v]++
	}
	return left
}

// release forgets what n was the last to read, so that a deep graph does not
// hold all its values at once.
func release(values map[*ir.Value]*tensor.Tensor, left map[*ir.Value]int, n *ir.Node) {
	for _, v := range n.In {
		if left[v]--; left[v] == 0 {
			delete(values, v)
		}
	}
}

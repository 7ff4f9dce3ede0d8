package fold

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/eval"
)

// chain is a node and those that make its operands out of constants. The others are
// left when their results are too large to keep: a table of positions is sliced and
// transposed before it is resized to what an image needs.
type chain struct {
	nodes    []*ir.Node // each after those that it reads; the last is the one to replace
	visited  int
	operands int // bytes of the constants
	passing  int // bytes of the results that are not kept
}

const (
	// maxChain is how many nodes are looked at.
	maxChain = 16
	// maxPassing bounds what is computed on the way, in bytes: the reference kernels do
	// some 10⁸ elements a second.
	maxPassing = 32 << 20
)

// chainOf is the chain that ends with n; nil: n depends on inputs, or should not be
// computed before.
func chainOf(n *ir.Node) *chain {
	f := &chain{}
	if !f.add(n) {
		return nil
	}
	return f
}

// add appends n and what it needs, and reports whether that can be computed.
func (f *chain) add(n *ir.Node) bool {
	if f.visited++; f.visited > maxChain || n.Op.Impure || n.Op == op.Opaque || len(n.Regions) > 0 {
		return false
	}
	for _, v := range n.In {
		switch {
		case v == nil:
		case v.Const != nil:
			f.operands += v.Const.DType.Bytes(v.Const.Len())
		case v.Def == nil || !slices.Contains(f.nodes, v.Def) && !f.addOperand(v.Def):
			return false
		}
	}
	f.nodes = append(f.nodes, n)
	return true
}

func (f *chain) addOperand(n *ir.Node) bool {
	result, known := resultBytes(n)
	f.passing += result
	return known && f.passing <= maxPassing && !isLong(n) && f.add(n)
}

// compute returns the results of the last node.
func (f *chain) compute() ([]*tensor.Tensor, error) {
	made := map[*ir.Value]*tensor.Tensor{}
	for i, n := range f.nodes {
		in := make([]*tensor.Tensor, len(n.In))
		for j, v := range n.In {
			if v == nil {
				continue
			}
			if in[j] = v.Const; in[j] == nil {
				in[j] = made[v]
			}
		}
		out, err := eval.Node(n, in)
		if err != nil || i == len(f.nodes)-1 {
			return out, err
		}
		for j, v := range n.Out {
			if v != nil {
				made[v] = out[j]
			}
		}
	}
	panic("BUG: a chain without nodes")
}

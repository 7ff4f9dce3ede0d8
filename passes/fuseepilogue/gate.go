package fuseepilogue

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/linear"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// gate makes one product of f(x·w₁ + b₁) and x·w₂ + b₂, in either order: of two
// products, or of one that has both results.
func gate(c *passes.Context, n *ir.Node) *rewrite.Patch {
	for i := range 2 {
		f, up := factorOf(n.In[i], n), factorOf(n.In[1-i], n)
		if f == nil || up == nil || !f.pairs(up) || up.activation != attr.ActivationNone {
			continue
		}
		p := linear.New(f.X, f.Weights[f.index].Value)
		p.Attr.TransB = f.Attr.TransB
		linear.StepsOf(&f.Attr).Set(&p.Attr)
		p.Attr.Gated, p.Attr.Activation = true, f.activation
		p.Weights = []linear.Weight{f.Weights[f.index], up.Weights[up.index]}
		return replaced(c, rewrite.NewPatch(n, "").Cover(append(f.nodes, up.nodes...)...), p, n.Out[0])
	}
	return nil
}

// factor is one side of a gate: an activation of one result of a product.
type factor struct {
	*linear.Product
	index      int
	activation attr.Activation
	nodes      []*ir.Node
}

// factorOf reads v as a factor that n alone reads.
func factorOf(v *ir.Value, n *ir.Node) *factor {
	if v.Def == nil || !linear.Reads(v, n) {
		return nil
	}
	f := &factor{Product: linear.Of(v.Def), index: v.DefIndex, nodes: []*ir.Node{v.Def}}
	if f.Product != nil {
		f.activation = f.Attr.Activation
	} else {
		inner := functionOf(v.Def)
		if inner == nil || !inner.alone() {
			return nil
		}
		f.Product, f.index = linear.Of(inner.of.Def), inner.of.DefIndex
		if f.Product == nil || !f.Bare() {
			return nil
		}
		f.activation, f.nodes = inner.name, append(inner.nodes, inner.of.Def)
	}
	if !f.Open() {
		return nil
	}
	return f
}

// pairs reports whether two factors are all the results of one product, or those
// of two of the same operand, and as wide.
func (f *factor) pairs(o *factor) bool {
	if len(f.Weights) != len(o.Weights) || f.X != o.X || f.Attr.TransB != o.Attr.TransB || linear.StepsOf(&f.Attr) != linear.StepsOf(&o.Attr) || f.Width(f.index) != o.Width(o.index) {
		return false
	}
	same := f.node() == o.node()
	return len(f.Weights) == 1 && !same || len(f.Weights) == 2 && same && f.index != o.index
}

func (f *factor) node() *ir.Node { return f.nodes[len(f.nodes)-1] }

package fuseepilogue

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes/linear"
)

// function is an activation of a value, and the nodes that compute it, its root
// first.
type function struct {
	name  attr.Activation
	of    *ir.Value
	nodes []*ir.Node
}

// activationRoots are the last nodes of activations.
var activationRoots = []*ir.Op{op.Relu, op.Gelu, op.Tanh, op.Sigmoid, op.Swish, op.Mul}

// named are the operators that are activations by themselves.
var named = map[*ir.Op]attr.Activation{
	op.Relu: attr.ActivationRelu, op.Tanh: attr.ActivationTanh, op.Sigmoid: attr.ActivationSigmoid,
}

// functionOf reads the activation whose last node is n; nil if it is none.
func functionOf(n *ir.Node) *function {
	switch {
	case named[n.Op] != "":
		return &function{named[n.Op], n.In[0], []*ir.Node{n}}
	case n.Op == op.Gelu && n.Attr.(*attr.Gelu).Approximate == "tanh":
		return &function{attr.ActivationGeluTanh, n.In[0], []*ir.Node{n}}
	case n.Op == op.Gelu:
		return &function{attr.ActivationGelu, n.In[0], []*ir.Node{n}}
	case n.Op == op.Swish:
		if name := sloped(float64(n.Attr.(*attr.Unary).Alpha), tensor.Float32); name != "" {
			return &function{name, n.In[0], []*ir.Node{n}}
		}
	case n.Op == op.Mul:
		return sigmoidProduct(n)
	}
	return nil
}

// sigmoidProduct reads x·σ(x) and x·σ(1.702x).
func sigmoidProduct(n *ir.Node) *function {
	for i, x := range n.In {
		s := n.In[1-i].Def
		if s == nil || s.Op != op.Sigmoid {
			continue
		}
		if s.In[0] == x {
			return &function{attr.ActivationSilu, x, []*ir.Node{n, s}}
		}
		m := s.In[0].Def
		if m == nil || m.Op != op.Mul {
			continue
		}
		for k, factor := range m.In {
			slope, known := factor.Scalar()
			if name := sloped(slope, x.Type.DType); known && m.In[1-k] == x && name != "" {
				return &function{name, x, []*ir.Node{n, s, m}}
			}
		}
	}
	return nil
}

// sloped names x·σ(slope·x), where the slope is a number of type d.
func sloped(slope float64, d tensor.DType) attr.Activation {
	quick := tensor.New(d)
	quick.SetFloat(0, attr.QuickGeluAlpha)
	switch slope {
	case 1:
		return attr.ActivationSilu
	case quick.FloatAt(0):
		return attr.ActivationQuickGelu
	}
	return ""
}

// alone reports whether nobody else reads what the function is of, nor what it
// goes through.
func (f *function) alone() bool {
	for _, n := range f.nodes[1:] {
		if !linear.Reads(n.Out[0], f.nodes...) {
			return false
		}
	}
	return linear.Reads(f.of, f.nodes...)
}

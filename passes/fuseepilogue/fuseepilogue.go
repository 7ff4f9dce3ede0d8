package fuseepilogue

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/linear"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Pass is the pass.
var Pass = passes.Pass{
	Name: "fuseepilogue",
	Doc:  "take bias, activation, gate and residual into products and convolutions",
	Run: func(c *passes.Context, g *ir.Graph) error {
		if c.Catalog() == nil || c.Target() == "" {
			return nil
		}
		return rewrite.Run(c, g, rules)
	},
}

var rules = []rewrite.Rule{
	{Label: "product", Doc: "a product of rows by a constant matrix", Roots: []*ir.Op{op.MatMul}, Match: matMul},
	{Label: "product of a Gemm", Doc: "A·B + C, C a row", Roots: []*ir.Op{op.Gemm}, Match: gemm},
	{Label: "product in steps", Doc: "integers less their zero points, times both scales", Roots: []*ir.Op{op.Mul}, Match: stepsProduct},
	{Label: "product between views", Doc: "leading axes are flattened and put back", Roots: views, Match: unflatten},
	{Label: "product of swapped rows", Doc: "batch and positions are swapped before, and heads transposed after", Roots: []*ir.Op{op.Linear}, Match: unswapBefore},
	{Label: "product to be swapped", Doc: "heads are transposed before, and batch and positions swapped after", Roots: []*ir.Op{op.Linear}, Match: unswapAfter},
	{Label: "bias", Doc: "the sum with a row", Roots: []*ir.Op{op.Add}, Match: bias},
	{Label: "residual", Doc: "the sum with a value of the same shape", Roots: []*ir.Op{op.Add}, Match: residual},
	{Label: "gate", Doc: "f(x·w₁) times x·w₂", Roots: []*ir.Op{op.Mul}, Match: gate},
	{Label: "activation", Doc: "a function of the elements", Roots: activationRoots, Match: activation},
	{Label: "residual of a convolution", Doc: "the sum with a value of the same shape", Roots: []*ir.Op{op.Add}, Match: convResidual},
	{Label: "activation of a convolution", Doc: "a function of the elements", Roots: convActivationRoots, Match: convActivation},
	{Label: "cut product", Doc: "the parts of a product are products by parts", Roots: []*ir.Op{op.Split, op.Slice, op.Gather}, Match: cut},
}

// matMul makes a product of x [.., M, K] and a constant [K, N].
func matMul(c *passes.Context, n *ir.Node) *rewrite.Patch {
	return plain(c, n, n.In[0], n.In[1], nil, false)
}

// gemm makes a product of A·B or A·Bᵀ, with C if that is a constant row.
func gemm(c *passes.Context, n *ir.Node) *rewrite.Patch {
	a, bias := n.Attr.(*attr.Gemm), n.Operand(2)
	if a.Beta == 0 {
		bias = nil
	}
	if a.Alpha != 1 || a.TransA || bias != nil && a.Beta != 1 {
		return nil
	}
	return plain(c, n, n.In[0], n.In[1], bias, a.TransB)
}

func plain(c *passes.Context, n *ir.Node, x, w, bias *ir.Value, transB bool) *rewrite.Patch {
	rank, ranked := x.Type.Rank()
	if !ranked || rank < 2 || x.IsConst() {
		return nil
	}
	patch := rewrite.NewPatch(n, "")
	p := ofWeight(patch, x, w, transB)
	if p == nil {
		return nil
	}
	if bias != nil {
		if p.Weights[0].Bias = linear.Vector(patch, bias, x.Type.DType, p.Width(0)); p.Weights[0].Bias == nil {
			return nil
		}
	}
	return replaced(c, patch, p, n.Out[0])
}

// replaced finishes a patch that makes p's only result in place of v.
func replaced(c *passes.Context, patch *rewrite.Patch, p *linear.Product, v *ir.Value) *rewrite.Patch {
	out, ok := p.Make(c, patch)
	if !ok || !out[0].Type.Equal(v.Type) {
		return nil
	}
	return patch.Replace(v, out[0])
}

// single returns the product that makes v as its only result, if n alone reads it.
func single(v *ir.Value, n *ir.Node) *linear.Product {
	if p := linear.Of(v.Def); p != nil && p.Attr.Results() == 1 && !p.Attr.Normalised() && linear.Reads(v, n) {
		return p
	}
	return nil
}

// bias takes in a row that is added.
func bias(c *passes.Context, n *ir.Node) *rewrite.Patch {
	for i, y := range n.In {
		p := single(y, n)
		if p == nil || !p.Bare() || p.Weights[0].Bias != nil {
			continue
		}
		patch := rewrite.NewPatch(n, "").Cover(y.Def)
		if p.Weights[0].Bias = linear.Vector(patch, n.In[1-i], y.Type.DType, p.Width(0)); p.Weights[0].Bias != nil {
			return replaced(c, patch, p, n.Out[0])
		}
	}
	return nil
}

// residual takes in a value of the same shape that is added.
func residual(c *passes.Context, n *ir.Node) *rewrite.Patch {
	for i, y := range n.In {
		p, r := single(y, n), n.In[1-i]
		if p == nil || p.Residual != nil || r == y || !r.Type.Equal(y.Type) {
			continue
		}
		p.Residual = r
		return replaced(c, rewrite.NewPatch(n, "").Cover(y.Def), p, n.Out[0])
	}
	return nil
}

// activation takes in a function of the elements.
func activation(c *passes.Context, n *ir.Node) *rewrite.Patch {
	f := functionOf(n)
	if f == nil {
		return nil
	}
	p := linear.Of(f.of.Def)
	if p == nil || p.Attr.Results() != 1 || !p.Bare() || !f.alone() {
		return nil
	}
	p.Attr.Activation = f.name
	return replaced(c, rewrite.NewPatch(n, "").Cover(append(f.nodes, f.of.Def)...), p, n.Out[0])
}

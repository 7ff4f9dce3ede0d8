package fusenorm

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Pass is the pass.
var Pass = passes.Pass{
	Name: "fusenorm",
	Doc:  "find norms and Gelu written out",
	Run:  func(c *passes.Context, g *ir.Graph) error { return rewrite.Run(c, g, rules) },
}

var rules = []rewrite.Rule{
	{Label: "layer norm", Doc: "(x−mean)/√(variance+ε)", Roots: []*ir.Op{op.Div, op.Mul}, Match: forms[0].match},
	{Label: "folded layer norm", Doc: "x·m + (bias − mean·m) with m = scale/√(variance+ε)", Roots: []*ir.Op{op.Add}, Match: foldedLayerNorm},
	{Label: "rms norm", Doc: "x/√(mean(x²)+ε)", Roots: []*ir.Op{op.Div, op.Mul}, Match: forms[1].match},
	{Label: "unit norm", Doc: "x/√(Σx²+ε)", Roots: []*ir.Op{op.Div, op.Mul}, Match: forms[2].match},
	{Label: "layer norm, scaled first", Doc: "(x−mean)·(scale/√(variance+ε))", Roots: []*ir.Op{op.Mul}, Match: forms[3].match},
	{Label: "rms norm, scaled first", Doc: "x·(scale/√(mean(x²)+ε))", Roots: []*ir.Op{op.Mul}, Match: forms[4].match},
	{Label: "norm in f32", Doc: "a core between casts to and from f32", Roots: []*ir.Op{op.Cast}, Match: normInFloat32},
	{Label: "norm scale", Doc: "a product of a norm without scale", Roots: []*ir.Op{op.Mul}, Match: normScale},
	{Label: "norm bias", Doc: "a sum with a norm without bias", Roots: []*ir.Op{op.Add}, Match: normBias},
	{Label: "group norm", Doc: "an instance norm between views", Roots: []*ir.Op{op.Reshape}, Match: groupNorm},
	{Label: "channel scale", Doc: "a product of an instance or group norm without scale", Roots: []*ir.Op{op.Mul}, Match: channelScale},
	{Label: "channel bias", Doc: "a sum with an instance or group norm without bias", Roots: []*ir.Op{op.Add}, Match: channelBias},
	{Label: "gelu", Doc: "x/2·(1+erf(x/√2)), or with tanh", Roots: []*ir.Op{op.Mul, op.Div}, Match: gelu},
}

// isNorm reports whether n is one of the operators that the pass makes.
func isNorm(n *ir.Node) bool {
	return n != nil && (n.Op == op.LayerNormalization || n.Op == op.RMSNormalization) && !slices.ContainsFunc(n.Out[1:], isThere)
}

func isThere(v *ir.Value) bool { return v != nil }

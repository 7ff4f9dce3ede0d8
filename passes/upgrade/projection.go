package upgrade

import (
	"slices"
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// projection is a linear map of x by weights that are parameters of the model.
type projection struct {
	node *ir.Node
	at   int // which operand the weights are
	// feature is the axis of the result that the columns of the weights are on,
	// and column the axis of the weights; −1 where they are on none or several.
	feature, column int
}

func (p *projection) x() *ir.Value { return p.node.In[1-p.at] }
func (p *projection) w() *ir.Value { return p.node.In[p.at] }

// asProjection reads n as a projection; nil if it is none.
func asProjection(n *ir.Node) *projection {
	switch n.Op {
	case op.MatMul, op.Einsum:
		if len(n.In) != 2 || isParameter(n.In[0]) == isParameter(n.In[1]) {
			return nil
		}
	case op.Gemm, op.Conv:
		if isParameter(n.In[0]) || !isParameter(n.In[1]) {
			return nil
		}
	default:
		return nil
	}
	p := &projection{node: n, at: 1, feature: -1, column: -1}
	if isParameter(n.In[0]) {
		p.at = 0
	}
	rank, known := n.Out[0].Type.Rank()
	if shape, ok := p.w().Type.ConstShape(); ok && known && len(shape) >= 2 {
		p.columns(rank, len(shape))
	}
	return p
}

// columns finds the columns of weights of rank wide in a result of rank rank.
func (p *projection) columns(rank, wide int) {
	switch n := p.node; {
	case n.Op == op.MatMul && p.at == 1:
		p.feature, p.column = rank-1, wide-1
	case n.Op == op.MatMul && rank >= 2:
		p.feature, p.column = rank-2, wide-2
	case n.Op == op.Gemm:
		p.feature, p.column = 1, 1
		if n.Attr.(*attr.Gemm).TransB {
			p.column = 0
		}
	case n.Op == op.Conv && n.Attr.(*attr.Conv).Group == 1:
		p.feature, p.column = 1, 0
	case n.Op == op.Einsum:
		p.letters(rank)
	}
}

// letters finds the one axis of an Einsum's weights that its result has.
func (p *projection) letters(rank int) {
	in, out, explicit := strings.Cut(strings.ReplaceAll(p.node.Attr.(*attr.Einsum).Equation, " ", ""), "->")
	terms := strings.Split(in, ",")
	if !explicit || len(terms) != 2 || len(out) != rank || strings.Contains(in, ".") {
		return
	}
	kept := 0
	for column, letter := range terms[p.at] {
		if at := strings.IndexRune(out, letter); at >= 0 && !strings.ContainsRune(terms[1-p.at], letter) {
			p.feature, p.column = at, column
			kept++
		}
	}
	if kept != 1 {
		p.feature, p.column = -1, -1
	}
}

// isParameter reports whether v is a float weight of at least two axes, as it is
// or rearranged.
func isParameter(v *ir.Value) bool {
	rank, known := v.Type.Rank()
	return known && rank >= 2 && v.Type.DType.IsFloat() && isFixed(v)
}

// maxFixed bounds the nodes that a value is followed through to constants: weights
// are cast, transposed and split, gains are added to one.
const maxFixed = 16

// isFixed reports whether v is computed from constants alone by operators that
// keep weights weights.
func isFixed(v *ir.Value) bool {
	left := maxFixed
	return fixedWithin(v, &left)
}

func fixedWithin(v *ir.Value, left *int) bool {
	if v == nil || v.Const != nil {
		return true
	}
	if _, known := v.Ints(); known {
		return true // sizes that don't depend on the inputs
	}
	if *left--; v.Def == nil || *left < 0 || !keepsWeights[v.Def.Op] {
		return false
	}
	for _, in := range v.Def.In {
		if !fixedWithin(in, left) {
			return false
		}
	}
	return true
}

var keepsWeights = map[*ir.Op]bool{
	op.Identity: true, op.Cast: true, op.Transpose: true, op.Reshape: true, op.Squeeze: true, op.Unsqueeze: true, op.Flatten: true,
	op.Split: true, op.Slice: true, op.Gather: true, op.Concat: true, op.Add: true, op.Mul: true, op.Expand: true,
}

// weightKey is what two projections have in common if they read the same
// weights: the initializer, or the part of one that a Split or Slice cuts out.
func weightKey(v *ir.Value) any {
	for v.Const == nil {
		switch v.Def.Op {
		case op.Identity, op.Cast, op.Transpose, op.Reshape, op.Squeeze, op.Unsqueeze, op.Flatten:
			v = v.Def.In[0]
		default:
			return v
		}
	}
	return v.Const
}

// kind names an operator as its file does.
func kind(n *ir.Node) string {
	if o, ok := n.Attr.(*attr.Opaque); ok {
		if o.Domain != "" {
			return o.Domain + "." + o.OpType
		}
		return o.OpType
	}
	return n.Op.QualifiedName()
}

// quantised are parts of the names of operators that compute with integer weights,
// or make floats of them.
var quantised = []string{"quantize", "integer", "qlinear", "nbits", "bnb4", "fp4", "fp8", "float8", "qattention", "qgemm", "qmoe", "qordered"}

func isQuantised(n *ir.Node) bool {
	name := strings.ToLower(kind(n))
	return slices.ContainsFunc(quantised, func(part string) bool { return strings.Contains(name, part) })
}

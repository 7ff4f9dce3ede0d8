package canon

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/match"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// phrasings choose one of several ways to say the same.
var phrasings = []rewrite.Rule{
	{Label: "constant to the right", Doc: "c+x is x+c", Match: constantRight},
	{Label: "reciprocal", Doc: "1/x is Reciprocal(x)", Roots: []*ir.Op{op.Div}, Match: reciprocal},
	{Label: "exponential of a logarithm", Doc: "exp(LogSoftmax(x)) is Softmax(x)", Roots: []*ir.Op{op.Exp}, Match: expLogSoftmax},
	{Label: "square", Doc: "x² is x·x", Roots: []*ir.Op{op.Pow}, Match: square},
	{Label: "sum of two", Doc: "Sum of two is Add", Roots: []*ir.Op{op.Sum}, Match: sumOfTwo},
	{Label: "sum with a negative", Doc: "x+(−y) is x−y, x−(−y) is x+y", Roots: []*ir.Op{op.Add, op.Sub}, Match: sumWithNegative},
	{Label: "plain product", Doc: "Gemm without factors and without C is MatMul", Roots: []*ir.Op{op.Gemm}, Match: plainGemm},
	{Label: "weighted sum", Doc: "Einsum with a constant on x's last axes is MatMul", Roots: []*ir.Op{op.Einsum}, Match: weightedSum},
	{Label: "upscaling", Doc: "ConvTranspose whose windows lie side by side is Conv and DepthToSpace", Roots: []*ir.Op{op.ConvTranspose}, Match: upscaling},
	{Label: "moved axes", Doc: "Einsum of one operand without a sum is Transpose", Roots: []*ir.Op{op.Einsum}, Match: movedAxes},
	{Label: "only entry", Doc: "Gather of the only entry of an axis is a view", Roots: []*ir.Op{op.Gather}, Match: onlyEntry},
	{Label: "axis", Doc: "axes counted from the end or from the start", Roots: axisRoots(), Match: axis},
}

func constantRight(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	if !n.Op.Commutative || !n.In[0].IsConst() || n.In[1].IsConst() {
		return nil
	}
	in := slices.Clone(n.In)
	in[0], in[1] = in[1], in[0]
	return rephrased(n, n.Op, n.Attr, in...)
}

var one = match.Scalar(1)

func reciprocal(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	if _, isOne := match.First(one, n.In[0]); !isOne || !n.In[1].Type.DType.IsFloat() || !keepsShape(n, n.In[1]) {
		return nil
	}
	return rephrased(n, op.Reciprocal, nil, n.In[1])
}

func expLogSoftmax(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	d := n.In[0].Def
	if d == nil || d.Op != op.LogSoftmax {
		return nil
	}
	return rephrased(n, op.Softmax, d.Attr, d.In[0])
}

var two = match.Scalar(2)

func square(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	if _, isTwo := match.First(two, n.In[1]); !isTwo || !keepsShape(n, n.In[0]) {
		return nil
	}
	return rephrased(n, op.Mul, nil, n.In[0], n.In[0])
}

// onlyEntry is what x[:, 0] makes of an axis of size 1.
func onlyEntry(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	rank, known := n.In[0].Type.Rank()
	index, ok := n.In[1].Ints()
	at := n.Attr.(*attr.Axis).Axis
	if at < 0 {
		at += rank
	}
	if !known || !ok || len(index) != 1 || index[0] != 0 && index[0] != -1 || !n.In[0].Type.Shape[at].Is(1) {
		return nil
	}
	p := rewrite.NewPatch(n, "")
	switch axes := len(n.In[1].Type.Shape); axes {
	case 0:
		return p.Replace(n.Out[0], p.Op(op.Squeeze, nil, n.In[0], p.Ints(int64(at))))
	case 1:
		return same(n, n.In[0])
	default:
		var more []int64
		for i := range axes - 1 {
			more = append(more, int64(at+i))
		}
		return p.Replace(n.Out[0], p.Op(op.Unsqueeze, nil, n.In[0], p.Ints(more...)))
	}
}

func sumOfTwo(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	if len(n.In) != 2 {
		return nil
	}
	return rephrased(n, op.Add, nil, n.In...)
}

func sumWithNegative(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	opposite := op.Sub
	if n.Op == op.Sub {
		opposite = op.Add
	}
	if d := n.In[1].Def; d != nil && d.Op == op.Neg {
		return rephrased(n, opposite, nil, n.In[0], d.In[0])
	}
	if d := n.In[0].Def; n.Op == op.Add && d != nil && d.Op == op.Neg {
		return rephrased(n, opposite, nil, n.In[1], d.In[0])
	}
	return nil
}

func plainGemm(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	a := n.Attr.(*attr.Gemm)
	if a.Alpha != 1 || a.TransA || a.TransB || n.Operand(2) != nil {
		return nil
	}
	return rephrased(n, op.MatMul, nil, n.In[0], n.In[1])
}

// fromEnd tells the operators whose axis counts from the end: the last axis is
// then −1 whatever the rank. Those of the others count from the start.
var fromEnd = map[*ir.Op]bool{
	op.Softmax: true, op.LogSoftmax: true, op.LayerNormalization: true, op.RMSNormalization: true,
	op.Concat: false, op.Gather: false, op.GatherElements: false, op.Split: false, op.Flatten: false, op.Transpose: false,
}

func axisRoots() []*ir.Op {
	return []*ir.Op{
		op.Softmax, op.LogSoftmax, op.LayerNormalization, op.RMSNormalization,
		op.Concat, op.Gather, op.GatherElements, op.Split, op.Flatten, op.Transpose,
	}
}

func axis(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	rank, ok := n.In[0].Type.Rank()
	if !ok {
		return nil
	}
	attrs := attr.Clone(n.Attr)
	switch a := attrs.(type) {
	case *attr.Axis:
		a.Axis = counted(a.Axis, rank, fromEnd[n.Op])
	case *attr.LayerNormalization:
		a.Axis = counted(a.Axis, rank, fromEnd[n.Op])
	case *attr.Transpose:
		if len(a.Perm) == 0 {
			for i := range rank {
				a.Perm = append(a.Perm, rank-1-i)
			}
		}
	}
	if attr.Equal(attrs, n.Attr) {
		return nil
	}
	p := rewrite.NewPatch(n, "")
	out := p.Ops(n.Op, attrs, len(n.Out), n.In...)
	for i, v := range n.Out {
		if v != nil {
			p.Replace(v, out[i])
		}
	}
	return p
}

// counted spells axis as wanted; Flatten's may be the rank itself.
func counted(axis, rank int, fromEnd bool) int {
	switch {
	case fromEnd && axis >= 0:
		return axis - rank
	case !fromEnd && axis < 0:
		return axis + rank
	}
	return axis
}

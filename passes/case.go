package passes

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/kernels"
)

// CaseOf is n as a catalog is asked about it.
func CaseOf(n *ir.Node) kernels.Case {
	return kernels.Case{Op: n.Op.QualifiedName(), Attr: n.Attr, In: operandsOf(n.In), Out: operandsOf(n.Out)}
}

func operandsOf(values []*ir.Value) []kernels.Operand {
	out := make([]kernels.Operand, len(values))
	for i, v := range values {
		if v != nil {
			out[i] = kernels.Operand{Present: true, DType: v.Type.DType, HasRank: v.Type.HasRank, Shape: v.Type.Shape, Const: v.Const}
		}
	}
	return out
}

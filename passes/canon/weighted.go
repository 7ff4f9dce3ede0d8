package canon

import (
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// weighting is an Einsum of x and a constant that sums over the last axes of x, such
// as btd,dhk->bhtk: a product with a matrix, whose columns are split and moved.
type weighting struct {
	x, w                 *ir.Value
	rows, inner, columns string // the labels of x alone, of x and w, and of w alone
	transposed           bool   // w is [columns, inner]
	out                  string
}

func weightedSum(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	e := readWeighting(n)
	if e == nil {
		return nil
	}
	p := rewrite.NewPatch(n, "")
	v := p.Op(op.MatMul, nil, e.left(p), e.right(p))
	if len(e.columns) > 1 {
		v = p.Op(op.Reshape, &attr.Reshape{}, v, p.Ints(append(kept(len(e.rows)), e.sizes(e.columns)...)...))
	}
	if order := e.rows + e.columns; order != e.out {
		perm := make([]int, len(order))
		for i, l := range e.out {
			perm[i] = strings.IndexRune(order, l)
		}
		v = p.Op(op.Transpose, &attr.Transpose{Perm: perm}, v)
	}
	return p.Replace(n.Out[0], v)
}

func readWeighting(n *ir.Node) *weighting {
	left, out, explicit := strings.Cut(strings.ReplaceAll(n.Attr.(*attr.Einsum).Equation, " ", ""), "->")
	terms := strings.Split(left, ",")
	if !explicit || len(terms) != 2 || len(n.In) != 2 || strings.Contains(left, ".") {
		return nil
	}
	e, tx, tw := &weighting{x: n.In[0], w: n.In[1], out: out}, terms[0], terms[1]
	if e.x.IsConst() {
		e.x, e.w, tx, tw = e.w, e.x, tw, tx
	}
	e.rows, e.columns = without(tx, tw), without(out, tx)
	e.inner = strings.TrimPrefix(tx, e.rows)
	e.transposed = tw == e.columns+e.inner
	switch {
	case e.w.Const == nil || e.w.Const.Len() == 0 || e.x.IsConst() || !e.x.Type.HasRank || !e.x.Type.DType.IsFloat(),
		e.columns == "" || e.inner == "" || tx != e.rows+e.inner,
		tw != e.inner+e.columns && !e.transposed,
		len(without(out, e.inner)) != len(e.rows+e.columns), len(out) != len(e.rows+e.columns):
		return nil
	}
	for i, l := range tx {
		if strings.Count(tx, string(l)) != 1 {
			return nil
		}
		if i >= len(e.rows) && !e.x.Type.Shape[i].Is(e.size(l)) {
			return nil // of size 1 and broadcast, or not known to be equal
		}
	}
	return e
}

// without is the labels of a term that are not in another.
func without(term, other string) string {
	return strings.Map(func(l rune) rune {
		if strings.ContainsRune(other, l) {
			return -1
		}
		return l
	}, term)
}

// size is how long a label of the constant is.
func (e *weighting) size(l rune) int64 {
	order := e.inner + e.columns
	if e.transposed {
		order = e.columns + e.inner
	}
	return int64(e.w.Const.Shape[strings.IndexRune(order, l)])
}

func (e *weighting) sizes(labels string) (sizes []int64) {
	for _, l := range labels {
		sizes = append(sizes, e.size(l))
	}
	return sizes
}

// product is the sizes of labels multiplied.
func (e *weighting) product(labels string) int {
	n := 1
	for _, size := range e.sizes(labels) {
		n *= int(size)
	}
	return n
}

// kept are so many axes in the target of a Reshape.
func kept(n int) []int64 { return make([]int64, n) }

// left is x with one inner axis.
func (e *weighting) left(p *rewrite.Patch) *ir.Value {
	if len(e.inner) == 1 {
		return e.x
	}
	target := append(kept(len(e.rows)), int64(e.product(e.inner)))
	return p.Op(op.Reshape, &attr.Reshape{}, e.x, p.Ints(target...))
}

// right is the constant as a matrix.
func (e *weighting) right(p *rewrite.Patch) *ir.Value {
	k, n := e.product(e.inner), e.product(e.columns)
	if e.transposed {
		return p.Op(op.Transpose, &attr.Transpose{Perm: []int{1, 0}}, p.Const(e.w.Const.Reshaped(n, k)))
	}
	return p.Const(e.w.Const.Reshaped(k, n))
}

// movedAxes is an Einsum that sums over nothing.
func movedAxes(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	in, out, explicit := strings.Cut(strings.ReplaceAll(n.Attr.(*attr.Einsum).Equation, " ", ""), "->")
	if !explicit || len(n.In) != 1 || len(in) != len(out) || strings.Contains(in, ".") || without(in, out) != "" {
		return nil
	}
	perm := make([]int, len(out))
	for i, l := range out {
		perm[i] = strings.IndexRune(in, l)
	}
	return rephrased(n, op.Transpose, &attr.Transpose{Perm: perm}, n.In[0])
}

package channelslast

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/match"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Pass is the pass.
var Pass = passes.Pass{
	Name: "channelslast",
	Doc:  "let convolutions of single channels, and of patches, read and write rows of channels instead of transposing these",
	Run: func(c *passes.Context, g *ir.Graph) error {
		if c.Catalog() == nil || c.Target() == "" {
			return nil
		}
		return rewrite.Run(c, g, rules)
	},
}

var rules = []rewrite.Rule{
	{Label: "patches", Doc: "a convolution of windows side by side that is transposed to rows of channels", Roots: []*ir.Op{op.Conv}, Match: patches},
	{Label: "convolution of rows", Doc: "a convolution of single channels beside transpositions", Roots: []*ir.Op{op.Conv, op.FusedConv}, Match: convolution},
	{Label: "sum of rows", Doc: "the sum of two values that are transposed alike", Roots: []*ir.Op{op.Add}, Match: sum},
}

// specification is what n computes with channels last; nil if it is no convolution of
// single channels in the order of the file.
func specification(n *ir.Node) *attr.FusedConv {
	var a *attr.FusedConv
	switch n.Op {
	case op.Conv:
		a = attr.Clone(n.Attr).(*attr.Conv).Fused()
		a.HasBias = n.Operand(2) != nil
	case op.FusedConv:
		a = attr.Clone(n.Attr).(*attr.FusedConv)
	}
	if a.Group == 1 || a.ChannelsLast || a.HasResidual || !n.In[0].Type.HasRank || !n.Out[0].Type.HasRank {
		return nil
	}
	a.ChannelsLast = true
	return a
}

// convolution makes n one of rows of channels.
func convolution(c *passes.Context, n *ir.Node) *rewrite.Patch {
	a := specification(n)
	if a == nil {
		return nil
	}
	t := &turned{Patch: rewrite.NewPatch(n, "")}
	x := t.rows(n.In[0])
	y := t.Op(op.FusedConv, a, append([]*ir.Value{x}, n.Operands()[1:]...)...)
	if t.Err() != nil || !c.HasFast(y.Def) {
		return nil
	}
	t.write(n.Out[0], y)
	if t.Err() != nil || t.gone == 0 || t.gone < t.come {
		return nil
	}
	return t.Patch
}

// turned is a patch in the making, with the transpositions that it makes needless and
// those that it adds.
type turned struct {
	*rewrite.Patch
	gone, come int
}

// rows is x, which n alone of the patch reads, with the channels last.
func (t *turned) rows(x *ir.Value) *ir.Value {
	rank := len(x.Type.Shape)
	w := match.ViewOf(x)
	if order := permuted(w.Groups, attr.ToChannelsLast(rank)); slices.IsSorted(slices.Concat(order...)) {
		if v := t.reshape(w.Root, permuted(x.Type.Shape, attr.ToChannelsLast(rank)), w.Nodes); v != nil {
			t.leave(w.Nodes)
			return v
		}
	}
	t.come++
	return t.Op(op.Transpose, &attr.Transpose{Perm: attr.ToChannelsLast(rank)}, x)
}

// leave counts the transpositions at the front of a chain that has lost its reader.
func (t *turned) leave(chain []*ir.Node) {
	for _, n := range chain {
		if _, sole := n.Out[0].SoleUse(); !sole {
			return
		}
		t.Cover(n)
		t.goes(n)
	}
}

func (t *turned) goes(n *ir.Node) {
	if n.Op == op.Transpose {
		t.gone++
	}
}

// write replaces what is read of old by views of y, the same with the channels last.
func (t *turned) write(old, y *ir.Value) {
	asItWas := old.IsGraphOutput()
	for _, u := range old.Uses() {
		w, ok := back(old, u)
		var v *ir.Value
		if ok {
			v = t.reshape(y, w.to.Type.Shape, w.Nodes)
		}
		if v == nil {
			asItWas = true
			continue
		}
		t.Replace(w.to, v).Cover(w.Nodes...)
		for _, n := range w.Nodes {
			t.goes(n)
		}
	}
	if asItWas {
		t.come++
		t.Replace(old, t.Op(op.Transpose, &attr.Transpose{Perm: attr.ToChannelsFirst(len(old.Type.Shape))}, y))
	}
}

// readAsRows reports whether all that is read of y are views with the channels last.
func readAsRows(y *ir.Value) bool {
	return !y.IsGraphOutput() && !slices.ContainsFunc(y.Uses(), func(u ir.Use) bool {
		_, ok := back(y, u)
		return !ok
	})
}

// returned is a view of the result of a convolution.
type returned struct {
	match.View
	to *ir.Value
}

// back follows a use of y to a value that has the channels behind the other axes.
func back(y *ir.Value, u ir.Use) (returned, bool) {
	for u.Node != nil && len(u.Node.Out) == 1 {
		v := u.Node.Out[0]
		w := match.ViewOf(v)
		if w.Root != y {
			break
		}
		if isLast(w) {
			return returned{w, v}, true
		}
		next, sole := v.SoleUse()
		if !sole {
			break
		}
		u = next
	}
	return returned{}, false
}

// isLast reports whether a view runs over the second axis of its root behind all others.
func isLast(w match.View) bool {
	var axes [][]int
	atom := 0
	for _, size := range w.Root.Type.Shape {
		first := atom
		for rest := size; !rest.Is(1); atom++ {
			if atom == len(w.Atoms) {
				return false
			}
			inner, ok := rest.DivExact(w.Atoms[atom])
			if !ok {
				return false
			}
			rest = inner
		}
		axes = append(axes, sequence(first, atom))
	}
	return slices.Equal(slices.Concat(permuted(axes, attr.ToChannelsLast(len(axes)))...), w.Order())
}

func sequence(from, to int) []int {
	var list []int
	for i := from; i < to; i++ {
		list = append(list, i)
	}
	return list
}

func permuted[S ~[]E, E any](list S, perm []int) S {
	out := make(S, len(perm))
	for i, from := range perm {
		out[i] = list[from]
	}
	return out
}

// reshape gives v the shape, whose elements keep their order; nil if no target says it.
// The targets of the chain that the value replaces may, or one with its channels first.
func (t *turned) reshape(v *ir.Value, shape sym.Shape, chain []*ir.Node) *ir.Value {
	if v.Type.Shape.Equal(shape) {
		return v
	}
	target, allowZero := t.target(v.Type.Shape, shape, chain)
	if target == nil {
		return nil
	}
	r := t.Op(op.Reshape, &attr.Reshape{AllowZero: allowZero}, v, target)
	if t.Err() != nil || !r.Type.Shape.Equal(shape) {
		return nil
	}
	return r
}

func (t *turned) target(from, shape sym.Shape, chain []*ir.Node) (target *ir.Value, allowZero bool) {
	if list, ok := match.Target(from, shape); ok {
		return t.Ints(list...), false
	}
	perm := attr.ToChannelsLast(len(shape))
	for _, n := range chain {
		if n.Op != op.Reshape || len(n.Out[0].Type.Shape) != len(shape) || !match.Absolute(n.In[1]) {
			continue
		}
		switch s := n.Out[0].Type.Shape; {
		case s.Equal(shape):
			return n.In[1], true
		case permuted(s, perm).Equal(shape):
			order := make([]int64, len(perm))
			for i, axis := range perm {
				order[i] = int64(axis)
			}
			return t.Op(op.Gather, &attr.Axis{}, n.In[1], t.Ints(order...)), true
		}
	}
	return nil, false
}

// sum makes a sum of values with the channels first the sum of their rows: of two that
// nothing else reads, or of one and of another that is read as rows already.
func sum(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	for i, v := range n.In {
		x := rowsOf(v)
		if x == nil || !v.Type.Equal(n.In[1-i].Type) || !v.Type.Equal(n.Out[0].Type) {
			continue
		}
		if _, sole := v.SoleUse(); !sole {
			continue
		}
		r := read(n.In[1-i])
		if r == nil {
			continue
		}
		p := rewrite.NewPatch(n, "").Cover(v.Def)
		operands := []*ir.Value{x, r}
		if i == 1 {
			slices.Reverse(operands)
		}
		y := p.Op(op.Add, nil, operands...)
		return p.Replace(n.Out[0], p.Op(op.Transpose, &attr.Transpose{Perm: attr.ToChannelsFirst(len(v.Type.Shape))}, y))
	}
	return nil
}

// rowsOf is the value whose channels, the last axis, are brought first to make v; nil
// if v is not made so.
func rowsOf(v *ir.Value) *ir.Value {
	rank := len(v.Type.Shape)
	if !v.Type.HasRank || rank < 3 || !match.Transposes(v.Def, attr.ToChannelsFirst(rank)) {
		return nil
	}
	return v.Def.In[0]
}

// read is v with the channels last: as it was before it was transposed for one reader,
// or as another reader has transposed it; nil if neither.
func read(v *ir.Value) *ir.Value {
	if x := rowsOf(v); x != nil {
		return x
	}
	for _, u := range v.Uses() {
		if match.Transposes(u.Node, attr.ToChannelsLast(len(v.Type.Shape))) {
			return u.Node.Out[0]
		}
	}
	return nil
}

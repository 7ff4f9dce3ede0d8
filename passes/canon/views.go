package canon

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

var viewOps = []*ir.Op{op.Reshape, op.Flatten, op.Squeeze, op.Unsqueeze, op.Transpose}

// views bring chains of rearranging nodes into the view normal form.
var views = []rewrite.Rule{
	{Label: "view of nothing", Doc: "rearranging nodes that give their operand back", Roots: viewOps, Match: viewOfNothing},
	{Label: "ones transposed", Doc: "Transpose that leaves the elements in their order changes the shape alone", Roots: []*ir.Op{op.Transpose}, Match: onesTransposed},
	{Label: "view chain", Doc: "several rearranging nodes that fewer can do", Roots: viewOps, Match: viewChain},
	{Label: "reshape", Doc: "one phrasing of a change of shape", Roots: []*ir.Op{op.Reshape, op.Flatten}, Match: reshaped},
}

func viewOfNothing(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	if alone(n) && !keepsShape(n, n.In[0]) {
		return nil
	}
	w := match.ViewOf(n.Out[0])
	if len(w.Nodes) == 0 || !w.Ordered() || !keepsShape(n, w.Root) {
		return nil
	}
	return same(n, w.Root).Cover(w.Nodes...)
}

// onesTransposed takes a Transpose that moves axes of size 1.
func onesTransposed(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	x, perm := n.In[0], n.Attr.(*attr.Transpose).Perm
	if !x.Type.HasRank || len(perm) != len(x.Type.Shape) {
		return nil
	}
	perm = slices.DeleteFunc(slices.Clone(perm), func(axis int) bool { return x.Type.Shape[axis].Is(1) })
	if !slices.IsSorted(perm) || keepsShape(n, x) {
		return nil
	}
	p := rewrite.NewPatch(n, "")
	v, ok := (&viewWriter{p, match.View{Root: x}}).reshape(x, n.Out[0].Type.Shape)
	if !ok {
		return nil
	}
	return p.Replace(n.Out[0], v)
}

// alone reports whether n begins a chain: then the rules need not read it.
func alone(n *ir.Node) bool {
	d := n.In[0].Def
	return d == nil || d.Op != op.Identity && !slices.Contains(viewOps, d.Op)
}

// viewChain replaces a chain by fewer nodes than go with it; or by one, though
// the inner ones stay for other readers: then at least it is read from farther
// up.
func viewChain(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	if alone(n) {
		return nil
	}
	w := match.ViewOf(n.Out[0])
	if len(w.Nodes) < 2 {
		return nil
	}
	limit := max(2, going(w.Nodes))
	var best *rewrite.Patch
	for _, split := range []func(match.View) ([]axisRun, bool){rootAxes, runs, rootRuns} {
		axes, ok := split(w)
		if !ok {
			continue
		}
		p := rewrite.NewPatch(n, "").Cover(w.Nodes...)
		v, ok := (&viewWriter{p, w}).write(axes, n.Out[0].Type.Shape)
		if ok && p.Err() == nil && len(p.Nodes()) < limit {
			best, limit = p.Replace(n.Out[0], v), len(p.Nodes())
		}
	}
	return best
}

// going counts the nodes at the front of a chain that nothing else reads.
func going(chain []*ir.Node) int {
	count := 1
	for _, n := range chain[1:] {
		if _, sole := n.Out[0].SoleUse(); !sole {
			break
		}
		count++
	}
	return count
}

// axisRun is an axis to transpose: consecutive atoms, or none for an axis of
// size 1.
type axisRun struct {
	atoms []int
	size  sym.Dim
}

// rootAxes takes the axes of the root as they are, if each stays in one piece.
func rootAxes(w match.View) ([]axisRun, bool) {
	order := w.Order()
	var axes []axisRun
	atom := 0
	for _, size := range w.Root.Type.Shape {
		run := axisRun{size: size}
		for rest := size; !rest.Is(1); atom++ {
			inner, ok := sym.Dim{}, false
			if atom < len(w.Atoms) {
				inner, ok = rest.DivExact(w.Atoms[atom])
			}
			if !ok || len(run.atoms) > 0 && !follows(order, atom) {
				return nil, false
			}
			run.atoms = append(run.atoms, atom)
			rest = inner
		}
		axes = append(axes, run)
	}
	return axes, atom == len(w.Atoms)
}

// runs takes the longest runs of atoms that stay together on one axis.
func runs(w match.View) ([]axisRun, bool) {
	order := w.Order()
	group := make([]int, len(w.Atoms))
	for i, g := range w.Groups {
		for _, atom := range g {
			group[atom] = i
		}
	}
	var axes []axisRun
	for atom, size := range w.Atoms {
		if atom > 0 && group[atom] == group[atom-1] && follows(order, atom) {
			last := &axes[len(axes)-1]
			last.atoms, last.size = append(last.atoms, atom), last.size.Mul(size)
			continue
		}
		axes = append(axes, axisRun{[]int{atom}, size})
	}
	return axes, true
}

// rootRuns takes the longest runs of atoms within each axis of the root, and its axes of
// size 1: the result may have such, too, and needs no Reshape for them then.
func rootRuns(w match.View) ([]axisRun, bool) {
	within, ok := runs(w)
	if !ok {
		return nil, false
	}
	var axes []axisRun
	for _, size := range w.Root.Type.Shape {
		if size.Is(1) {
			axes = append(axes, axisRun{size: size})
		}
		for !size.Is(1) {
			if len(within) == 0 {
				return nil, false
			}
			if size, ok = size.DivExact(within[0].size); !ok {
				return nil, false
			}
			axes, within = append(axes, within[0]), within[1:]
		}
	}
	return axes, len(within) == 0
}

// follows reports whether atom comes right after its predecessor.
func follows(order []int, atom int) bool {
	i := slices.Index(order, atom)
	return i > 0 && order[i-1] == atom-1
}

// viewWriter makes the nodes of a normal form.
type viewWriter struct {
	p *rewrite.Patch
	w match.View
}

// write makes Reshape to axes, Transpose, and Reshape to shape, leaving out what
// changes nothing.
func (x *viewWriter) write(axes []axisRun, shape sym.Shape) (*ir.Value, bool) {
	if x.w.Ordered() {
		return x.reshape(x.w.Root, shape)
	}
	sizes := make(sym.Shape, len(axes))
	for i, a := range axes {
		sizes[i] = a.size
	}
	v, ok := x.reshape(x.w.Root, sizes)
	if !ok {
		return nil, false
	}
	perm := permutation(axes, x.w.Groups)
	return x.reshape(x.p.Op(op.Transpose, &attr.Transpose{Perm: perm}, v), shape)
}

// permutation lists the axes in the order in which the groups run over them,
// those of size 1 where the groups have such axes, and at the end.
func permutation(axes []axisRun, groups [][]int) []int {
	first := map[int]int{} // axis by its first atom
	var ones []int
	for i, a := range axes {
		if len(a.atoms) == 0 {
			ones = append(ones, i)
		} else {
			first[a.atoms[0]] = i
		}
	}
	var perm []int
	for _, g := range groups {
		if len(g) == 0 && len(ones) > 0 {
			perm, ones = append(perm, ones[0]), ones[1:]
		}
		for _, atom := range g {
			if axis, ok := first[atom]; ok {
				perm = append(perm, axis)
			}
		}
	}
	return append(perm, ones...)
}

// reshape gives v the shape, whose elements keep their order: by nothing, by
// Squeeze or Unsqueeze if only axes of size 1 go or come, else by Reshape.
func (x *viewWriter) reshape(v *ir.Value, shape sym.Shape) (*ir.Value, bool) {
	from := v.Type.Shape
	if from.Equal(shape) {
		return v, true
	}
	if axes, ok := insertedOnes(from, shape); ok {
		return x.p.Op(op.Unsqueeze, nil, v, x.p.Ints(axes...)), true
	}
	if axes, ok := insertedOnes(shape, from); ok {
		return x.p.Op(op.Squeeze, nil, v, x.p.Ints(axes...)), true
	}
	if target, ok := match.Target(from, shape); ok {
		return x.p.Op(op.Reshape, &attr.Reshape{}, v, x.p.Ints(target...)), true
	}
	for _, n := range x.w.Nodes {
		if n.Op == op.Reshape && n.Out[0].Type.Shape.Equal(shape) && match.Absolute(n.In[1]) {
			return x.p.Op(op.Reshape, &attr.Reshape{AllowZero: true}, v, n.In[1]), true
		}
	}
	return nil, false
}

// insertedOnes returns the axes of to that are not in from, if these have size 1
// and there are some.
func insertedOnes(from, to sym.Shape) ([]int64, bool) {
	var axes []int64
	i := 0
	for axis, d := range to {
		if i < len(from) && from[i].Equal(d) {
			i++
			continue
		}
		if !d.Is(1) {
			return nil, false
		}
		axes = append(axes, int64(axis))
	}
	return axes, i == len(from) && len(axes) > 0
}

// reshaped rephrases a single change of shape: Squeeze and Unsqueeze where that
// is all, else Reshape, to a constant target if possible.
func reshaped(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	x := n.In[0]
	if !x.Type.HasRank || !n.Out[0].Type.HasRank || slices.ContainsFunc(x.Type.Shape, func(d sym.Dim) bool { return d.Is(0) }) {
		return nil
	}
	shape := n.Out[0].Type.Shape
	_, more := insertedOnes(x.Type.Shape, shape)
	_, fewer := insertedOnes(shape, x.Type.Shape)
	if n.Op == op.Reshape && n.In[1].IsConst() && !more && !fewer {
		return nil
	}
	p := rewrite.NewPatch(n, "")
	v, ok := (&viewWriter{p, match.View{Root: x}}).reshape(x, shape)
	if !ok || v == x {
		return nil
	}
	return p.Replace(n.Out[0], v)
}

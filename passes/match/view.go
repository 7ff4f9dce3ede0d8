package match

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
)

// View says that a value holds the elements of Root in another arrangement: what
// a chain of Reshape, Flatten, Squeeze, Unsqueeze, Transpose and Identity makes.
// Every such chain is a split of the elements into Atoms, in Root's order, and
// Groups that list for each axis of the value the atoms that it runs over,
// outermost first. Axes of size 1 have no atoms.
//
// [B, S, H·D] → Reshape [B, S, H, D] → Transpose (0, 2, 1, 3) has the atoms
// B, S, H, D and the groups {0}, {2}, {1}, {3}.
type View struct {
	Root   *ir.Value
	Nodes  []*ir.Node // the chain, from the value's node back to Root's reader
	Atoms  []sym.Dim
	Groups [][]int
}

// ViewOf returns v as a view of the farthest value that it is one of; of v
// itself if it is made by no such chain, or if a rank is not known.
func ViewOf(v *ir.Value) View {
	for chain := viewChain(v); len(chain) > 0; {
		w, failed := follow(chain)
		if failed < 0 {
			return w
		}
		chain = chain[:failed]
	}
	if a := arrange(v); a != nil {
		return a.view(v, nil)
	}
	return View{Root: v}
}

// maxChain bounds the work on one value: exporters write at most five.
const maxChain = 16

// viewChain lists the rearranging nodes above v, its own first.
func viewChain(v *ir.Value) []*ir.Node {
	var chain []*ir.Node
	for isViewNode(v.Def) && len(chain) < maxChain {
		chain = append(chain, v.Def)
		v = v.Def.In[0]
	}
	return chain
}

// follow applies the chain to its root. If a node can't be followed, failed is
// its position: the view starts after it; else −1.
func follow(chain []*ir.Node) (w View, failed int) {
	last := len(chain) - 1
	root := chain[last].In[0]
	a := arrange(root)
	if a == nil {
		return View{}, last
	}
	for i := last; i >= 0; i-- {
		if a = a.apply(chain[i]); a == nil {
			return View{}, i
		}
	}
	return a.view(root, chain), -1
}

// isViewNode reports whether n only rearranges its first operand.
func isViewNode(n *ir.Node) bool {
	if n == nil {
		return false
	}
	switch n.Op {
	case op.Reshape, op.Flatten, op.Squeeze, op.Unsqueeze, op.Transpose, op.Identity:
		return true
	}
	return false
}

// Ordered reports whether the elements are in Root's order: one Reshape makes
// the view.
func (w View) Ordered() bool {
	for i, atom := range w.Order() {
		if i != atom {
			return false
		}
	}
	return true
}

// Order lists the atoms in the order in which the value runs over them.
func (w View) Order() []int { return slices.Concat(w.Groups...) }

// Perm returns the permutation if the view is a Transpose of Root and nothing
// else.
func (w View) Perm() ([]int, bool) {
	shape := w.Root.Type.Shape
	if !w.Root.Type.HasRank || len(shape) != len(w.Groups) {
		return nil, false
	}
	axisOf, ones := w.rootAxes()
	if axisOf == nil {
		return nil, false
	}
	perm := make([]int, len(w.Groups))
	for i, g := range w.Groups {
		switch {
		case len(g) == 1:
			perm[i] = axisOf[g[0]]
		case len(g) == 0 && len(ones) > 0:
			perm[i], ones = ones[0], ones[1:]
		default:
			return nil, false
		}
	}
	return perm, true
}

// rootAxes maps each atom to the axis of Root that it is, and lists the axes of
// size 1; nil if an axis is not one atom.
func (w View) rootAxes() (axisOf, ones []int) {
	for axis, d := range w.Root.Type.Shape {
		switch next := len(axisOf); {
		case d.Is(1):
			ones = append(ones, axis)
		case next < len(w.Atoms) && w.Atoms[next].Equal(d):
			axisOf = append(axisOf, axis)
		default:
			return nil, nil
		}
	}
	if len(axisOf) != len(w.Atoms) {
		return nil, nil
	}
	return axisOf, ones
}

// arrangement is a View in the making. Atoms are compared by address.
type arrangement struct {
	atoms  []*sym.Dim
	groups [][]*sym.Dim
}

// arrange is the arrangement of v as a view of itself; nil if that can't be
// told: of unknown rank, or empty, so that sizes don't tell the axes apart.
func arrange(v *ir.Value) *arrangement {
	if !v.Type.HasRank || !v.Type.IsTensor() {
		return nil
	}
	return arrangeAs(v.Type.Shape)
}

func arrangeAs(shape sym.Shape) *arrangement {
	a := &arrangement{groups: make([][]*sym.Dim, len(shape))}
	for i, d := range shape {
		if d.Is(0) {
			return nil
		}
		if !d.Is(1) {
			a.atoms = append(a.atoms, &d)
			a.groups[i] = []*sym.Dim{&d}
		}
	}
	return a
}

// apply returns the arrangement after n, or nil if it can't be told.
func (a *arrangement) apply(n *ir.Node) *arrangement {
	out := n.Out[0].Type
	if !out.HasRank {
		return nil
	}
	switch n.Op {
	case op.Identity:
		return a
	case op.Transpose:
		return a.transpose(n.Attr.(*attr.Transpose).Perm)
	}
	return a.reshape(out.Shape)
}

func (a *arrangement) transpose(perm []int) *arrangement {
	t := &arrangement{atoms: a.atoms, groups: make([][]*sym.Dim, len(a.groups))}
	for i := range t.groups {
		from := len(t.groups) - 1 - i
		if len(perm) > 0 {
			from = perm[i]
		}
		t.groups[i] = a.groups[from]
	}
	return t
}

// reshape lays the atoms out along the axes of shape, splitting those that
// straddle two.
func (a *arrangement) reshape(shape sym.Shape) *arrangement {
	order := slices.Concat(a.groups...)
	t := &arrangement{atoms: slices.Clone(a.atoms), groups: make([][]*sym.Dim, len(shape))}
	for axis, need := range shape {
		for !need.Is(1) {
			if len(order) == 0 {
				return a.restart(shape)
			}
			atom := order[0]
			if rest, ok := need.DivExact(*atom); ok && !need.Is(0) {
				need = rest
				t.groups[axis] = append(t.groups[axis], atom)
				order = order[1:]
				continue
			}
			inner, ok := atom.DivExact(need)
			if !ok || need.Is(0) {
				return a.restart(shape)
			}
			outer := need
			t.split(atom, &outer, &inner)
			order = slices.Concat([]*sym.Dim{&outer, &inner}, order[1:])
		}
	}
	if len(order) > 0 {
		return a.restart(shape)
	}
	return t
}

// split replaces an atom by two. Groups already laid out don't hold it.
func (a *arrangement) split(atom, outer, inner *sym.Dim) {
	i := slices.Index(a.atoms, atom)
	a.atoms = slices.Replace(a.atoms, i, i+1, outer, inner)
}

// restart forgets how the axes of shape are made of the old ones. That is
// possible while the elements are still in the root's order.
func (a *arrangement) restart(shape sym.Shape) *arrangement {
	if !slices.Equal(slices.Concat(a.groups...), a.atoms) {
		return nil
	}
	return arrangeAs(shape)
}

func (a *arrangement) view(root *ir.Value, chain []*ir.Node) View {
	w := View{Root: root, Nodes: chain, Atoms: make([]sym.Dim, len(a.atoms)), Groups: make([][]int, len(a.groups))}
	index := make(map[*sym.Dim]int, len(a.atoms))
	for i, atom := range a.atoms {
		w.Atoms[i], index[atom] = *atom, i
	}
	for i, g := range a.groups {
		w.Groups[i] = make([]int, len(g))
		for j, atom := range g {
			w.Groups[i][j] = index[atom]
		}
	}
	return w
}

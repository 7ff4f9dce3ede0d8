package graft

import (
	"fmt"
	"maps"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
)

// Failure is a fused node of the copy that could not be taken over, and why.
type Failure struct {
	Node   *ir.Node
	Reason passes.Reason
}

// Fused puts the fused nodes of from that are wanted into g. from is a clone of g
// that passes have rewritten, and clones the map that [ir.Graph.Clone] gave with it.
// What is not wanted stays in g as it is.
func Fused(g, from *ir.Graph, clones map[*ir.Value]*ir.Value, wanted func(*ir.Node) bool) ([]Failure, error) {
	r := newGrafter(g, clones, wanted)
	for h := range from.Graphs() {
		if s := r.scion(h, from, g); s != nil {
			s.graft(h)
		}
	}
	for h := range g.Graphs() {
		if err := h.Sort(); err != nil {
			return nil, err
		}
	}
	if err := g.Retype(); err != nil {
		return nil, err
	}
	passes.Sweep(g)
	return r.failures, nil
}

// grafter holds what is known of the values of both graphs.
type grafter struct {
	original map[*ir.Value]*ir.Value // by its clone
	home     map[*ir.Value]*ir.Graph // of values of the graph
	wanted   func(*ir.Node) bool
	failures []Failure
}

func newGrafter(g *ir.Graph, clones map[*ir.Value]*ir.Value, wanted func(*ir.Node) bool) *grafter {
	r := &grafter{wanted: wanted, original: make(map[*ir.Value]*ir.Value, len(clones)), home: map[*ir.Value]*ir.Graph{}}
	for v, w := range clones {
		r.original[w] = v
	}
	for h := range g.Graphs() {
		for v := range values(h) {
			r.home[v] = h
		}
	}
	return r
}

// values iterates over the inputs of h and what its nodes define.
func values(h *ir.Graph) func(yield func(*ir.Value) bool) {
	return func(yield func(*ir.Value) bool) {
		for _, v := range h.Inputs {
			if !yield(v) {
				return
			}
		}
		for n := range h.Nodes() {
			for _, v := range n.Out {
				if v != nil && !yield(v) {
					return
				}
			}
		}
	}
}

// scion returns what grafts onto the graph that h is a copy of; nil if h is all
// new: then it holds nothing that the graph has.
func (r *grafter) scion(h, from, g *ir.Graph) *scion {
	home := g
	if h != from {
		home = nil
		for v := range values(h) {
			if home = r.home[r.original[v]]; home != nil {
				break
			}
		}
	}
	if home == nil {
		return nil
	}
	s := &scion{grafter: r, home: home, named: map[string]*ir.Value{}, fused: map[*ir.Value]*ir.Node{}, made: map[*ir.Value]*ir.Value{}}
	for v := range values(home) {
		if _, twice := s.named[v.Name]; twice || v.Name == "" {
			s.named[v.Name] = nil // which of them is meant can't be told
			continue
		}
		s.named[v.Name] = v
	}
	return s
}

// scion grafts one graph of the copy onto home.
type scion struct {
	*grafter
	home  *ir.Graph
	named map[string]*ir.Value
	fused map[*ir.Value]*ir.Node // the fused node that a value is, or is made of by new nodes alone
	made  map[*ir.Value]*ir.Value
}

// graft replaces each value of home that the copy computes with a fused node.
func (s *scion) graft(h *ir.Graph) {
	for n := range h.Nodes() {
		fused := s.fusedNode(n)
		if fused == nil {
			continue
		}
		for _, v := range n.Out {
			if v == nil {
				continue
			}
			if old := s.of(v); old == nil {
				s.fused[v] = fused
			} else if err := s.replace(old, v); err != nil {
				s.failures = append(s.failures, Failure{fused, passes.Reason{
					Check: "place in the file", Node: fused.Label(), Want: "operands that the file computes", Got: err.Error(),
				}})
			}
		}
	}
}

// fusedNode returns the fused node that n is, or that it rearranges the result
// of; nil if n is, with all it reads, as in the file.
func (s *scion) fusedNode(n *ir.Node) *ir.Node {
	if n.Op == op.Parallax {
		if old := s.original[n.Out[0]]; old != nil && old.Def != nil && old.Def.Op == op.Parallax || !s.wanted(n) {
			return nil // the file's own, or to stay
		}
		return n
	}
	for _, v := range n.In {
		if fused := s.fused[v]; fused != nil {
			return fused
		}
	}
	return nil
}

// of returns the value of home that v is a copy of, by itself or by name.
func (s *scion) of(v *ir.Value) *ir.Value {
	old := s.original[v]
	if old == nil || s.home != s.grafter.home[old] {
		old = s.named[v.Name]
	}
	if old == nil || old.Type.Kind != v.Type.Kind || old.Type.DType != v.Type.DType {
		return nil
	}
	return old
}

// replace rebuilds v in home, where it takes the place of old.
func (s *scion) replace(old, v *ir.Value) error {
	b := &builder{scion: s, Builder: ir.NewBuilder(s.home), made: map[*ir.Value]*ir.Value{}}
	if old.Def == nil {
		return fmt.Errorf("%s, which no node computes", old)
	}
	if err := b.node(v.Def); err != nil {
		return err
	}
	if err := b.Err(); err != nil {
		return err
	}
	b.Commit(nil)
	maps.Copy(s.made, b.made)
	now := b.made[v]
	now.Name, old.Name = old.Name, ""
	s.home.ReplaceUses(old, now)
	s.named[now.Name] = now
	return nil
}

// builder rebuilds nodes of the copy in home.
type builder struct {
	*scion
	*ir.Builder
	made map[*ir.Value]*ir.Value
}

// node rebuilds n and what it reads that home does not have.
func (b *builder) node(n *ir.Node) error {
	if len(n.Regions) > 0 {
		return fmt.Errorf("%s of node %s, which has bodies", n.Op.QualifiedName(), n.Label())
	}
	in := make([]*ir.Value, len(n.In))
	for i, v := range n.In {
		var err error
		if in[i], err = b.value(v); err != nil {
			return err
		}
	}
	out := b.Spec(ir.Spec{Op: n.Op, Attr: attr.Clone(n.Attr), In: in, Outs: len(n.Out), Name: n.Name, Sources: slices.Clone(n.Sources)})
	for i, v := range n.Out {
		if v != nil {
			b.made[v] = out[i]
		}
	}
	return nil
}

// value returns what v is in home, made if need be.
func (b *builder) value(v *ir.Value) (*ir.Value, error) {
	if v == nil {
		return nil, nil
	}
	for _, found := range []*ir.Value{b.of(v), b.made[v], b.scion.made[v]} {
		if found != nil {
			return found, nil
		}
	}
	switch {
	case v.Const != nil:
		b.made[v] = b.home.NewConst(v.Name, v.Const)
	case v.Def == nil:
		return nil, fmt.Errorf("%s, which the file has at another place", v)
	default:
		if err := b.node(v.Def); err != nil {
			return nil, err
		}
	}
	return b.made[v], nil
}

package match

import (
	"fmt"
	"iter"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
)

// Budget is the greatest number of steps of one search. Patterns in use take
// tens.
const Budget = 1 << 14

// Binding is one way in which a value fits a pattern.
type Binding struct {
	captures []capture
	// Nodes are those that patterns made by Op fitted, the root first: what a
	// patch covers.
	Nodes []*ir.Node
}

type capture struct {
	name  string
	value *ir.Value
}

// Value returns the value captured under name, or nil.
func (b Binding) Value(name string) *ir.Value {
	for _, c := range b.captures {
		if c.name == name {
			return c.value
		}
	}
	return nil
}

// Node returns the node that defines the value captured under name, or nil.
func (b Binding) Node(name string) *ir.Node {
	if v := b.Value(name); v != nil {
		return v.Def
	}
	return nil
}

// Float returns the constant of one element captured under name, and 0 if there
// is none.
func (b Binding) Float(name string) float64 {
	x, _ := b.Value(name).Scalar()
	return x
}

// All yields every way in which v fits p.
func All(p Pattern, v *ir.Value) iter.Seq[Binding] {
	return func(yield func(Binding) bool) {
		s := &search{}
		p.is.fit(s, v, func() bool { return !yield(s.binding()) })
	}
}

// First returns the first way in which v fits p.
func First(p Pattern, v *ir.Value) (Binding, bool) {
	for b := range All(p, v) {
		return b, true
	}
	return Binding{}, false
}

// Explain returns why v does not fit p, or nil if it does.
func Explain(p Pattern, v *ir.Value) *passes.Reason {
	s := &search{}
	if p.is.fit(s, v, func() bool { return true }) {
		return nil
	}
	if s.steps > Budget {
		return &passes.Reason{Check: "pattern", Node: label(v), Want: "a match", Got: "too many ways to try"}
	}
	return &passes.Reason{Check: "pattern", Node: label(s.miss.at), Want: s.miss.want.String(), Got: describe(s.miss.at)}
}

// search is the state of one backtracking search.
type search struct {
	captures []capture
	nodes    []*ir.Node
	steps    int
	miss     miss
}

// miss is a failed check.
type miss struct {
	want  pattern
	at    *ir.Value
	depth int // nodes fitted before it, plus one
}

func (s *search) binding() Binding {
	return Binding{captures: slices.Clone(s.captures), Nodes: unique(s.nodes)}
}

// fail notes that v is not what p wants, if no later check has failed before.
func (s *search) fail(p pattern, v *ir.Value) bool {
	if depth := len(s.nodes) + 1; depth > s.miss.depth {
		s.miss = miss{p, v, depth}
	}
	return false
}

// step counts, and reports whether the search may go on.
func (s *search) step() bool {
	s.steps++
	return s.steps <= Budget
}

func (p anyPattern) fit(s *search, v *ir.Value, next func() bool) bool {
	if v == nil {
		return s.fail(p, v)
	}
	return next()
}

func (p opPattern) fit(s *search, v *ir.Value, next func() bool) bool {
	if !s.step() || v == nil || v.Def == nil || v.Def.Op != p.op || v.DefIndex != p.out {
		return s.fail(p, v)
	}
	n := v.Def
	for _, extra := range n.Operands()[min(len(p.in), len(n.Operands())):] {
		if extra != nil {
			return s.fail(p, v)
		}
	}
	mark := len(s.nodes)
	s.nodes = append(s.nodes, n)
	defer func() { s.nodes = s.nodes[:mark] }()
	in := make([]*ir.Value, len(p.in))
	copy(in, n.Operands())
	if p.operands(s, in, next) {
		return true
	}
	if !p.op.Commutative || len(in) < 2 || in[0] == in[1] {
		return false
	}
	in[0], in[1] = in[1], in[0]
	return p.operands(s, in, next)
}

// operands fits in to the operand patterns, the first fixed before the second.
func (p opPattern) operands(s *search, in []*ir.Value, next func() bool) bool {
	var from func(i int) bool
	from = func(i int) bool {
		if i == len(in) {
			return next()
		}
		return p.in[i].is.fit(s, in[i], func() bool { return from(i + 1) })
	}
	return from(0)
}

func (p maybePattern) fit(s *search, v *ir.Value, next func() bool) bool {
	if v == nil {
		return next()
	}
	return p.p.is.fit(s, v, next)
}

func (p orPattern) fit(s *search, v *ir.Value, next func() bool) bool {
	for _, a := range p {
		if s.step() && a.is.fit(s, v, next) {
			return true
		}
	}
	return false
}

func (p asPattern) fit(s *search, v *ir.Value, next func() bool) bool {
	for _, c := range s.captures {
		if c.name == p.name {
			if !Same(c.value, v) {
				return s.fail(sameAs{c.value}, v)
			}
			return p.p.is.fit(s, v, next)
		}
	}
	return p.p.is.fit(s, v, func() bool {
		mark := len(s.captures)
		s.captures = append(s.captures, capture{p.name, v})
		done := next()
		s.captures = s.captures[:mark]
		return done
	})
}

func (p wherePattern) fit(s *search, v *ir.Value, next func() bool) bool {
	if v == nil {
		return s.fail(p, v)
	}
	return p.p.is.fit(s, v, func() bool {
		if !p.ok(v) {
			return s.fail(p, v)
		}
		return next()
	})
}

// sameAs is what a name wants at its second place.
type sameAs struct{ v *ir.Value }

func (p sameAs) String() string { return p.v.String() }

func (p sameAs) fit(*search, *ir.Value, func() bool) bool { panic("BUG: sameAs is only a reason") }

// Same reports whether a and b hold the same contents for certain: one value,
// or equal constants.
func Same(a, b *ir.Value) bool {
	return a == b || a.IsConst() && b.IsConst() && (a.Const == b.Const || a.Const.Equal(b.Const))
}

// rounded is x as v's type holds it.
func rounded(v *ir.Value, x float64) float64 {
	t := tensor.New(v.Const.DType)
	t.SetFloat(0, x)
	return t.FloatAt(0)
}

func unique(nodes []*ir.Node) []*ir.Node {
	var u []*ir.Node
	for _, n := range nodes {
		if !slices.Contains(u, n) {
			u = append(u, n)
		}
	}
	return u
}

// label names the place of v: the node that defines it, or v itself.
func label(v *ir.Value) string {
	switch {
	case v != nil && v.Def != nil:
		return v.Def.Label()
	case v != nil && v.Name != "":
		return v.Name
	}
	return v.String()
}

// describe says how v is computed.
func describe(v *ir.Value) string {
	switch {
	case v == nil:
		return "an operand left out"
	case v.Const != nil:
		if x, ok := v.Scalar(); ok {
			return fmt.Sprintf("constant %g", x)
		}
		return "constant " + v.Type.String()
	case v.Def == nil:
		return "graph input " + v.Type.String()
	}
	return v.Def.Op.QualifiedName()
}

package match

import (
	"fmt"
	"strings"

	"github.com/parallax-go/parallax/ir"
)

// Pattern describes a value. Patterns are immutable and may be shared and
// nested; they are made once, as package variables.
type Pattern struct {
	is pattern
}

// pattern is one kind of Pattern. fit calls next for every way in which v fits,
// with the captures made, until next returns true, and returns whether it did.
type pattern interface {
	fit(s *search, v *ir.Value, next func() bool) bool
	String() string // what is wanted, for reasons
}

// String describes the values that fit.
func (p Pattern) String() string { return p.is.String() }

// Op fits the first output of a node of o whose operands fit in.
func Op(o *ir.Op, in ...Pattern) Pattern { return Output(0, o, in...) }

// Output is Op for output i of the node.
func Output(i int, o *ir.Op, in ...Pattern) Pattern { return Pattern{opPattern{o, i, in}} }

// Any fits every value.
func Any() Pattern { return Pattern{anyPattern{}} }

// Var fits every value and captures it.
func Var(name string) Pattern { return Any().As(name) }

// Const fits constants.
func Const() Pattern {
	return Any().Where("a constant", func(v *ir.Value) bool { return v.IsConst() })
}

// Scalar fits a constant of one element that is x as its type can hold it.
func Scalar(x float64) Pattern {
	return Const().Where(fmt.Sprint(x), func(v *ir.Value) bool {
		got, ok := v.Scalar()
		return ok && (got == x || got == rounded(v, x))
	})
}

// ScalarWhere fits a constant of one element that ok accepts.
func ScalarWhere(want string, ok func(x float64) bool) Pattern {
	return Const().Where(want, func(v *ir.Value) bool {
		got, one := v.Scalar()
		return one && ok(got)
	})
}

// Maybe fits an operand that is left out, and what p fits.
func Maybe(p Pattern) Pattern { return Pattern{maybePattern{p}} }

// Or fits what any of the alternatives fits. They are tried in order.
func Or(alternatives ...Pattern) Pattern { return Pattern{orPattern(alternatives)} }

// Through fits p, and p under one node of o.
func Through(o *ir.Op, p Pattern) Pattern { return Or(p, Op(o, p)) }

// As captures the value under name.
func (p Pattern) As(name string) Pattern { return Pattern{asPattern{p, name}} }

// Where narrows p to values that ok accepts; want says what that is.
func (p Pattern) Where(want string, ok func(*ir.Value) bool) Pattern {
	return Pattern{wherePattern{p, want, ok}}
}

// Attr narrows a pattern made by Op to nodes whose attributes ok accepts.
func (p Pattern) Attr(want string, ok func(attrs any) bool) Pattern {
	return p.Where(want, func(v *ir.Value) bool { return v.Def != nil && ok(v.Def.Attr) })
}

// Sole narrows p to values with one reader, which is no graph output: the node
// can be replaced without being kept for others.
func (p Pattern) Sole() Pattern {
	return p.Where("one reader", func(v *ir.Value) bool {
		_, sole := v.SoleUse()
		return sole
	})
}

type anyPattern struct{}

func (anyPattern) String() string { return "a value" }

type opPattern struct {
	op  *ir.Op
	out int
	in  []Pattern
}

func (p opPattern) String() string { return p.op.QualifiedName() }

type maybePattern struct{ p Pattern }

func (p maybePattern) String() string { return "nothing or " + p.p.String() }

type orPattern []Pattern

func (p orPattern) String() string {
	parts := make([]string, len(p))
	for i, a := range p {
		parts[i] = a.String()
	}
	return strings.Join(parts, " or ")
}

type asPattern struct {
	p    Pattern
	name string
}

func (p asPattern) String() string { return p.p.String() }

type wherePattern struct {
	p    Pattern
	want string
	ok   func(*ir.Value) bool
}

func (p wherePattern) String() string { return p.want }

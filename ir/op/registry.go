package op

import (
	"fmt"
	"slices"
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
)

var registry = map[string]*ir.Op{}

func register(o *ir.Op) *ir.Op {
	name := o.QualifiedName()
	if registry[name] != nil {
		panic("BUG: operator registered twice: " + name)
	}
	registry[name] = o
	return o
}

// ByName returns the operator with a qualified name ("MatMul",
// "ai.parallax.Parallax"), or nil.
func ByName(name string) *ir.Op { return registry[name] }

// All returns every operator by qualified name, sorted.
func All() []*ir.Op {
	all := make([]*ir.Op, 0, len(registry))
	for _, o := range registry {
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b *ir.Op) int { return strings.Compare(a.QualifiedName(), b.QualifiedName()) })
	return all
}

// arity is the span of an operator's operand or output count.
type arity [2]int

var variadic = arity{1, -1}

func exactly(n int) arity { return arity{n, n} }

func newAttr[T any]() any { return attr.New[T]() }

// define registers a pure operator.
func define(name, doc string, in, out arity, attrs func() any, infer func(*ir.Infer) error) *ir.Op {
	return register(&ir.Op{Name: name, Doc: doc, MinIn: in[0], MaxIn: in[1], MinOut: out[0], MaxOut: out[1], Attr: attrs, Infer: infer})
}

// meaning gives an operator its decomposition.
func meaning(o *ir.Op, decompose func(*ir.Builder, *ir.Node) ([]*ir.Value, error)) *ir.Op {
	o.Decompose = decompose
	return o
}

// attrsOf returns the node's attributes as the struct its operator has.
func attrsOf[T any](c *ir.Infer) *T {
	a, ok := c.Node.Attr.(*T)
	if !ok {
		panic(fmt.Sprintf("BUG: node %s (%s) has attributes of type %T", c.Node.Label(), c.Node.Op.Name, c.Node.Attr))
	}
	return a
}

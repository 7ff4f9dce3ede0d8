package op

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
)

func unary(name string, attrs func() any) *ir.Op {
	o := define(name, "elementwise", exactly(1), exactly(1), attrs, inferUnary)
	o.Elementwise = true
	return o
}

func binary(name string, attrs func() any) *ir.Op {
	o := define(name, "elementwise, broadcast", exactly(2), exactly(1), attrs, inferBinary)
	o.Elementwise = true
	return o
}

func logical(name string) *ir.Op {
	o := define(name, "elementwise on booleans, broadcast", exactly(2), exactly(1), nil, inferLogical)
	o.Elementwise = true
	return o
}

func comparison(name string) *ir.Op {
	o := define(name, "elementwise comparison, broadcast", exactly(2), exactly(1), nil, inferComparison)
	o.Elementwise = true
	return o
}

func elementwise(o *ir.Op) *ir.Op {
	o.Elementwise = true
	return o
}

func commutative(o *ir.Op) *ir.Op {
	o.Commutative = true
	return o
}

func reduction(name string) *ir.Op {
	return define(name, "reduction over axes", arity{1, 2}, exactly(1), newAttr[attr.Reduce], inferReduce)
}

func control(name, doc string, in arity, regions int, attrs func() any, infer func(*ir.Infer) error) *ir.Op {
	o := define(name, doc, in, variadic, attrs, infer)
	o.Regions = regions
	return o
}

// inferSame gives the first output the first operand's type.
func inferSame(c *ir.Infer) error {
	c.Set(0, c.Type(0))
	return nil
}

func inferIdentity(c *ir.Infer) error {
	c.Set(0, c.Type(0))
	dims, _ := c.In(0).Dims()
	c.SetSym(0, dims)
	return nil
}

// inferOpaque keeps what value_info said.
func inferOpaque(c *ir.Infer) error {
	for i, v := range c.Node.Out {
		if v != nil {
			c.Set(i, v.Type)
		}
	}
	return nil
}

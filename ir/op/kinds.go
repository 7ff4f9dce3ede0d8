package op

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
)

func unary(name string, k class, attrs func() any) *ir.Op {
	return elementwise(define(name, "elementwise", exactly(1), exactly(1), attrs, inferUnary(k)))
}

func binary(name string, k class, attrs func() any) *ir.Op {
	return elementwise(define(name, "elementwise, broadcast", exactly(2), exactly(1), attrs, inferBinary(k)))
}

func logical(name string) *ir.Op {
	return elementwise(define(name, "elementwise on booleans, broadcast", exactly(2), exactly(1), nil, inferLogical))
}

func comparison(name string, k class) *ir.Op {
	return elementwise(define(name, "elementwise comparison, broadcast", exactly(2), exactly(1), nil, inferComparison(k)))
}

func fold(name string, k class) *ir.Op {
	return elementwise(define(name, "elementwise over all operands, broadcast", variadic, exactly(1), nil, inferVariadic(k)))
}

func elementwise(o *ir.Op) *ir.Op {
	o.Elementwise = true
	return o
}

func commutative(o *ir.Op) *ir.Op {
	o.Commutative = true
	return o
}

func reduction(name string, k class) *ir.Op {
	return define(name, "reduction over axes", arity{1, 2}, exactly(1), newAttr[attr.Reduce], inferReduce(k))
}

func control(name, doc string, in arity, regions int, attrs func() any, infer func(*ir.Infer) error) *ir.Op {
	o := define(name, doc, in, variadic, attrs, infer)
	o.Regions = regions
	return o
}

func inferIdentity(c *ir.Infer) error {
	c.Set(0, c.Type(0))
	dims, _ := contents(c.In(0))
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

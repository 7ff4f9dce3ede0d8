package op

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// random registers an operator that draws numbers.
func random(name, doc string) *ir.Op {
	o := define(name, doc, exactly(1), exactly(1), newAttr[attr.Random], inferRandom)
	o.Impure = true
	return o
}

// inferRandom has the operand's shape.
func inferRandom(c *ir.Infer) error {
	t := c.Type(0)
	d := attrsOf[attr.Random](c).DType
	if d == tensor.Invalid {
		d = t.DType
	}
	if !t.IsTensor() || d != tensor.Invalid && !floats.has(d) {
		return fmt.Errorf("random numbers of type %s like %s, want %s", d, t, floats.name)
	}
	setLike(c, t, d)
	return nil
}

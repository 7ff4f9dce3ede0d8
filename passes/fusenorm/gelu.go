package fusenorm

import (
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// gelu recognises x/2·(1+erf(x/√2)) and x/2·(1+tanh(√(2/π)(x+0.044715x³))).
func gelu(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	for _, sum := range multiplied(n.Out[0], nil).factors {
		f := plusOne(sum)
		if f == nil {
			continue
		}
		for _, form := range geluForms {
			if f.Op != form.op {
				continue
			}
			if x := form.operand(f.In[0]); x != nil && isHalf(n.Out[0], x, sum) {
				p := rewrite.NewPatch(n, "").Cover(sum.Def, f)
				return p.Replace(n.Out[0], p.Op(op.Gelu, &attr.Gelu{Approximate: form.approximate}, x))
			}
		}
	}
	return nil
}

// geluForms say of which x an argument of erf or tanh is the one in Gelu.
var geluForms = []struct {
	op          *ir.Op
	approximate string
	operand     func(argument *ir.Value) *ir.Value
}{
	{op.Erf, "none", erfOperand},
	{op.Tanh, "tanh", tanhOperand},
}

// isHalf reports whether v is x·sum/2.
func isHalf(v, x, sum *ir.Value) bool {
	p := multiplied(v, x)
	return len(p.factors) == 2 && p.is(0.5) && slices.Contains(p.factors, x) && slices.Contains(p.factors, sum) && x.Type.Equal(v.Type)
}

// plusOne returns the node that makes f if v is f+1.
func plusOne(v *ir.Value) *ir.Node {
	rest, ok := sumWith(v, func(c *ir.Value) bool { one, ok := c.Scalar(); return ok && one == 1 })
	if !ok || rest.Def == nil || len(rest.Def.In) != 1 {
		return nil
	}
	return rest.Def
}

// sumWith returns the other operand if v is a sum with one that is accepted.
func sumWith(v *ir.Value, accept func(*ir.Value) bool) (*ir.Value, bool) {
	if v.Def == nil || v.Def.Op != op.Add {
		return nil, false
	}
	a, b := v.Def.In[0], v.Def.In[1]
	if accept(b) {
		return a, true
	}
	return b, accept(a)
}

// erfOperand returns the x of x/√2.
func erfOperand(argument *ir.Value) *ir.Value {
	for _, x := range operands(argument) {
		if p := multiplied(argument, x); p.isPower(x, 1) && p.is(math.Sqrt2/2) {
			return x
		}
	}
	return nil
}

// tanhOperand returns the x of √(2/π)·(x + 0.044715x³), which may also stand as
// √(2/π)·x·(1 + 0.044715x²).
func tanhOperand(argument *ir.Value) *ir.Value {
	outer := multiplied(argument, nil)
	if !outer.is(math.Sqrt(2 / math.Pi)) {
		return nil
	}
	for _, sum := range outer.factors {
		for _, x := range append(operands(sum), outer.factors...) {
			p := multiplied(argument, x)
			rest := slices.DeleteFunc(slices.Clone(p.factors), func(v *ir.Value) bool { return v == x })
			if len(rest) == 1 && isCubicSum(rest[0], x, len(p.factors)) {
				return x
			}
		}
	}
	return nil
}

// isCubicSum reports whether sum is x + 0.044715x³, or that with x taken out: then
// it is one of two factors.
func isCubicSum(sum, x *ir.Value, factors int) bool {
	power := 4 - factors // of x in the sum's higher term
	other, ok := sumWith(sum, func(v *ir.Value) bool {
		p := multiplied(v, x)
		return p.isPower(x, power) && p.is(0.044715)
	})
	if factors == 1 {
		return ok && other == x
	}
	one, number := other.Scalar()
	return factors == 2 && ok && number && one == 1
}

// operands are those of the node that makes v.
func operands(v *ir.Value) []*ir.Value {
	if v.Def == nil {
		return nil
	}
	return slices.Clone(v.Def.In)
}

// product is a value multiplied out: a number times factors.
type product struct {
	number  float64
	dtype   tensor.DType
	factors []*ir.Value
	whole   *ir.Value // is not multiplied out
	steps   int
}

// maxFactors bounds the factors of interest: x³ times a number has three.
const maxFactors = 4

// maxSteps bounds the nodes looked through.
const maxSteps = 8

// multiplied multiplies v out as far as it is products, quotients by constants
// and small powers; whole, if it is met, is left as it is.
func multiplied(v, whole *ir.Value) product {
	p := product{number: 1, dtype: v.Type.DType, whole: whole}
	p.take(v, 1)
	return p
}

// take multiplies v to the given power in.
func (p *product) take(v *ir.Value, power int) {
	if c, ok := v.Scalar(); ok {
		p.number *= math.Pow(c, float64(power))
		return
	}
	n := v.Def
	p.steps++
	if n == nil || v == p.whole || p.steps > maxSteps {
		p.keep(v, power)
		return
	}
	constant, number := 0.0, false
	if len(n.In) == 2 {
		constant, number = n.In[1].Scalar()
	}
	switch {
	case n.Op == op.Mul:
		p.take(n.In[0], power)
		p.take(n.In[1], power)
	case n.Op == op.Div && number && constant != 0:
		p.take(n.In[0], power)
		p.number /= math.Pow(constant, float64(power))
	case n.Op == op.Pow && number && (constant == 2 || constant == 3):
		p.take(n.In[0], power*int(constant))
	default:
		p.keep(v, power)
	}
}

func (p *product) keep(v *ir.Value, power int) {
	for range min(power, maxFactors+1) {
		p.factors = append(p.factors, v)
	}
}

// isPower reports whether the factors are x to the power.
func (p *product) isPower(x *ir.Value, power int) bool {
	for _, f := range p.factors {
		if f != x {
			return false
		}
	}
	return len(p.factors) == power
}

// is reports whether the number is the wanted one, but for what rounding to
// the type leaves and for the digits that authors write.
func (p *product) is(want float64) bool {
	tolerance := 1e-6
	switch p.dtype {
	case tensor.Float16:
		tolerance = 1e-3
	case tensor.BFloat16:
		tolerance = 8e-3
	}
	return math.Abs(p.number-want) <= tolerance*want
}

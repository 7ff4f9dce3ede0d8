package op

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// inferUnary types an operator on elements of class k whose result is like its
// operand.
func inferUnary(k class) func(*ir.Infer) error {
	return func(c *ir.Infer) error {
		if err := k.check(c, 0); err != nil {
			return err
		}
		t := c.Type(0)
		c.Set(0, t)
		f := unaryContents[c.Node.Op.Name]
		if f == nil || !t.HasRank || !carries(t.DType) {
			return nil
		}
		eachBroadcast(c, t.Shape, func(x []sym.Dim) (sym.Dim, bool) { return f(x[0]) })
		return nil
	}
}

// unaryContents are the operators through which contents are carried.
var unaryContents = map[string]func(sym.Dim) (sym.Dim, bool){
	"Neg":  func(x sym.Dim) (sym.Dim, bool) { return x.Neg(), true },
	"Abs":  func(x sym.Dim) (sym.Dim, bool) { return x.Max(x.Neg()), true },
	"Relu": func(x sym.Dim) (sym.Dim, bool) { return x.Max(sym.Const(0)), true },
}

// broadcastAll returns the broadcast shape of all operands and whether it is
// known.
func broadcastAll(c *ir.Infer) (sym.Shape, bool, error) {
	shape, known := sym.Shape{}, true
	for i := range c.NumIn() {
		if c.In(i) == nil {
			continue
		}
		t := c.Type(i)
		if !t.HasRank {
			known = false
			continue
		}
		next, err := sym.BroadcastShapes(shape, t.Shape)
		if err != nil {
			return nil, false, err
		}
		shape = next
	}
	return shape, known, nil
}

// setBroadcast gives output 0 elements d in the broadcast shape of the operands,
// and contents by f where the operands' are known.
func setBroadcast(c *ir.Infer, d tensor.DType, f func(x []sym.Dim) (sym.Dim, bool)) error {
	shape, known, err := broadcastAll(c)
	if err != nil {
		return err
	}
	if !known {
		c.Set(0, ir.Unranked(d))
		return nil
	}
	c.SetTensor(0, d, shape)
	if f != nil {
		eachBroadcast(c, shape, f)
	}
	return nil
}

// inferBinary types an operator of two operands with the same elements, of
// class k.
func inferBinary(k class) func(*ir.Infer) error {
	return func(c *ir.Infer) error {
		if err := k.checkAll(c); err != nil {
			return err
		}
		d, err := commonElement(c, 0, 1)
		if err != nil {
			return err
		}
		return setBroadcast(c, d, binaryContents(c, d))
	}
}

func binaryContents(c *ir.Infer, d tensor.DType) func(x []sym.Dim) (sym.Dim, bool) {
	f := arithmetic[c.Node.Op.Name]
	if f == nil || !carries(d) {
		return nil
	}
	return func(x []sym.Dim) (sym.Dim, bool) {
		z, ok := f(x[0], x[1])
		return z, ok && fits(z, d)
	}
}

// arithmetic lists how contents are carried through operators of two operands.
var arithmetic = map[string]func(a, b sym.Dim) (sym.Dim, bool){
	"Add": func(a, b sym.Dim) (sym.Dim, bool) { return a.Add(b), true },
	"Sub": func(a, b sym.Dim) (sym.Dim, bool) { return a.Sub(b), true },
	"Mul": func(a, b sym.Dim) (sym.Dim, bool) { return a.Mul(b), true },
	"Div": truncatedQuotient,
	"Mod": flooredRemainder,
	"Max": func(a, b sym.Dim) (sym.Dim, bool) { return a.Max(b), true },
	"Min": func(a, b sym.Dim) (sym.Dim, bool) { return a.Min(b), true },
	"Sum": func(a, b sym.Dim) (sym.Dim, bool) { return a.Add(b), true },
}

// truncatedQuotient is ONNX's integer division, which rounds towards zero as
// C's does: the floor where both are sizes, and 0 for what is less than b below 0.
func truncatedQuotient(a, b sym.Dim) (sym.Dim, bool) {
	if q, ok := a.DivExact(b); ok {
		return q, true
	}
	if b.Is(0) || !nonNegative(b) {
		return sym.Dim{}, false
	}
	switch {
	case nonNegative(a):
		return a.Div(b), true
	case nonNegative(a.Neg()):
		return a.CeilDiv(b), true
	case sym.ProvablyLT(b.Neg(), a): // as (n-1)/2, which is 0 for n = 0
		return a.Div(b).Max(sym.Const(0)), true
	}
	return sym.Dim{}, false
}

// flooredRemainder is Mod with fmod = 0, which has the sign of the divisor. With
// fmod = 1 it has that of the dividend: the same for sizes, which is all that is
// carried.
func flooredRemainder(a, b sym.Dim) (sym.Dim, bool) {
	if b.Is(0) || !nonNegative(a) || !nonNegative(b) {
		return sym.Dim{}, false
	}
	return a.Mod(b), true
}

// inferPow lets the exponent have elements of its own.
func inferPow(c *ir.Infer) error {
	if err := numbers.checkAll(c); err != nil {
		return err
	}
	return setBroadcast(c, c.Type(0).DType, nil)
}

// inferPRelu broadcasts the slope to the shape of x.
func inferPRelu(c *ir.Infer) error {
	if err := numbers.checkAll(c); err != nil {
		return err
	}
	d, err := commonElement(c, 0, 1)
	if err != nil {
		return err
	}
	if err := broadcastsTo(c, 1, c.Type(0)); err != nil {
		return err
	}
	setLike(c, c.Type(0), d)
	return nil
}

// broadcastsTo checks that operand i, if present, broadcasts to t's shape
// without enlarging it.
func broadcastsTo(c *ir.Infer, i int, t ir.Type) error {
	v := c.In(i)
	if v == nil || !v.Type.HasRank || !t.HasRank {
		return nil
	}
	shape := v.Type.Shape
	if len(shape) > len(t.Shape) {
		return fmt.Errorf("operand %d has rank %d and can't be broadcast to %s", i, len(shape), t.Shape)
	}
	for k, size := range shape {
		if to := t.Shape[len(t.Shape)-len(shape)+k]; !size.Is(1) && differ(size, to) && differ(size, sym.Const(1)) {
			return fmt.Errorf("operand %d can't be broadcast to %s: sizes %s and %s differ", i, t.Shape, size, to)
		}
	}
	return nil
}

func inferVariadic(k class) func(*ir.Infer) error {
	return func(c *ir.Infer) error {
		if err := noneMissing(c); err != nil {
			return err
		}
		if err := k.checkAll(c); err != nil {
			return err
		}
		d, err := commonElement(c, allOperands(c)...)
		if err != nil {
			return err
		}
		return setBroadcast(c, d, foldContents(c, d))
	}
}

func foldContents(c *ir.Infer, d tensor.DType) func(x []sym.Dim) (sym.Dim, bool) {
	f := binaryContents(c, d)
	if f == nil {
		return nil
	}
	return func(x []sym.Dim) (sym.Dim, bool) {
		z, ok := x[0], true
		for _, y := range x[1:] {
			if z, ok = f([]sym.Dim{z, y}); !ok {
				break
			}
		}
		return z, ok
	}
}

// inferComparison types an operator that compares elements of class k.
func inferComparison(k class) func(*ir.Infer) error {
	return func(c *ir.Infer) error {
		if err := k.checkAll(c); err != nil {
			return err
		}
		d, err := commonElement(c, 0, 1)
		if err != nil {
			return err
		}
		if !carries(d) && d != tensor.Bool {
			return setBroadcast(c, tensor.Bool, nil)
		}
		return setBroadcast(c, tensor.Bool, func(x []sym.Dim) (sym.Dim, bool) {
			return decide(c.Node.Op.Name, x[0], x[1])
		})
	}
}

// decide returns a comparison's outcome where every binding gives the same.
func decide(name string, a, b sym.Dim) (sym.Dim, bool) {
	var yes, no bool
	switch name {
	case "Equal":
		yes, no = a.Equal(b), differ(a, b)
	case "Less":
		yes, no = sym.ProvablyLT(a, b), sym.ProvablyLE(b, a)
	case "LessOrEqual":
		yes, no = sym.ProvablyLE(a, b), sym.ProvablyLT(b, a)
	case "Greater":
		return decide("Less", b, a)
	case "GreaterOrEqual":
		return decide("LessOrEqual", b, a)
	}
	return truth(yes), yes || no
}

func truth(b bool) sym.Dim {
	if b {
		return sym.Const(1)
	}
	return sym.Const(0)
}

func inferLogical(c *ir.Infer) error {
	if err := booleans.checkAll(c); err != nil {
		return err
	}
	f := logic[c.Node.Op.Name]
	return setBroadcast(c, tensor.Bool, func(x []sym.Dim) (sym.Dim, bool) {
		return truth(f(x[0].Is(1), x[1].Is(1))), true
	})
}

var logic = map[string]func(a, b bool) bool{
	"And": func(a, b bool) bool { return a && b },
	"Or":  func(a, b bool) bool { return a || b },
	"Xor": func(a, b bool) bool { return a != b },
}

func inferNot(c *ir.Infer) error {
	if err := booleans.check(c, 0); err != nil {
		return err
	}
	return setBroadcast(c, tensor.Bool, func(x []sym.Dim) (sym.Dim, bool) { return truth(x[0].Is(0)), true })
}

// inferPredicate types IsNaN and IsInf.
func inferPredicate(c *ir.Infer) error {
	if err := floats.check(c, 0); err != nil {
		return err
	}
	setLike(c, c.Type(0), tensor.Bool)
	return nil
}

func inferWhere(c *ir.Infer) error {
	if err := classes(c, booleans, anyElement, anyElement); err != nil {
		return err
	}
	d, err := commonElement(c, 1, 2)
	if err != nil {
		return err
	}
	return setBroadcast(c, d, func(x []sym.Dim) (sym.Dim, bool) {
		if x[0].Is(0) {
			return x[2], true
		}
		return x[1], true
	})
}

// inferClip takes limits that are scalars of x's type.
func inferClip(c *ir.Infer) error {
	if err := numbers.checkAll(c); err != nil {
		return err
	}
	d, err := commonElement(c, allOperands(c)...)
	if err != nil {
		return err
	}
	for i := 1; i < c.NumIn(); i++ {
		if c.In(i) == nil || !c.Type(i).HasRank {
			continue
		}
		if n := c.Type(i).Shape.Elements(); differ(n, sym.Const(1)) {
			return fmt.Errorf("the limit, operand %d, has %s elements, want one", i, n)
		}
	}
	setLike(c, c.Type(0), d)
	if x, ok := smallIn(c, 0); ok && carries(d) {
		clipContents(c, x)
	}
	return nil
}

func clipContents(c *ir.Infer, x small) {
	lo, hasLo := scalarIn(c, 1)
	hi, hasHi := scalarIn(c, 2)
	if hasLo != (c.In(1) != nil) || hasHi != (c.In(2) != nil) {
		return
	}
	each(c, 0, x.shape, func(index []int) (sym.Dim, bool) {
		z := x.at(index)
		if hasLo {
			z = z.Max(lo)
		}
		if hasHi {
			z = z.Min(hi)
		}
		return z, true
	})
}

// inferCast keeps contents between integers. Sizes are trusted to fit: a
// dimension beyond 2^31 cast to 32 bits wraps in the file's own arithmetic, and
// no such model works.
func inferCast(c *ir.Infer) error {
	to := attrsOf[attr.Cast](c).To
	if !to.Valid() {
		return fmt.Errorf("no element type has number %d", to)
	}
	if err := anyElement.check(c, 0); err != nil {
		return err
	}
	t := c.Type(0)
	setLike(c, t, to)
	x, ok := castable(c)
	switch {
	case !ok:
	case carries(to):
		each(c, 0, x.shape, func(index []int) (sym.Dim, bool) { z := x.at(index); return z, fits(z, to) })
	case to == tensor.Bool:
		each(c, 0, x.shape, func(index []int) (sym.Dim, bool) {
			zero, known := decide("Equal", x.at(index), sym.Const(0))
			return truth(zero.Is(0)), known
		})
	}
	return nil
}

// castable returns the operand of a Cast as a small tensor; a float constant is
// truncated to integers, as exporters write the bounds of a Range.
func castable(c *ir.Infer) (small, bool) {
	k := c.In(0).Const
	if k == nil || !k.DType.IsFloat() || k.Len() > ir.MaxSym || attrsOf[attr.Cast](c).To == tensor.Bool {
		return smallIn(c, 0)
	}
	x := small{k.Shape, make([]sym.Dim, k.Len())}
	for i := range x.dims {
		v := k.FloatAt(i)
		if !(math.Abs(v) < math.MaxInt32) {
			return small{}, false
		}
		x.dims[i] = sym.Const(int64(v))
	}
	return x, true
}

package op

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// count is the only element of integer operand i; ok is false if it is not known.
func count(c *ir.Infer, i int) (n sym.Dim, ok bool, err error) {
	if err := integers.check(c, i); err != nil {
		return n, false, err
	}
	t := c.Type(i)
	if shape, known := t.ConstShape(); known {
		if n, ok := tensor.Elements(shape); !ok || n != 1 {
			return sym.Dim{}, false, fmt.Errorf("operand %d is %s, want one number", i, t)
		}
	}
	if dims, known := c.In(i).Dims(); known && len(dims) == 1 {
		return dims[0], true, nil
	}
	return n, false, nil
}

// optional is count of an operand that may be left out.
func optional(c *ir.Infer, i int) (n sym.Dim, given, ok bool, err error) {
	if i >= c.NumIn() || c.In(i) == nil {
		return n, false, false, nil
	}
	n, ok, err = count(c, i)
	return n, true, ok, err
}

// inferDFT is for x [… axis …, part], whose axis is operand 2.
func inferDFT(c *ir.Infer) error {
	if err := classes(c, floats); err != nil {
		return err
	}
	axis, axisGiven, axisKnown, err := optional(c, 2)
	if err != nil {
		return err
	}
	length, lengthGiven, lengthKnown, err := optional(c, 1)
	if err != nil {
		return err
	}
	if _, err := minRank(c, 0, 2); err != nil {
		return err
	}
	x, a := c.Type(0), attrsOf[attr.DFT](c)
	if !x.HasRank {
		c.Set(0, x)
		return nil
	}
	last := len(x.Shape) - 1
	if err := partsFit(x.Shape[last]); err != nil {
		return err
	}
	shape := c.FreshShape(0, last+1)
	if shape[last] = sym.Const(2); a.Inverse && a.OneSided {
		shape[last] = sym.Const(1)
	}
	at := int64(-2)
	if axisGiven {
		n, constant := axis.IsConst()
		if !axisKnown || !constant {
			c.SetTensor(0, x.DType, shape)
			return nil
		}
		at = n
	}
	axes, err := normalAxes([]int64{at}, last+1)
	if err != nil {
		return err
	}
	if axes[0] == last {
		return fmt.Errorf("axis %d holds real and imaginary parts", at)
	}
	copy(shape, x.Shape[:last])
	switch {
	case lengthGiven && !lengthKnown:
		shape[axes[0]] = c.Fresh(0, axes[0])
	default:
		if !lengthGiven {
			length = transformed(a, x.Shape[axes[0]])
		}
		if sym.ProvablyLT(length, sym.Const(1)) {
			return fmt.Errorf("a transform of length %s", length)
		}
		shape[axes[0]] = frequencies(length, a.OneSided && !a.Inverse)
	}
	c.SetTensor(0, x.DType, shape)
	return nil
}

// transformed is the length of a transform of n entries, if no other is given.
func transformed(a *attr.DFT, n sym.Dim) sym.Dim {
	if a.Inverse && a.OneSided {
		return n.Sub(sym.Const(1)).Mul(sym.Const(2))
	}
	return n
}

// frequencies is how many numbers a transform of length n gives.
func frequencies(n sym.Dim, oneSided bool) sym.Dim {
	if oneSided {
		return n.Div(sym.Const(2)).Add(sym.Const(1))
	}
	return n
}

// partsFit wants real and imaginary parts, or one of them.
func partsFit(d sym.Dim) error {
	if differ(d, sym.Const(1)) && differ(d, sym.Const(2)) {
		return fmt.Errorf("numbers of %s parts, want 1 or 2", d)
	}
	return nil
}

// inferSTFT is for a signal [batch, length, part].
func inferSTFT(c *ir.Infer) error {
	if err := classes(c, floats, integers, floats, integers); err != nil {
		return err
	}
	step, stepKnown, err := count(c, 1)
	if err != nil {
		return err
	}
	n, given, known, err := optional(c, 3)
	if err != nil {
		return err
	}
	if c.NumIn() > 2 && c.In(2) != nil {
		ranked, err := wantRank(c, 2, 1)
		if err != nil {
			return err
		}
		if ranked {
			if size := c.Type(2).Shape[0]; !given || !known {
				n, known = size, true
			} else if differ(n, size) {
				return fmt.Errorf("a window of %s for frames of %s", size, n)
			}
		}
	} else if !given {
		return fmt.Errorf("neither a window nor the length of frames is given")
	}
	ranked, err := wantRank(c, 0, 3)
	if err != nil {
		return err
	}
	x := c.Type(0)
	shape := c.FreshShape(0, 4)
	shape[3] = sym.Const(2)
	if known {
		shape[2] = frequencies(n, attrsOf[attr.STFT](c).OneSided)
	}
	if ranked {
		if err := partsFit(x.Shape[2]); err != nil {
			return err
		}
		shape[0] = x.Shape[0]
		if by, constant := step.IsConst(); stepKnown && known && constant {
			room := x.Shape[1].Sub(n)
			if by < 1 || sym.ProvablyLT(room, sym.Const(0)) || sym.ProvablyLT(n, sym.Const(1)) {
				return fmt.Errorf("frames of %s, %d apart, of %s", n, by, x)
			}
			shape[1] = room.Div(step).Add(sym.Const(1))
		}
	}
	c.SetTensor(0, x.DType, shape)
	return nil
}

// inferMelWeights gives weights [frequency, band].
func inferMelWeights(c *ir.Infer) error {
	if err := classes(c, integers, integers, integers, floats, floats); err != nil {
		return err
	}
	shape := c.FreshShape(0, 2)
	for i := range 2 {
		n, known, err := count(c, i)
		if err != nil {
			return err
		}
		if known && sym.ProvablyLT(n, sym.Const(1)) {
			return fmt.Errorf("operand %d is %s, want at least 1", i, n)
		}
		if known {
			shape[1-i] = frequencies(n, i == 1)
		}
	}
	d := attrsOf[attr.MelWeightMatrix](c).DType
	if !numbers.has(d) {
		return fmt.Errorf("weights of type %s, want %s", d, numbers.name)
	}
	c.SetTensor(0, d, shape)
	return nil
}

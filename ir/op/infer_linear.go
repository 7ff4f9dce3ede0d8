package op

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// inferLinear checks the operands of the fused product against its
// specification; see [attr.Linear].
func inferLinear(c *ir.Infer) error {
	a := attrsOf[attr.Linear](c)
	if err := a.Check(); err != nil {
		return err
	}
	o := a.Operands()
	switch {
	case c.NumIn() != o.Count:
		return fmt.Errorf("%d operands, the specification has %d", c.NumIn(), o.Count)
	case c.NumOut() != a.Outputs():
		return fmt.Errorf("%d outputs, the specification has %d", c.NumOut(), a.Outputs())
	}
	if err := noneMissing(c); err != nil {
		return err
	}
	d, err := linearElements(c, a)
	if err != nil {
		return err
	}
	w, err := linearWidths(c, a)
	if err != nil {
		return err
	}
	ranked, err := minRank(c, o.X, 1)
	if err != nil {
		return err
	}
	for i := range c.NumOut() {
		if !ranked {
			c.Set(i, ir.Unranked(d))
			continue
		}
		shape := c.Type(o.X).Shape.Clone()
		last := len(shape) - 1
		shape[last] = w.of(min(i, a.Results()-1), fresh(c, last))
		c.SetTensor(i, d, shape)
	}
	return linearResidual(c, o, ranked, w)
}

// linearElements is the element type of x and the results, which all operands have but for
// weights that are integers, and their zero points, and weights of 16 bits beside x of f32.
func linearElements(c *ir.Infer, a *attr.Linear) (tensor.DType, error) {
	o := a.Operands()
	var alike []int
	for i := range c.NumIn() {
		weight, zero := i >= o.Weight && i < o.Weight+a.Weights, o.Zero >= 0 && i >= o.Zero && i < o.Zero+len(a.Zeroed)
		kind := floats
		switch {
		case a.InSteps() && (weight || zero):
			kind = integers
		case weight && attr.NarrowBeside(c.Type(o.X).DType, c.Type(i).DType):
		default:
			alike = append(alike, i)
		}
		if err := kind.check(c, i); err != nil {
			return tensor.Invalid, err
		}
	}
	for i := range a.Weights {
		if at := a.ZeroOf(i); at >= 0 {
			if _, err := commonElement(c, o.Weight+i, at); err != nil {
				return tensor.Invalid, fmt.Errorf("zero point of weight %d: %w", i, err)
			}
		}
	}
	d, err := commonElement(c, alike...)
	if err == nil && a.OfIntegers() && d != tensor.Invalid && d != tensor.Float32 {
		err = fmt.Errorf("operand 0 has elements of type %s, want f32 to be taken in steps", d)
	}
	return d, err
}

// widths are the sizes of the last axes of the results.
type widths struct {
	dims  []sym.Dim
	known []bool
}

func (w *widths) of(i int, otherwise sym.Dim) sym.Dim {
	if w.known[i] {
		return w.dims[i]
	}
	return otherwise
}

func (w *widths) learn(i int, d sym.Dim) (err error) {
	if w.known[i] {
		d, err = agree(fmt.Sprintf("width of result %d:", i), w.dims[i], d)
	}
	w.dims[i], w.known[i] = d, true
	return err
}

// linearWidths reads the widths off the weights and vectors.
func linearWidths(c *ir.Infer, a *attr.Linear) (*widths, error) {
	o, last := a.Operands(), a.Results()-1
	w := &widths{make([]sym.Dim, last+1), make([]bool, last+1)}
	for i := range a.Weights {
		if err := linearWeight(c, a, i, w); err != nil {
			return nil, err
		}
	}
	for i := range a.Weights {
		vectors := []int{a.BiasOf(i)}
		if a.BlockSize > 0 {
			if err := linearBlocks(c, a, i); err != nil {
				return nil, err
			}
		} else {
			vectors = append(vectors, a.StepOf(i), a.ZeroOf(i))
		}
		for _, at := range vectors {
			if err := w.vector(c, at, min(i, last)); err != nil {
				return nil, err
			}
		}
	}
	for _, at := range []int{o.Scale, o.Shift} {
		if err := w.vector(c, at, 0); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// linearBlocks checks that each block of weight i has a step and a zero point.
func linearBlocks(c *ir.Infer, a *attr.Linear, i int) error {
	w := c.Type(a.Operands().Weight + i)
	if !w.HasRank || len(w.Shape) != 2 {
		return nil
	}
	want := sym.Shape{w.Shape[0], w.Shape[1].CeilDiv(sym.Const(int64(a.BlockSize)))}
	for _, x := range []struct {
		name string
		at   int
	}{{"step", a.StepOf(i)}, {"zero point", a.ZeroOf(i)}} {
		if t := c.Type(x.at); t.HasRank {
			if err := shapeFits(fmt.Sprintf("%s of weight %d", x.name, i), t.Shape, want); err != nil {
				return err
			}
		}
	}
	return nil
}

// linearWeight learns the width of weight i and compares its height with x's.
func linearWeight(c *ir.Infer, a *attr.Linear, i int, w *widths) error {
	at := a.Operands().Weight + i
	ranked, err := wantRank(c, at, 2)
	if err != nil || !ranked {
		return err
	}
	height, width := c.Type(at).Shape[0], c.Type(at).Shape[1]
	if a.TransB {
		height, width = width, height
	}
	if x := c.Type(0); x.HasRank && len(x.Shape) > 0 && differ(x.Shape[len(x.Shape)-1], height) {
		return fmt.Errorf("operand %d: inner sizes %s and %s differ", at, x.Shape[len(x.Shape)-1], height)
	}
	if from, to, cut := a.Part(i); cut {
		if n, known := width.IsConst(); known && int64(to) > n {
			return fmt.Errorf("operand %d: columns %d to %d of %d", at, from, to, n)
		}
		width = sym.Const(int64(to - from))
	}
	if err := w.learn(min(i, a.Results()-1), width); err != nil {
		return fmt.Errorf("operand %d: %w", at, err)
	}
	return nil
}

// vector learns the width of result i from a vector operand; −1: there is none.
func (w *widths) vector(c *ir.Infer, at, i int) error {
	if at < 0 {
		return nil
	}
	ranked, err := wantRank(c, at, 1)
	if err != nil || !ranked {
		return err
	}
	if err := w.learn(i, c.Type(at).Shape[0]); err != nil {
		return fmt.Errorf("operand %d: %w", at, err)
	}
	return nil
}

// linearResidual compares the residual with the result: it is not broadcast.
func linearResidual(c *ir.Infer, o attr.LinearOperands, ranked bool, w *widths) error {
	if o.Residual < 0 || !ranked {
		return nil
	}
	want := c.Type(o.X).Shape.Clone()
	want[len(want)-1] = w.of(0, fresh(c, len(want)-1))
	return residualFits(c.Type(o.Residual), ir.TensorOf(c.Type(o.X).DType, want))
}

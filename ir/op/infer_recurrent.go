package op

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
)

// inferRecurrent is of RNN, GRU and LSTM, whose cells have so many gates: for x [time,
// batch, input], weights [direction, gate·hidden, input] and [direction, gate·hidden,
// hidden], biases, lengths, and what states begin with. With layout 1, the batch comes
// first.
func inferRecurrent(gates int64) func(*ir.Infer) error {
	return func(c *ir.Infer) error {
		if err := classes(c, floats, floats, floats, floats, integers, floats, floats, floats); err != nil {
			return err
		}
		d, err := commonElement(c, 0, 1, 2, 3, 5, 6, 7)
		if err != nil {
			return err
		}
		a := attrsOf[attr.Recurrent](c)
		r, err := recurrenceOf(c, a)
		if err != nil {
			return err
		}
		if err := r.check(c, gates); err != nil {
			return err
		}
		c.SetTensor(0, d, r.ordered(r.time, r.directions, r.batch, r.hidden))
		for i := 1; i < 3; i++ {
			c.SetTensor(i, d, r.ordered(r.directions, r.batch, r.hidden))
		}
		return nil
	}
}

// recurrence are the sizes of a recurrent operator.
type recurrence struct {
	directions, time, batch, input, hidden sym.Dim
	batchFirst                             bool
}

func recurrenceOf(c *ir.Infer, a *attr.Recurrent) (*recurrence, error) {
	if err := oneOf("direction", a.Direction, "forward", "reverse", "bidirectional"); err != nil {
		return nil, err
	}
	if a.Layout != 0 && a.Layout != 1 || a.HiddenSize < 0 {
		return nil, fmt.Errorf("layout %d, hidden_size %d", a.Layout, a.HiddenSize)
	}
	r := &recurrence{directions: sym.Const(1), batchFirst: a.Layout == 1, hidden: fresh(c, 3), time: fresh(c, 0), batch: fresh(c, 2), input: fresh(c, 4)}
	if a.Direction == "bidirectional" {
		r.directions = sym.Const(2)
	}
	if c.NumIn() < 3 || c.In(0) == nil || c.In(1) == nil || c.In(2) == nil {
		return nil, fmt.Errorf("x or weights are missing")
	}
	if known, err := wantRank(c, 0, 3); err != nil {
		return nil, err
	} else if known {
		x := c.Type(0).Shape
		if r.time, r.batch, r.input = x[0], x[1], x[2]; r.batchFirst {
			r.time, r.batch = x[1], x[0]
		}
	}
	if known, err := wantRank(c, 2, 3); err != nil {
		return nil, err
	} else if known {
		r.hidden = c.Type(2).Shape[2]
	}
	if a.HiddenSize > 0 {
		var err error
		if r.hidden, err = agree("hidden sizes", r.hidden, sym.Const(int64(a.HiddenSize))); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// ordered is a shape, with the batch at its front if it comes first.
func (r *recurrence) ordered(shape ...sym.Dim) sym.Shape {
	if !r.batchFirst {
		return shape
	}
	if len(shape) == 4 {
		return sym.Shape{shape[2], shape[0], shape[1], shape[3]}
	}
	return sym.Shape{shape[1], shape[0], shape[2]}
}

// check compares the operands' shapes with the sizes.
func (r *recurrence) check(c *ir.Infer, gates int64) error {
	rows := r.hidden.Mul(sym.Const(gates))
	state := r.ordered(r.directions, r.batch, r.hidden)
	for i, want := range []struct {
		what  string
		shape sym.Shape
	}{
		1: {"weight of the input", sym.Shape{r.directions, rows, r.input}},
		2: {"weight of the state", sym.Shape{r.directions, rows, r.hidden}},
		3: {"bias", sym.Shape{r.directions, rows.Mul(sym.Const(2))}},
		4: {"list of lengths", sym.Shape{r.batch}},
		5: {"first state", state},
		6: {"first cell", state},
		7: {"peephole weight", sym.Shape{r.directions, r.hidden.Mul(sym.Const(3))}},
	} {
		if i == 0 || i >= c.NumIn() || c.In(i) == nil || !c.Type(i).HasRank {
			continue
		}
		if err := shapeFits(want.what, c.Type(i).Shape, want.shape); err != nil {
			return err
		}
	}
	return nil
}

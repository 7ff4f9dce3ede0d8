package onnx

import (
	"fmt"
	"maps"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
)

// unsupported is the error of a builder that makes its node opaque.
type unsupported struct{ why string }

func (u *unsupported) Error() string { return u.why }

func notSupported(format string, args ...any) error {
	return &unsupported{fmt.Sprintf(format, args...)}
}

// call is one node being imported by a rule: operands found, attributes decoded.
type call struct {
	*frame
	node *wire.Node
	rule *rule
	b    *ir.Builder
	attr any // the canonical attributes; nil: none
	in   []*ir.Value
	outs int
	raw  map[string]*wire.Attribute // those of the file, references resolved
	// failed is what a builder found wrong and built on from.
	failed error
}

// newCall finds the operands of n and puts its attributes where r says.
func (f *frame) newCall(n *wire.Node, r *rule) (*call, error) {
	c := &call{frame: f, node: n, rule: r, b: ir.NewBuilder(f.g), attr: r.newAttr(), outs: len(n.Output)}
	c.b.Name = f.label(n)
	for _, name := range n.Input {
		v, err := f.operand(name)
		if err != nil {
			return nil, err
		}
		c.in = append(c.in, v)
	}
	c.trim()
	if err := r.args.check(c.in); err != nil {
		return nil, err
	}
	var err error
	if c.raw, err = f.attributesOf(n); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(c.raw)) {
		if r.known[name].kind == 0 {
			return nil, notSupported("attribute %s is not known", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.known)) {
		if err := c.apply(name, r.known[name]); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// trim drops what is left out at the end, unless its mere place counts: the
// operands of Loop, and the outputs of Split and control flow.
func (c *call) trim() {
	if o := c.rule.op; o == nil || o.Regions == 0 {
		for len(c.in) > 0 && c.in[len(c.in)-1] == nil {
			c.in = c.in[:len(c.in)-1]
		}
	}
	if o := c.rule.op; o == nil || o.MaxOut >= 0 {
		for c.outs > 1 && c.node.Output[c.outs-1] == "" {
			c.outs--
		}
	}
}

// apply puts one attribute where its role says.
func (c *call) apply(name string, r role) error {
	a := c.raw[name]
	switch r.kind {
	case toField:
		if a == nil && r.needed {
			return fmt.Errorf("attribute %s is missing", name)
		}
		if a != nil {
			return setField(fieldOf(c.attr, r.fieldName(name)), a)
		}
	case toVector:
		if a == nil {
			return nil
		}
		list, err := ints(a)
		if err != nil {
			return err
		}
		return c.insert(r.at, name, func() *tensor.Tensor { return vectorOf(list) })
	case toScalar:
		return c.insertScalar(name, r, a)
	case fixedAt, requireAt:
		if a == nil && r.kind == fixedAt {
			return nil
		}
		if a == nil || a.I != r.want || a.Type != wire.AttributeInt {
			return notSupported("attribute %s has to be %d", name, r.want)
		}
	}
	return nil
}

func (c *call) insertScalar(name string, r role, a *wire.Attribute) error {
	if a == nil && r.text == "" {
		return nil
	}
	d, err := c.number(0)
	if err != nil {
		return err
	}
	t := tensor.New(d)
	if a == nil {
		err = t.ParseElem(0, r.text)
	} else if err = wantType(a, wire.AttributeFloat); err == nil {
		t.SetFloat(0, float64(a.F))
	}
	if err != nil {
		return err
	}
	return c.insert(r.at, name, func() *tensor.Tensor { return t })
}

// insert makes a constant operand at.
func (c *call) insert(at int, name string, t func() *tensor.Tensor) error {
	for len(c.in) <= at {
		c.in = append(c.in, nil)
	}
	if c.in[at] != nil {
		return fmt.Errorf("attribute %s is given, and operand %d too", name, at)
	}
	c.in[at] = c.b.Const(t())
	return nil
}

// run makes the node's values and commits them.
func (c *call) run() error {
	build := c.rule.build
	if build == nil {
		build = plain
	}
	outs, err := build(c)
	if err == nil {
		err = c.failed
	}
	if err == nil {
		err = c.b.Err()
	}
	if err != nil {
		return err
	}
	if len(outs) < c.outs {
		return fmt.Errorf("%d outputs, want %d", c.outs, len(outs))
	}
	c.b.Commit(nil)
	c.define(c.node, outs)
	return nil
}

// plain makes the node of the canonical operator.
func plain(c *call) ([]*ir.Value, error) {
	names := make([]string, c.outs)
	for i := range names {
		if names[i] = c.qualify(c.node.Output[i]); names[i] == "" {
			names[i] = ir.OmitOutput
		}
	}
	outs := c.b.Spec(ir.Spec{Op: c.rule.op, Attr: c.attr, In: c.in, Outs: c.outs, Names: names, Name: c.b.Name})
	return outs, c.b.Err()
}

// operand returns operand i, which must be there.
func (c *call) operand(i int) (*ir.Value, error) {
	if i >= len(c.in) || c.in[i] == nil {
		return nil, fmt.Errorf("operand %d is missing", i)
	}
	return c.in[i], nil
}

// element returns the element type of operand i, which must be known.
func (c *call) element(i int) (tensor.DType, error) {
	v, err := c.operand(i)
	if err != nil {
		return 0, err
	}
	if !v.Type.IsTensor() || v.Type.DType == tensor.Invalid {
		return 0, notSupported("the element type of operand %d is not known", i)
	}
	return v.Type.DType, nil
}

// shape returns the shape of operand i, whose rank must be known.
func (c *call) shape(i int) (sym.Shape, error) {
	v, err := c.operand(i)
	if err != nil {
		return nil, err
	}
	if _, ok := v.Type.Rank(); !ok {
		return nil, notSupported("the rank of operand %d is not known", i)
	}
	return v.Type.Shape, nil
}

// int returns an integer attribute that only the builder reads.
func (c *call) int(name string, def int64) (int64, error) {
	a := c.raw[name]
	if a == nil {
		return def, nil
	}
	return a.I, wantType(a, wire.AttributeInt)
}

// float is int for a number.
func (c *call) float(name string, def float64) (float64, error) {
	a := c.raw[name]
	if a == nil {
		return def, nil
	}
	return float64(a.F), wantType(a, wire.AttributeFloat)
}

// text is int for a string.
func (c *call) text(name, def string) (string, error) {
	a := c.raw[name]
	if a == nil {
		return def, nil
	}
	return string(a.S), wantType(a, wire.AttributeString)
}

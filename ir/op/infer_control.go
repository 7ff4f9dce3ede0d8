package op

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// scope is the set of symbols that mean something outside a node's regions:
// those of its operands. All others are born inside.
type scope map[string]bool

func outerScope(c *ir.Infer) scope {
	s := scope{}
	for _, v := range c.Node.In {
		if v == nil {
			continue
		}
		s.add(v.Type)
		for _, d := range v.Sym {
			s.addDim(d)
		}
	}
	return s
}

func (s scope) add(t ir.Type) {
	for _, d := range t.Shape {
		s.addDim(d)
	}
	if t.Elem != nil {
		s.add(*t.Elem)
	}
}

func (s scope) addDim(d sym.Dim) {
	for _, name := range d.Symbols() {
		s[name] = true
	}
}

// has reports whether d means something in s.
func (s scope) has(d sym.Dim) bool {
	return !slices.ContainsFunc(d.Symbols(), func(name string) bool { return !s[name] })
}

// unknown reports whether nothing is known of a value, as of what an opaque node
// gives: not even whether it is a tensor.
func unknown(t ir.Type) bool {
	return t.IsTensor() && t.DType == tensor.Invalid && !t.HasRank
}

// join returns the type of a value that is an a or a b. Sizes that are not the
// same are replaced by fresh ones, a difference in rank leaves the rank open.
func join(a, b ir.Type, fresh func(axis int) sym.Dim, same func(x, y sym.Dim) bool) (ir.Type, error) {
	switch {
	case unknown(a):
		return a, nil
	case unknown(b):
		return b, nil
	case a.Kind != b.Kind:
		return a, fmt.Errorf("types %s and %s differ", a, b)
	}
	if a.DType == tensor.Invalid {
		a.DType = b.DType
	}
	if b.DType != tensor.Invalid && a.DType != b.DType {
		return a, fmt.Errorf("element types of %s and %s differ", a, b)
	}
	if a.Elem != nil && b.Elem != nil {
		elem, err := join(*a.Elem, *b.Elem, fresh, same)
		a.Elem = &elem
		return a, err
	}
	if !a.HasRank || !b.HasRank || len(a.Shape) != len(b.Shape) {
		a.HasRank, a.Shape = false, nil
		return a, nil
	}
	shape := a.Shape.Clone()
	for i := range shape {
		if !same(shape[i], b.Shape[i]) {
			shape[i] = fresh(i)
		}
	}
	a.Shape = shape
	return a, nil
}

// joinInto gives output i the type of a value that is an a or a b, of which only
// symbols of s are told.
func (s scope) joinInto(c *ir.Infer, i int, a, b ir.Type) error {
	t, err := join(a, b,
		func(axis int) sym.Dim { return c.Fresh(i, axis) },
		func(x, y sym.Dim) bool { return x.Equal(y) && s.has(x) })
	if err != nil {
		return fmt.Errorf("output %d: %w", i, err)
	}
	c.Set(i, t)
	return nil
}

// checkCondition checks that operand i, if present, is one boolean.
func checkCondition(c *ir.Infer, i int) error {
	if c.In(i) == nil {
		return nil
	}
	return checkBool(c.Type(i), "the condition")
}

func checkBool(t ir.Type, what string) error {
	if !t.IsTensor() || t.DType != tensor.Bool && t.DType != tensor.Invalid {
		return fmt.Errorf("%s is %s, want a boolean", what, t)
	}
	if t.HasRank && differ(t.Shape.Elements(), sym.Const(1)) {
		return fmt.Errorf("%s has %s elements, want one", what, t.Shape.Elements())
	}
	return nil
}

func inferIf(c *ir.Infer) error {
	if err := checkCondition(c, 0); err != nil {
		return err
	}
	yes, no := c.Node.Regions[0].Outputs(), c.Node.Regions[1].Outputs()
	for _, list := range [][]*ir.Value{yes, no} {
		if len(list) != c.NumOut() {
			return fmt.Errorf("a branch has %d outputs, the node %d", len(list), c.NumOut())
		}
	}
	for i, r := range c.Node.Regions {
		if len(r.Inputs) != r.Captures {
			return fmt.Errorf("branch %d has %d inputs of its own", i, len(r.Inputs)-r.Captures)
		}
	}
	s := outerScope(c)
	for i := range yes {
		if err := s.joinInto(c, i, yes[i].Type, no[i].Type); err != nil {
			return err
		}
		s.joinContents(c, i, yes[i], no[i])
	}
	return nil
}

// joinContents sets the contents of output i if both values have the same.
func (s scope) joinContents(c *ir.Infer, i int, a, b *ir.Value) {
	x, ok1 := contents(a)
	y, ok2 := contents(b)
	if !ok1 || !ok2 || !slices.EqualFunc(x, y, sym.Dim.Equal) {
		return
	}
	if slices.ContainsFunc(x, func(d sym.Dim) bool { return !s.has(d) }) {
		return
	}
	c.SetSym(i, x)
}

// LoopCarriedType is the widest type of a loop-carried value that starts as t:
// what the body's input is given when the body changes its shape.
func LoopCarriedType(t ir.Type) ir.Type {
	if t.Elem != nil {
		elem := LoopCarriedType(*t.Elem)
		t.Elem = &elem
	}
	t.HasRank, t.Shape = false, nil
	return t
}

// inferLoop types a Loop: trip count, condition and the carried values go in,
// the carried values and the stacked scan outputs come out. The body gets the
// iteration number, the condition and the carried values, and returns the
// condition, the carried values and the scan outputs.
func inferLoop(c *ir.Infer) error {
	if c.NumIn() < 2 {
		return fmt.Errorf("%d operands, want the trip count and the condition, even if left out", c.NumIn())
	}
	if err := checkCondition(c, 1); err != nil {
		return err
	}
	if c.In(0) != nil {
		if err := integers.check(c, 0); err != nil {
			return err
		}
	}
	body, carried := c.Node.Regions[0], c.NumIn()-2
	if n := len(body.Inputs) - body.Captures; n != carried+2 {
		return fmt.Errorf("the body has %d inputs, want %d", n, carried+2)
	}
	outs := body.Outputs()
	if len(outs) != c.NumOut()+1 || c.NumOut() < carried {
		return fmt.Errorf("the body has %d outputs and the node %d, with %d carried values", len(outs), c.NumOut(), carried)
	}
	if err := checkBool(outs[0].Type, "the body's condition"); err != nil {
		return err
	}
	s := outerScope(c)
	for i := range carried {
		if err := s.carry(c, i, c.In(i+2), body.Inputs[i+2], outs[i+1]); err != nil {
			return err
		}
	}
	for i := carried; i < c.NumOut(); i++ {
		s.stack(c, i, outs[i+1].Type, c.Fresh(i, 0), 0)
	}
	return nil
}

// carry types output i, a value that enters the node as first, the body as in,
// and leaves the body as out.
func (s scope) carry(c *ir.Infer, i int, first, in, out *ir.Value) error {
	if first == nil {
		return fmt.Errorf("carried value %d is missing", i)
	}
	for _, t := range []ir.Type{first.Type, out.Type} {
		if !s.covers(in.Type, t) {
			return fmt.Errorf("carried value %d is %s in the body, which %s is not", i, in.Type, t)
		}
	}
	return s.joinInto(c, i, first.Type, out.Type)
}

// covers reports whether a value of type t may enter a body as in: sizes of in
// that are told outside must be t's.
func (s scope) covers(in, t ir.Type) bool {
	if unknown(in) || unknown(t) {
		return true
	}
	if in.Kind != t.Kind || in.DType != t.DType && in.DType != tensor.Invalid && t.DType != tensor.Invalid {
		return false
	}
	if in.Elem != nil && t.Elem != nil {
		return s.covers(*in.Elem, *t.Elem)
	}
	if !in.HasRank {
		return true
	}
	if !t.HasRank || len(in.Shape) != len(t.Shape) {
		return false
	}
	for i, d := range in.Shape {
		if s.has(d) && !d.Equal(t.Shape[i]) {
			return false
		}
	}
	return true
}

// stack gives output i the type of n values of type t, stacked along axis.
func (s scope) stack(c *ir.Infer, i int, t ir.Type, n sym.Dim, axis int) {
	if !t.HasRank {
		c.Set(i, ir.Unranked(t.DType))
		return
	}
	shape := slices.Insert(t.Shape.Clone(), axis, n)
	for k, d := range shape {
		if k != axis && !s.has(d) {
			shape[k] = c.Fresh(i, k)
		}
	}
	c.SetTensor(i, t.DType, shape)
}

// inferScan types a Scan: states and scanned operands go in, states and stacked
// results come out; the body sees one slice of each scanned operand.
func inferScan(c *ir.Infer) error {
	a, body := attrsOf[attr.Scan](c), c.Node.Regions[0]
	states := c.NumIn() - a.ScanInputs
	if a.ScanInputs < 1 || states < 0 {
		return fmt.Errorf("num_scan_inputs %d of %d operands", a.ScanInputs, c.NumIn())
	}
	if n := len(body.Inputs) - body.Captures; n != c.NumIn() {
		return fmt.Errorf("the body has %d inputs, want %d", n, c.NumIn())
	}
	outs := body.Outputs()
	if len(outs) != c.NumOut() || len(outs) < states {
		return fmt.Errorf("the body has %d outputs and the node %d, with %d states", len(outs), c.NumOut(), states)
	}
	length, err := scanLength(c, a, states)
	if err != nil {
		return err
	}
	s := outerScope(c)
	for i := range states {
		if err := s.carry(c, i, c.In(i), body.Inputs[i], outs[i]); err != nil {
			return err
		}
	}
	for i := states; i < c.NumOut(); i++ {
		t := outs[i].Type
		axis, err := normalAxis(entryOr(a.OutputAxes, i-states, 0), len(t.Shape)+1)
		if t.HasRank && err != nil {
			return fmt.Errorf("scan output %d: %w", i-states, err)
		}
		s.stack(c, i, t, length, axis)
	}
	return nil
}

// scanLength is the number of slices, which all scanned operands agree on.
func scanLength(c *ir.Infer, a *attr.Scan, states int) (sym.Dim, error) {
	length, known := fresh(c, 0), false
	for i := range a.ScanInputs {
		v := c.In(states + i)
		if v == nil {
			return length, fmt.Errorf("operand %d is missing", states+i)
		}
		if !v.Type.HasRank {
			continue
		}
		axis, err := normalAxis(entryOr(a.InputAxes, i, 0), len(v.Type.Shape))
		if err != nil {
			return length, fmt.Errorf("scan input %d: %w", i, err)
		}
		n := v.Type.Shape[axis]
		if known {
			if n, err = agree("lengths", length, n); err != nil {
				return length, err
			}
		}
		length, known = n, true
	}
	return length, nil
}

// entryOr returns list[i], or def for a list that is left out.
func entryOr(list []int, i, def int) int {
	if i < len(list) {
		return list[i]
	}
	return def
}

// ScanSlice is the type of one slice of a Scan's operand of type t along axis:
// what the body's input is given.
func ScanSlice(t ir.Type, axis int) ir.Type {
	if !t.HasRank {
		return t
	}
	if axis, err := normalAxis(axis, len(t.Shape)); err == nil {
		t.Shape = slices.Delete(t.Shape.Clone(), axis, axis+1)
	}
	return t
}

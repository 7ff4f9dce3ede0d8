package onnx

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
)

func importIf(c *call) ([]*ir.Value, error) {
	in := slices.Clone(c.in)
	var regions []*ir.Graph
	for _, name := range []string{"then_branch", "else_branch"} {
		r, err := c.region(name, nil)
		if err != nil {
			return nil, err
		}
		regions = append(regions, r.g)
		in = append(in, r.captured...)
	}
	return c.control(in, regions...)
}

func importLoop(c *call) ([]*ir.Value, error) {
	if len(c.in) < 2 {
		return nil, fmt.Errorf("%d operands, want at least the places of the trip count and the condition", len(c.in))
	}
	inputs := []*bodyInput{
		{t: ir.TensorOf(tensor.Int64, sym.Shape{}), scalar: true},
		{t: ir.TensorOf(tensor.Bool, sym.Shape{}), scalar: true},
	}
	carried, err := carriedInputs(c.in[2:])
	if err != nil {
		return nil, err
	}
	r, err := c.fixedPoint(append(inputs, carried...), carried, 1)
	if err != nil {
		return nil, err
	}
	return c.control(append(slices.Clone(c.in), r.captured...), r.g)
}

func importScan(c *call) ([]*ir.Value, error) {
	a := c.attr.(*attr.Scan)
	states := len(c.in) - a.ScanInputs
	if a.ScanInputs < 1 || states < 0 {
		return nil, fmt.Errorf("num_scan_inputs is %d with %d operands", a.ScanInputs, len(c.in))
	}
	carried, err := carriedInputs(c.in[:states])
	if err != nil {
		return nil, err
	}
	inputs := slices.Clone(carried)
	for i, v := range c.in[states:] {
		if v == nil {
			return nil, fmt.Errorf("operand %d is missing", states+i)
		}
		axis := 0
		if i < len(a.InputAxes) {
			axis = a.InputAxes[i]
		}
		inputs = append(inputs, &bodyInput{t: op.ScanSlice(v.Type, axis)})
	}
	r, err := c.fixedPoint(inputs, carried, 0)
	if err != nil {
		return nil, err
	}
	return c.control(append(slices.Clone(c.in), r.captured...), r.g)
}

// control makes the node, its captures being the last of in.
func (c *call) control(in []*ir.Value, regions ...*ir.Graph) ([]*ir.Value, error) {
	names := make([]string, c.outs)
	for i, name := range c.node.Output {
		if names[i] = c.qualify(name); name == "" {
			names[i] = ir.OmitOutput
		}
	}
	outs := c.b.Spec(ir.Spec{Op: c.rule.op, Attr: c.attr, In: in, Outs: c.outs, Names: names, Name: c.b.Name, Regions: regions})
	return outs, c.b.Err()
}

// bodyInput is what a region's own input is given.
type bodyInput struct {
	t    ir.Type
	open []bool // axes whose size changes from one round to the next
	// scalar inputs are those of the loop itself. Files may declare them with an
	// axis of size 1, and their nodes then rely on it.
	scalar bool
}

func carriedInputs(first []*ir.Value) ([]*bodyInput, error) {
	list := make([]*bodyInput, len(first))
	for i, v := range first {
		if v == nil {
			return nil, fmt.Errorf("the first value of carried value %d is missing", i)
		}
		list[i] = &bodyInput{t: v.Type, open: make([]bool, len(v.Type.Shape))}
	}
	return list, nil
}

// typeOf is the type of the input made as v; open sizes are named after it.
func (b *bodyInput) typeOf(v *ir.Value) ir.Type {
	t := b.t
	if !t.HasRank || !slices.Contains(b.open, true) {
		return t
	}
	t.Shape = t.Shape.Clone()
	for axis, open := range b.open {
		if open {
			t.Shape[axis] = sym.Symbol(ir.FreshName(v, axis))
		}
	}
	return t
}

// widen makes b cover what the body returns for it, of type out, having been
// given in. It reports whether that needed a change. In the last round the shape
// is given up rather than refined.
func (b *bodyInput) widen(in, out ir.Type, last bool) bool {
	if in.Equal(out) || in.Kind == ir.KindTensor && !in.HasRank {
		return false
	}
	if in.Kind != ir.KindTensor || last || !out.HasRank || len(out.Shape) != len(in.Shape) {
		wide := op.LoopCarriedType(b.t)
		changed := !wide.Equal(b.t)
		b.t = wide
		return changed
	}
	changed := false
	for axis, d := range out.Shape {
		if !b.open[axis] && !d.Equal(in.Shape[axis]) {
			b.open[axis], changed = true, true
		}
	}
	return changed
}

// fixedPoint imports a body whose carried inputs must cover what it returns,
// from output first on. It starts with the types of the first round's values and
// widens them until they do.
func (c *call) fixedPoint(inputs, carried []*bodyInput, first int) (*frame, error) {
	const rounds = 2 // of refinement; then shapes that still change are given up
	for round := 0; ; round++ {
		r, err := c.region("body", inputs)
		if err != nil {
			return nil, err
		}
		outs := r.g.Outputs()
		if len(outs) < first+len(carried) {
			return nil, fmt.Errorf("the body has %d outputs, want at least %d", len(outs), first+len(carried))
		}
		changed := false
		for i, b := range carried {
			at := slices.Index(inputs, b)
			if b.widen(r.g.Inputs[at].Type, outs[first+i].Type, round >= rounds) {
				changed = true
			}
		}
		if !changed {
			return r, nil
		}
	}
}

// region imports the subgraph in an attribute, with own inputs as given, and
// returns its frame.
func (c *call) region(attribute string, inputs []*bodyInput) (*frame, error) {
	a := c.raw[attribute]
	if a == nil || a.Type != wire.AttributeGraph || a.G == nil {
		return nil, fmt.Errorf("attribute %s has to be a graph", attribute)
	}
	if err := c.enter(); err != nil {
		return nil, err
	}
	defer c.leave()
	g := a.G
	r := newFrame(c.importer, c.g.NewRegion(g.Name), g.ValueInfo, g.Output)
	r.outer, r.opsets, r.attributes, r.prefix = c.frame, c.opsets, c.attributes, c.prefix
	if err := r.initializers(g); err != nil {
		return nil, err
	}
	if len(g.Input) != len(inputs) {
		return nil, fmt.Errorf("graph %s has %d inputs, want %d", attribute, len(g.Input), len(inputs))
	}
	for i, in := range g.Input {
		if in == nil {
			return nil, fmt.Errorf("input %d of graph %s is empty", i, attribute)
		}
		if err := r.bodyInput(in, inputs[i]); err != nil {
			return nil, err
		}
	}
	if err := r.nodes(g.Node); err != nil {
		return nil, err
	}
	return r, r.outputs(g)
}

func (f *frame) bodyInput(in *wire.ValueInfo, b *bodyInput) error {
	v := f.g.NewInput(f.qualify(in.Name), ir.Type{})
	v.Type = b.typeOf(v)
	f.values[in.Name] = v
	if !b.scalar {
		return nil
	}
	declared, err := ReadType(in.Type, func(int) sym.Dim { return sym.Const(1) })
	if err != nil {
		return fmt.Errorf("input %q: %w", in.Name, err)
	}
	if rank, known := declared.Rank(); known && rank == 1 {
		n, err := f.g.Add(op.Unsqueeze, nil, 1, v, f.g.NewConst("", vectorOf([]int64{0})))
		if err != nil {
			return err
		}
		f.values[in.Name] = n.Out[0]
	}
	return nil
}

package onnx

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/onnx/wire"
)

// writeAsIs is for rules whose builder only checks: the canonical node is the
// file's.
func writeAsIs(*writer, *ir.Node, *wire.Node) error { return nil }

func writeDirection(_ *writer, n *ir.Node, out *wire.Node) error {
	direction := "RIGHT"
	if n.Attr.(*attr.BitShift).Left {
		direction = "LEFT"
	}
	out.Attribute = append(out.Attribute, &wire.Attribute{Name: "direction", Type: wire.AttributeString, S: []byte(direction)})
	return nil
}

// writeAxis writes the axis, though it may be what canonical nodes have if none is
// given: in files that means another.
func writeAxis(_ *writer, n *ir.Node, out *wire.Node) error {
	out.Attribute = append(out.Attribute, getField("axis", fieldOf(n.Attr, "axis")))
	return nil
}

// writeParts says how many parts there are where no sizes are given.
func writeParts(_ *writer, n *ir.Node, out *wire.Node) error {
	if n.Operand(1) == nil {
		out.Attribute = append(out.Attribute, &wire.Attribute{Name: "num_outputs", Type: wire.AttributeInt, I: int64(len(n.Out))})
	}
	return nil
}

// writeEqualParts is for opsets whose parts without sizes had to be equal.
func writeEqualParts(w *writer, n *ir.Node, _ *wire.Node) error {
	for _, v := range n.Out {
		if v != nil && n.Out[0] != nil && n.Operand(1) == nil && !v.Type.Equal(n.Out[0].Type) {
			return &wrongOpset{w.opset, "its parts are not equal"}
		}
	}
	return nil
}

// writeRegions writes the regions as the attributes called names.
func writeRegions(names ...string) func(*writer, *ir.Node, *wire.Node) error {
	return func(w *writer, n *ir.Node, out *wire.Node) error {
		for i, name := range names {
			g, err := w.region(n, i)
			if err != nil {
				return err
			}
			out.Attribute = append(out.Attribute, &wire.Attribute{Name: name, Type: wire.AttributeGraph, G: g})
		}
		return nil
	}
}

// region writes region i of n. Captures are the values around it.
func (w *writer) region(n *ir.Node, i int) (*wire.Graph, error) {
	r := n.Regions[i]
	own := len(r.Inputs) - r.Captures
	for j, v := range n.Captures(i) {
		w.values[r.Inputs[own+j]] = w.value(v)
	}
	g := &wire.Graph{Name: r.Name}
	if g.Name == "" {
		g.Name = fmt.Sprintf("body_%d", i)
	}
	inner := &writer{exporter: w.exporter, g: r, out: g}
	return g, inner.graph(r.Inputs[:own])
}

package onnx

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/onnx/wire"
)

// planeModes are the modes of GridSample by what they were called before opset 20, when
// they were of planes alone.
var planeModes = map[string]string{"nearest": "nearest", "bilinear": "linear", "bicubic": "cubic"}

func gridOfPlane(c *call) ([]*ir.Value, error) {
	mode, err := c.text("mode", "bilinear")
	if err != nil {
		return nil, err
	}
	if planeModes[mode] == "" {
		return nil, fmt.Errorf("attribute mode is %q, want bilinear, nearest or bicubic", mode)
	}
	c.attr.(*attr.GridSample).Mode = planeModes[mode]
	return plain(c)
}

func writeGridOfPlane(w *writer, n *ir.Node, out *wire.Node) error {
	if rank, ok := n.In[0].Type.Rank(); ok && rank != 4 {
		return &wrongOpset{w.opset, "it had two spatial axes then"}
	}
	for old, mode := range planeModes {
		if mode == n.Attr.(*attr.GridSample).Mode {
			out.Attribute = append(out.Attribute, &wire.Attribute{Name: "mode", Type: wire.AttributeString, S: []byte(old)})
		}
	}
	return nil
}

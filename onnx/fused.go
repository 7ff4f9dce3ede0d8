package onnx

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/onnx/wire"
)

// attentionFields are the attributes of ai.parallax Parallax, version 1: those of
// its specification.
func attentionFields() known {
	k := known{}
	for _, f := range attr.Fields(attr.New[attr.Attention]()) {
		k[f.Name] = field
	}
	return k
}

// fused imports a call of a function that [Export] wrote for a fused node as that
// node. The function's body is compared with the decomposition made anew: one
// that was edited means something else, and is expanded.
func (f *frame) fused(n *wire.Node, fn *wire.Function, args []*ir.Value) (bool, error) {
	return false, nil
}

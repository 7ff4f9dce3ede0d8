package onnx

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
)

// reductionRules are those of operators over axes: axes were an attribute up to
// opset 12 (ReduceSum) or 17.
func reductionRules() []rule {
	axesAttribute := known{"axes": vector(1), "keepdims": field}
	axesOperand := fields("keepdims", "noop_with_empty_axes")
	list := []rule{
		{op: op.ReduceSum, since: 1, known: axesAttribute},
		{op: op.ReduceSum, since: 13, known: axesOperand},

		{op: op.ArgMax, since: 1, known: fields("axis", "keepdims")},
		{op: op.ArgMax, since: 12, known: known{"axis": field, "keepdims": field, "select_last_index": as("select_last")}},
		{op: op.ArgMin, since: 1, known: fields("axis", "keepdims")},
		{op: op.ArgMin, since: 12, known: known{"axis": field, "keepdims": field, "select_last_index": as("select_last")}},
		{op: op.CumSum, since: 11, known: fields("exclusive", "reverse")},
		{op: op.TopK, since: 1, known: known{"axis": field, "k": vector(1)}},
		{op: op.TopK, since: 10, known: fields("axis")},
		{op: op.TopK, since: 11, known: fields("axis", "largest", "sorted")},
	}
	for _, o := range []*ir.Op{op.ReduceMean, op.ReduceMax, op.ReduceMin, op.ReduceProd, op.ReduceL1, op.ReduceL2,
		op.ReduceSumSquare, op.ReduceLogSum, op.ReduceLogSumExp} {
		list = append(list, rule{op: o, since: 1, known: axesAttribute}, rule{op: o, since: 18, known: axesOperand})
	}
	return list
}

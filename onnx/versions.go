package onnx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// changes lists the opset versions in which the operators of ai.onnx that have no
// rule changed (onnx.defs of ONNX 1.22): a node may be written at another version
// than it was read at if none of these lies between.
var changes = parseChanges(`
BitCast 26; CausalConvWithState 27; ConcatFromSequence 11; CumProd 26; DeformConv 19 22; Det 11 22;
ImageDecoder 20; LinearAttention 27; LpPool 1 2 11 18 22; MaxRoiPool 1 22; MaxUnpool 9 11 22; Multinomial 7 22;
NegativeLogLikelihoodLoss 12 13 22; Optional 15; OptionalGetElement 15 18; OptionalHasElement 15 18;
RegexFullMatch 20; SequenceAt 11; SequenceConstruct 11; SequenceEmpty 11; SequenceErase 11; SequenceInsert 11;
SequenceLength 11; SequenceMap 17; SoftmaxCrossEntropyLoss 12 13; SplitToSequence 11 24; StringConcat 20;
StringNormalizer 10; StringSplit 20; TfIdfVectorizer 9`)

func parseChanges(text string) map[string][]int64 {
	m := map[string][]int64{}
	for _, entry := range strings.Split(text, ";") {
		words := strings.Fields(entry)
		for _, w := range words[1:] {
			m[words[0]] = append(m[words[0]], parseVersion(w))
		}
	}
	return m
}

func parseVersion(digits string) int64 {
	n := int64(0)
	for _, c := range digits {
		n = 10*n + int64(c-'0')
	}
	return n
}

// sinceVersion is the version that introduced the form an operator of ai.onnx
// has at an opset version; 0: it has none then.
func sinceVersion(name string, version int64) int64 {
	if r, _ := findRule("", name, version); r != nil {
		return r.since
	}
	since := int64(0)
	for _, v := range changes[name] {
		if v <= version {
			since = v
		}
	}
	return since
}

// introduced are the opsets that brought element types; the others have been
// there since the oldest that is written.
var introduced = map[tensor.DType]int64{
	tensor.Float8E4M3FN: 19, tensor.Float8E4M3FNUZ: 19, tensor.Float8E5M2: 19, tensor.Float8E5M2FNUZ: 19,
	tensor.Int4: 21, tensor.Uint4: 21, tensor.Float4E2M1: 23, tensor.Float8E8M0: 24, tensor.Int2: 25, tensor.Uint2: 25,
}

// taken are the opsets in which operators took element types that others had before.
var taken = map[*ir.Op]map[tensor.DType]int64{
	op.QuantizeLinear:   {tensor.Float16: 19, tensor.BFloat16: 19, tensor.Int16: 21, tensor.Uint16: 21},
	op.DequantizeLinear: {tensor.Float16: 19, tensor.BFloat16: 19, tensor.Int16: 21, tensor.Uint16: 21},
}

// typesThen checks that an opset has n for its element types.
func typesThen(n *ir.Node, opset int64) error {
	for _, v := range slices.Concat(n.In, n.Out) {
		if v == nil {
			continue
		}
		if d := v.Type.DType; max(introduced[d], taken[n.Op][d]) > opset {
			return fmt.Errorf("it has no elements of type %s then", d.Long())
		}
	}
	if n.Op == op.QuantizeLinear && opset >= 19 && opset < 23 && n.In[0].Type.DType != n.In[1].Type.DType {
		return fmt.Errorf("its scale has the type of its operand then, not %s", n.In[1].Type.DType.Long())
	}
	return nil
}

// irVersions pairs opset versions with the IR version that they came with
// (docs/Versioning.md of ONNX), newest first.
var irVersions = []struct{ opset, ir int64 }{
	{25, 13}, {24, 12}, {23, 11}, {21, 10}, {19, 9}, {15, 8}, {0, 7},
}

// irVersion is the one to write with an opset version. Metadata of functions
// came with version 10.
func irVersion(opset int64, functions bool) int64 {
	for _, v := range irVersions {
		if opset < v.opset {
			continue
		}
		if functions {
			return max(v.ir, 10)
		}
		return v.ir
	}
	panic("BUG: no IR version for an opset")
}

package onnx

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
)

// consumed is the attribute that opset 1 had for reusing memory.
var consumed = known{"consumed_inputs": ignored}

// elementwiseRules are those of operators on single elements. Versions that
// differ in element types alone are one rule.
func elementwiseRules() []rule {
	list := []rule{
		{op: op.Elu, since: 1, known: known{"alpha": field.or("1"), "consumed_inputs": ignored}},
		{op: op.LeakyRelu, since: 1, known: known{"alpha": field.or("0.01"), "consumed_inputs": ignored}},
		{op: op.ThresholdedRelu, since: 10, known: known{"alpha": field.or("1")}},
		{op: op.Celu, since: 12, known: known{"alpha": field.or("1")}},
		{op: op.Swish, since: 24, known: known{"alpha": field.or("1")}},
		{op: op.HardSigmoid, since: 1, known: known{"alpha": field.or("0.2"), "beta": field.or("0.5"), "consumed_inputs": ignored}},
		{op: op.Selu, since: 1, known: known{"alpha": field.or("1.6732"), "gamma": as("beta").or("1.0507"), "consumed_inputs": ignored}},
		{op: op.Selu, since: 6, known: known{"alpha": field.or("1.6732632"), "gamma": as("beta").or("1.050701")}},
		{op: op.Shrink, since: 9, known: known{"lambd": as("alpha").or("0.5"), "bias": as("beta")}},
		{op: op.Gelu, since: 20, known: fields("approximate")},
		{op: op.IsInf, since: 10, known: fields("detect_negative", "detect_positive")},

		{op: op.Cast, since: 1, known: known{"to": custom}, build: castToName},
		{op: op.Cast, since: 6, known: fields("to")},
		{op: op.Cast, since: 19, known: fields("to", "saturate")},
		{op: op.Cast, since: 24, known: known{"to": field, "saturate": field, "round_mode": custom}, build: castRoundingUp, write: writeAsIs},
		{name: "CastLike", since: 15, build: castLike},
		{name: "CastLike", since: 19, known: known{"saturate": custom}, build: castLike},
		{name: "CastLike", since: 24, known: known{"saturate": custom, "round_mode": custom}, build: castLike},

		{op: op.Clip, since: 1, known: known{"min": scalar(1), "max": scalar(2), "consumed_inputs": ignored}},
		{op: op.Clip, since: 6, known: known{"min": scalar(1).or("-3.4028234663852886e+38"), "max": scalar(2).or("3.4028234663852886e+38")}},
		{op: op.Clip, since: 11},

		{op: op.PRelu, since: 1, known: consumed, build: perChannelSlope},
		{op: op.PRelu, since: 7},
		{op: op.Mod, since: 10, known: fields("fmod")},
		{op: op.BitShift, since: 11, known: known{"direction": custom}, build: bitShift, write: writeDirection},
		{op: op.Where, since: 9},
		{op: op.Mean, since: 1, known: consumed},
		{op: op.Sum, since: 1, known: consumed},
		{op: op.Max, since: 1, known: consumed},
		{op: op.Min, since: 1, known: consumed},
	}
	for _, row := range plainElementwise {
		var k known
		if row.since == 1 {
			k = consumed
		}
		for _, o := range row.ops {
			list = append(list, rule{op: o, since: row.since, known: k})
		}
	}
	for _, o := range broadcasting {
		list = append(list,
			rule{op: o, since: 1, known: known{"axis": custom, "broadcast": custom, "consumed_inputs": ignored}, build: alignedBroadcast},
			rule{op: o, since: 7})
	}
	return list
}

// plainElementwise are the operators that never had an attribute of meaning, by
// the version that they came with.
var plainElementwise = []struct {
	since int64
	ops   []*ir.Op
}{
	{1, []*ir.Op{op.Abs, op.Ceil, op.Exp, op.Floor, op.Identity, op.Log, op.Neg, op.Not, op.Reciprocal, op.Relu, op.Sigmoid,
		op.Softplus, op.Softsign, op.Sqrt, op.Tanh}},
	{7, []*ir.Op{op.Acos, op.Asin, op.Atan, op.Cos, op.Sin, op.Tan}},
	{9, []*ir.Op{op.Acosh, op.Asinh, op.Atanh, op.Cosh, op.Erf, op.IsNaN, op.Sign, op.Sinh}},
	{11, []*ir.Op{op.Round}},
	{12, []*ir.Op{op.GreaterOrEqual, op.LessOrEqual}},
	{14, []*ir.Op{op.HardSwish}},
	{18, []*ir.Op{op.BitwiseAnd, op.BitwiseNot, op.BitwiseOr, op.BitwiseXor, op.Mish}},
}

// broadcasting are the operators whose broadcast had to be asked for, and could
// be aligned at an axis, before opset 7.
var broadcasting = []*ir.Op{
	op.Add, op.And, op.Div, op.Equal, op.Greater, op.Less, op.Mul, op.Or, op.Pow, op.Sub, op.Xor,
}

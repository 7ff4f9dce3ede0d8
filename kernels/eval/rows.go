package eval

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/ref"
)

// Row says which function of package ref evaluates an operator.
type Row struct {
	Op   *ir.Op
	Name string // of the function: "Softmax"
	Call Func
	// VariadicOut: the function takes its outputs as one slice.
	VariadicOut bool
}

// Rows returns the table, in the order of package op.
func Rows() []Row { return slices.Clone(rows) }

// Lookup returns an operator's row; false for control flow and unknown nodes.
func Lookup(o *ir.Op) (Row, bool) {
	r, ok := byOp[o]
	return r, ok
}

var byOp = func() map[*ir.Op]Row {
	m := map[*ir.Op]Row{}
	for _, r := range rows {
		m[r.Op] = r
	}
	return m
}()

var rows = []Row{
	// Elementwise operators of one operand, whose result has its type.
	{Op: op.Abs, Name: "Abs", Call: call1(ref.Abs)},
	{Op: op.Acos, Name: "Acos", Call: call1(ref.Acos)},
	{Op: op.Acosh, Name: "Acosh", Call: call1(ref.Acosh)},
	{Op: op.Asin, Name: "Asin", Call: call1(ref.Asin)},
	{Op: op.Asinh, Name: "Asinh", Call: call1(ref.Asinh)},
	{Op: op.Atan, Name: "Atan", Call: call1(ref.Atan)},
	{Op: op.Atanh, Name: "Atanh", Call: call1(ref.Atanh)},
	{Op: op.Ceil, Name: "Ceil", Call: call1(ref.Ceil)},
	{Op: op.Cos, Name: "Cos", Call: call1(ref.Cos)},
	{Op: op.Cosh, Name: "Cosh", Call: call1(ref.Cosh)},
	{Op: op.Erf, Name: "Erf", Call: call1(ref.Erf)},
	{Op: op.Exp, Name: "Exp", Call: call1(ref.Exp)},
	{Op: op.Floor, Name: "Floor", Call: call1(ref.Floor)},
	{Op: op.Log, Name: "Log", Call: call1(ref.Log)},
	{Op: op.Neg, Name: "Neg", Call: call1(ref.Neg)},
	{Op: op.Reciprocal, Name: "Reciprocal", Call: call1(ref.Reciprocal)},
	{Op: op.Relu, Name: "Relu", Call: call1(ref.Relu)},
	{Op: op.Round, Name: "Round", Call: call1(ref.Round)},
	{Op: op.Sigmoid, Name: "Sigmoid", Call: call1(ref.Sigmoid)},
	{Op: op.Sign, Name: "Sign", Call: call1(ref.Sign)},
	{Op: op.Sin, Name: "Sin", Call: call1(ref.Sin)},
	{Op: op.Sinh, Name: "Sinh", Call: call1(ref.Sinh)},
	{Op: op.Softplus, Name: "Softplus", Call: call1(ref.Softplus)},
	{Op: op.Softsign, Name: "Softsign", Call: call1(ref.Softsign)},
	{Op: op.Sqrt, Name: "Sqrt", Call: call1(ref.Sqrt)},
	{Op: op.Tan, Name: "Tan", Call: call1(ref.Tan)},
	{Op: op.Tanh, Name: "Tanh", Call: call1(ref.Tanh)},
	{Op: op.HardSwish, Name: "HardSwish", Call: call1(ref.HardSwish)},
	{Op: op.Mish, Name: "Mish", Call: call1(ref.Mish)},
	{Op: op.BitwiseNot, Name: "BitwiseNot", Call: call1(ref.BitwiseNot)},
	{Op: op.Elu, Name: "Elu", Call: call1A(ref.Elu)},
	{Op: op.LeakyRelu, Name: "LeakyRelu", Call: call1A(ref.LeakyRelu)},
	{Op: op.ThresholdedRelu, Name: "ThresholdedRelu", Call: call1A(ref.ThresholdedRelu)},
	{Op: op.Celu, Name: "Celu", Call: call1A(ref.Celu)},
	{Op: op.HardSigmoid, Name: "HardSigmoid", Call: call1A(ref.HardSigmoid)},
	{Op: op.Selu, Name: "Selu", Call: call1A(ref.Selu)},
	{Op: op.Shrink, Name: "Shrink", Call: call1A(ref.Shrink)},
	{Op: op.Swish, Name: "Swish", Call: call1A(ref.Swish)},
	{Op: op.Gelu, Name: "Gelu", Call: call1A(ref.Gelu)},
	{Op: op.Identity, Name: "Identity", Call: call1(ref.Identity)},
	{Op: op.Not, Name: "Not", Call: call1(ref.Not)},
	{Op: op.IsNaN, Name: "IsNaN", Call: call1(ref.IsNaN)},
	{Op: op.IsInf, Name: "IsInf", Call: call1A(ref.IsInf)},
	{Op: op.Cast, Name: "Cast", Call: call1A(ref.Cast)},
	{Op: op.Clip, Name: "Clip", Call: call3(ref.Clip)},

	// Elementwise operators of two or more operands, broadcast against each other.
	{Op: op.Add, Name: "Add", Call: call2(ref.Add)},
	{Op: op.Mul, Name: "Mul", Call: call2(ref.Mul)},
	{Op: op.Sub, Name: "Sub", Call: call2(ref.Sub)},
	{Op: op.Div, Name: "Div", Call: call2(ref.Div)},
	{Op: op.Pow, Name: "Pow", Call: call2(ref.Pow)},
	{Op: op.PRelu, Name: "PRelu", Call: call2(ref.PRelu)},
	{Op: op.Mod, Name: "Mod", Call: call2A(ref.Mod)},
	{Op: op.BitShift, Name: "BitShift", Call: call2A(ref.BitShift)},
	{Op: op.BitwiseAnd, Name: "BitwiseAnd", Call: call2(ref.BitwiseAnd)},
	{Op: op.BitwiseOr, Name: "BitwiseOr", Call: call2(ref.BitwiseOr)},
	{Op: op.BitwiseXor, Name: "BitwiseXor", Call: call2(ref.BitwiseXor)},
	{Op: op.And, Name: "And", Call: call2(ref.And)},
	{Op: op.Or, Name: "Or", Call: call2(ref.Or)},
	{Op: op.Xor, Name: "Xor", Call: call2(ref.Xor)},
	{Op: op.Equal, Name: "Equal", Call: call2(ref.Equal)},
	{Op: op.Greater, Name: "Greater", Call: call2(ref.Greater)},
	{Op: op.GreaterOrEqual, Name: "GreaterOrEqual", Call: call2(ref.GreaterOrEqual)},
	{Op: op.Less, Name: "Less", Call: call2(ref.Less)},
	{Op: op.LessOrEqual, Name: "LessOrEqual", Call: call2(ref.LessOrEqual)},
	{Op: op.Max, Name: "Max", Call: callN(ref.Max)},
	{Op: op.Mean, Name: "Mean", Call: callN(ref.Mean)},
	{Op: op.Min, Name: "Min", Call: callN(ref.Min)},
	{Op: op.Sum, Name: "Sum", Call: callN(ref.Sum)},
	{Op: op.Where, Name: "Where", Call: call3(ref.Where)},
	{Op: op.FusedElementwise, Name: "Elementwise", Call: callNA(ref.Elementwise)},

	// Contractions and normalisations.
	{Op: op.MatMul, Name: "MatMul", Call: call2(ref.MatMul)},
	{Op: op.Gemm, Name: "Gemm", Call: call3A(ref.Gemm)},
	{Op: op.Einsum, Name: "Einsum", Call: callNA(ref.Einsum)},
	{Op: op.Conv, Name: "Conv", Call: call3A(ref.Conv)},
	{Op: op.ConvTranspose, Name: "ConvTranspose", Call: call3A(ref.ConvTranspose)},
	{Op: op.MaxPool, Name: "MaxPool", Call: maxPool},
	{Op: op.AveragePool, Name: "AveragePool", Call: call1A(ref.AveragePool)},
	{Op: op.GlobalAveragePool, Name: "GlobalAveragePool", Call: call1(ref.GlobalAveragePool)},
	{Op: op.GlobalMaxPool, Name: "GlobalMaxPool", Call: call1(ref.GlobalMaxPool)},
	{Op: op.Softmax, Name: "Softmax", Call: call1A(ref.Softmax)},
	{Op: op.LogSoftmax, Name: "LogSoftmax", Call: call1A(ref.LogSoftmax)},
	{Op: op.LayerNormalization, Name: "LayerNormalization", Call: layerNormalization},
	{Op: op.RMSNormalization, Name: "RMSNormalization", Call: call2A(ref.RMSNormalization)},
	{Op: op.BatchNormalization, Name: "BatchNormalization", Call: call5A(ref.BatchNormalization)},
	{Op: op.InstanceNormalization, Name: "InstanceNormalization", Call: call3A(ref.InstanceNormalization)},
	{Op: op.GroupNormalization, Name: "GroupNormalization", Call: call3A(ref.GroupNormalization)},
	{Op: op.LpNormalization, Name: "LpNormalization", Call: call1A(ref.LpNormalization)},
	{Op: op.RotaryEmbedding, Name: "RotaryEmbedding", Call: call4A(ref.RotaryEmbedding)},

	// Quantisation.
	{Op: op.QuantizeLinear, Name: "QuantizeLinear", Call: call3A(ref.QuantizeLinear)},
	{Op: op.DequantizeLinear, Name: "DequantizeLinear", Call: call3A(ref.DequantizeLinear)},
	{Op: op.DynamicQuantizeLinear, Name: "DynamicQuantizeLinear", Call: dynamicQuantize},
	{Op: op.MatMulInteger, Name: "MatMulInteger", Call: matMulInteger},
	{Op: op.ConvInteger, Name: "ConvInteger", Call: call4A(ref.ConvInteger)},

	// Transforms and recurrences along time.
	{Op: op.DFT, Name: "DFT", Call: call3A(ref.DFT)},
	{Op: op.STFT, Name: "STFT", Call: call4A(ref.STFT)},
	{Op: op.RNN, Name: "RNN", Call: recurrent(ref.RNN)},
	{Op: op.GRU, Name: "GRU", Call: recurrent(ref.GRU)},
	{Op: op.LSTM, Name: "LSTM", Call: lstm},
	{Op: op.MelWeightMatrix, Name: "MelWeightMatrix", Call: call5A(ref.MelWeightMatrix)},

	// Attention.
	{Op: op.Attention, Name: "Attention", Call: attention},
	{Op: op.Parallax, Name: "Parallax", Call: parallax},

	{Op: op.Linear, Name: "Linear", Call: linear, VariadicOut: true},
	{Op: op.FusedConv, Name: "FusedConv", Call: fusedConv},

	// Reductions: the axes are the second operand.
	{Op: op.ReduceSum, Name: "ReduceSum", Call: call2A(ref.ReduceSum)},
	{Op: op.ReduceMean, Name: "ReduceMean", Call: call2A(ref.ReduceMean)},
	{Op: op.ReduceMax, Name: "ReduceMax", Call: call2A(ref.ReduceMax)},
	{Op: op.ReduceMin, Name: "ReduceMin", Call: call2A(ref.ReduceMin)},
	{Op: op.ReduceProd, Name: "ReduceProd", Call: call2A(ref.ReduceProd)},
	{Op: op.ReduceL1, Name: "ReduceL1", Call: call2A(ref.ReduceL1)},
	{Op: op.ReduceL2, Name: "ReduceL2", Call: call2A(ref.ReduceL2)},
	{Op: op.ReduceSumSquare, Name: "ReduceSumSquare", Call: call2A(ref.ReduceSumSquare)},
	{Op: op.ReduceLogSum, Name: "ReduceLogSum", Call: call2A(ref.ReduceLogSum)},
	{Op: op.ReduceLogSumExp, Name: "ReduceLogSumExp", Call: call2A(ref.ReduceLogSumExp)},
	{Op: op.ArgMax, Name: "ArgMax", Call: call1A(ref.ArgMax)},
	{Op: op.ArgMin, Name: "ArgMin", Call: call1A(ref.ArgMin)},
	{Op: op.CumSum, Name: "CumSum", Call: call2A(ref.CumSum)},
	{Op: op.TopK, Name: "TopK", Call: topK},

	// Random numbers.
	{Op: op.RandomUniformLike, Name: "RandomUniformLike", Call: call1A(ref.RandomUniformLike)},
	{Op: op.RandomNormalLike, Name: "RandomNormalLike", Call: call1A(ref.RandomNormalLike)},

	// Shapes and movement.
	{Op: op.Shape, Name: "Shape", Call: call1A(ref.Shape)},
	{Op: op.Size, Name: "Size", Call: call1(ref.Size)},
	{Op: op.Reshape, Name: "Reshape", Call: call2A(ref.Reshape)},
	{Op: op.Flatten, Name: "Flatten", Call: call1A(ref.Flatten)},
	{Op: op.Squeeze, Name: "Squeeze", Call: call2(ref.Squeeze)},
	{Op: op.Unsqueeze, Name: "Unsqueeze", Call: call2(ref.Unsqueeze)},
	{Op: op.Transpose, Name: "Transpose", Call: call1A(ref.Transpose)},
	{Op: op.Expand, Name: "Expand", Call: call2(ref.Expand)},
	{Op: op.Tile, Name: "Tile", Call: call2(ref.Tile)},
	{Op: op.Concat, Name: "Concat", Call: callNA(ref.Concat)},
	{Op: op.Split, Name: "Split", Call: split, VariadicOut: true},
	{Op: op.Slice, Name: "Slice", Call: call5(ref.Slice)},
	{Op: op.Pad, Name: "Pad", Call: call4A(ref.Pad)},
	{Op: op.Resize, Name: "Resize", Call: call4A(ref.Resize)},
	{Op: op.GridSample, Name: "GridSample", Call: call2A(ref.GridSample)},
	{Op: op.RoiAlign, Name: "RoiAlign", Call: call3A(ref.RoiAlign)},
	{Op: op.Col2Im, Name: "Col2Im", Call: call3A(ref.Col2Im)},
	{Op: op.Gather, Name: "Gather", Call: call2A(ref.Gather)},
	{Op: op.GatherElements, Name: "GatherElements", Call: call2A(ref.GatherElements)},
	{Op: op.GatherND, Name: "GatherND", Call: call2A(ref.GatherND)},
	{Op: op.ScatterElements, Name: "ScatterElements", Call: call3A(ref.ScatterElements)},
	{Op: op.ScatterND, Name: "ScatterND", Call: call3A(ref.ScatterND)},
	{Op: op.Trilu, Name: "Trilu", Call: call2A(ref.Trilu)},
	{Op: op.Range, Name: "Range", Call: call3(ref.Range)},
	{Op: op.NonZero, Name: "NonZero", Call: call1(ref.NonZero)},
	{Op: op.OneHot, Name: "OneHot", Call: call3A(ref.OneHot)},
	{Op: op.EyeLike, Name: "EyeLike", Call: call1A(ref.EyeLike)},
	{Op: op.Compress, Name: "Compress", Call: call2A(ref.Compress)},
	{Op: op.Unique, Name: "Unique", Call: unique},
	{Op: op.NonMaxSuppression, Name: "NonMaxSuppression", Call: call5A(ref.NonMaxSuppression)},
	{Op: op.DepthToSpace, Name: "DepthToSpace", Call: call1A(ref.DepthToSpace)},
	{Op: op.SpaceToDepth, Name: "SpaceToDepth", Call: call1A(ref.SpaceToDepth)},
}

func split(a any, out, in []*tensor.Tensor) error {
	return ref.Split(out, attrs[attr.Axis](a), at(in, 0), at(in, 1))
}

func maxPool(a any, out, in []*tensor.Tensor) error {
	return ref.MaxPool(at(out, 0), at(out, 1), attrs[attr.Pool](a), at(in, 0))
}

func topK(a any, out, in []*tensor.Tensor) error {
	return ref.TopK(at(out, 0), at(out, 1), attrs[attr.TopK](a), at(in, 0), at(in, 1))
}

func unique(a any, out, in []*tensor.Tensor) error {
	return ref.Unique(at(out, 0), at(out, 1), at(out, 2), at(out, 3), attrs[attr.Unique](a), at(in, 0))
}

func layerNormalization(a any, out, in []*tensor.Tensor) error {
	return ref.LayerNormalization(at(out, 0), at(out, 1), at(out, 2), attrs[attr.LayerNormalization](a), at(in, 0), at(in, 1), at(in, 2))
}

func dynamicQuantize(_ any, out, in []*tensor.Tensor) error {
	return ref.DynamicQuantizeLinear(at(out, 0), at(out, 1), at(out, 2), at(in, 0))
}

func matMulInteger(_ any, out, in []*tensor.Tensor) error {
	return ref.MatMulInteger(at(out, 0), at(in, 0), at(in, 1), at(in, 2), at(in, 3))
}

func recurrent(f func(y, h *t, a *attr.Recurrent, x, w, r, bias, lengths, first *t) error) Func {
	return func(a any, out, in []*tensor.Tensor) error {
		return f(at(out, 0), at(out, 1), attrs[attr.Recurrent](a), at(in, 0), at(in, 1), at(in, 2), at(in, 3), at(in, 4), at(in, 5))
	}
}

func lstm(a any, out, in []*tensor.Tensor) error {
	return ref.LSTM(at(out, 0), at(out, 1), at(out, 2), attrs[attr.Recurrent](a),
		at(in, 0), at(in, 1), at(in, 2), at(in, 3), at(in, 4), at(in, 5), at(in, 6), at(in, 7))
}

func parallax(a any, out, in []*tensor.Tensor) error {
	return ref.Parallax(at(out, 0), at(out, 1), at(out, 2), attrs[attr.Attention](a), in...)
}

func linear(a any, out, in []*tensor.Tensor) error {
	return ref.Linear(out, attrs[attr.Linear](a), at(in, 0), in[min(1, len(in)):]...)
}

func fusedConv(a any, out, in []*tensor.Tensor) error {
	return ref.FusedConv(at(out, 0), attrs[attr.FusedConv](a), at(in, 0), at(in, 1), in[min(2, len(in)):]...)
}

func attention(a any, out, in []*tensor.Tensor) error {
	return ref.Attention(at(out, 0), at(out, 1), at(out, 2), at(out, 3), attrs[attr.ONNXAttention](a),
		at(in, 0), at(in, 1), at(in, 2), at(in, 3), at(in, 4), at(in, 5), at(in, 6))
}

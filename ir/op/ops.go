package op

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
)

// Elementwise operators of one operand, whose result has its type.
var (
	Abs             = unary("Abs", numbers, nil)
	Acos            = unary("Acos", floats, nil)
	Acosh           = unary("Acosh", floats, nil)
	Asin            = unary("Asin", floats, nil)
	Asinh           = unary("Asinh", floats, nil)
	Atan            = unary("Atan", floats, nil)
	Atanh           = unary("Atanh", floats, nil)
	Ceil            = unary("Ceil", floats, nil)
	Cos             = unary("Cos", floats, nil)
	Cosh            = unary("Cosh", floats, nil)
	Erf             = unary("Erf", numbers, nil)
	Exp             = unary("Exp", floats, nil)
	Floor           = unary("Floor", floats, nil)
	Log             = unary("Log", floats, nil)
	Neg             = unary("Neg", numbers, nil)
	Reciprocal      = unary("Reciprocal", floats, nil)
	Relu            = unary("Relu", numbers, nil)
	Round           = unary("Round", floats, nil)
	Sigmoid         = unary("Sigmoid", floats, nil)
	Sign            = unary("Sign", numbers, nil)
	Sin             = unary("Sin", floats, nil)
	Sinh            = unary("Sinh", floats, nil)
	Softplus        = unary("Softplus", floats, nil)
	Softsign        = unary("Softsign", floats, nil)
	Sqrt            = unary("Sqrt", floats, nil)
	Tan             = unary("Tan", floats, nil)
	Tanh            = unary("Tanh", floats, nil)
	HardSwish       = unary("HardSwish", floats, nil)
	Mish            = unary("Mish", floats, nil)
	BitwiseNot      = unary("BitwiseNot", integers, nil)
	Elu             = unary("Elu", floats, newAttr[attr.Unary])
	LeakyRelu       = unary("LeakyRelu", floats, newAttr[attr.Unary])
	ThresholdedRelu = unary("ThresholdedRelu", floats, newAttr[attr.Unary])
	Celu            = unary("Celu", floats, newAttr[attr.Unary])
	HardSigmoid     = unary("HardSigmoid", floats, newAttr[attr.Unary])
	Selu            = unary("Selu", floats, newAttr[attr.Unary])
	Shrink          = unary("Shrink", numbers, newAttr[attr.Unary])
	Swish           = unary("Swish", floats, newAttr[attr.Unary])
	Gelu            = meaning(unary("Gelu", floats, newAttr[attr.Gelu]), decomposeGelu)
	// Identity is a copy in name only.
	Identity = elementwise(define("Identity", "its operand", exactly(1), exactly(1), nil, inferIdentity))
	Not      = elementwise(define("Not", "logical negation", exactly(1), exactly(1), nil, inferNot))
	IsNaN    = elementwise(define("IsNaN", "which elements are NaN", exactly(1), exactly(1), nil, inferPredicate))
	IsInf    = elementwise(define("IsInf", "which elements are infinite", exactly(1), exactly(1), newAttr[attr.IsInf], inferPredicate))
	Cast     = elementwise(define("Cast", "conversion to another element type", exactly(1), exactly(1), newAttr[attr.Cast], inferCast))
	Clip     = elementwise(define("Clip", "limits to [min, max]", arity{1, 3}, exactly(1), nil, inferClip))
)

// Elementwise operators of two or more operands, broadcast against each other.
var (
	Add            = commutative(binary("Add", numbers, nil))
	Mul            = commutative(binary("Mul", numbers, nil))
	Sub            = binary("Sub", numbers, nil)
	Div            = binary("Div", numbers, nil)
	Pow            = elementwise(define("Pow", "power, broadcast", exactly(2), exactly(1), nil, inferPow))
	PRelu          = elementwise(define("PRelu", "x, or slope·x below 0", exactly(2), exactly(1), nil, inferPRelu))
	Mod            = binary("Mod", numbers, newAttr[attr.Mod])
	BitShift       = binary("BitShift", integers, newAttr[attr.BitShift])
	BitwiseAnd     = commutative(binary("BitwiseAnd", integers, nil))
	BitwiseOr      = commutative(binary("BitwiseOr", integers, nil))
	BitwiseXor     = commutative(binary("BitwiseXor", integers, nil))
	And            = commutative(logical("And"))
	Or             = commutative(logical("Or"))
	Xor            = commutative(logical("Xor"))
	Equal          = commutative(comparison("Equal", anyElement))
	Greater        = comparison("Greater", numbers)
	GreaterOrEqual = comparison("GreaterOrEqual", numbers)
	Less           = comparison("Less", numbers)
	LessOrEqual    = comparison("LessOrEqual", numbers)
	Max            = fold("Max", numbers)
	Mean           = fold("Mean", floats)
	Min            = fold("Min", numbers)
	Sum            = fold("Sum", floats)
	Where          = elementwise(define("Where", "condition ? x : y", exactly(3), exactly(1), nil, inferWhere))
)

// Contractions and normalisations.
var (
	MatMul                = define("MatMul", "matrix product, batch dims broadcast", exactly(2), exactly(1), nil, inferMatMul)
	Gemm                  = define("Gemm", "alpha·A·B + beta·C", arity{2, 3}, exactly(1), newAttr[attr.Gemm], inferGemm)
	Einsum                = define("Einsum", "sum of products by an equation", variadic, exactly(1), newAttr[attr.Einsum], inferEinsum)
	Conv                  = define("Conv", "convolution", arity{2, 3}, exactly(1), newAttr[attr.Conv], inferConv)
	ConvTranspose         = define("ConvTranspose", "transposed convolution", arity{2, 3}, exactly(1), newAttr[attr.ConvTranspose], inferConvTranspose)
	MaxPool               = define("MaxPool", "maximum over windows", exactly(1), arity{1, 2}, newAttr[attr.Pool], inferPool)
	AveragePool           = define("AveragePool", "mean over windows", exactly(1), exactly(1), newAttr[attr.Pool], inferPool)
	GlobalAveragePool     = define("GlobalAveragePool", "mean over the spatial axes", exactly(1), exactly(1), nil, inferGlobalPool)
	GlobalMaxPool         = define("GlobalMaxPool", "maximum over the spatial axes", exactly(1), exactly(1), nil, inferGlobalPool)
	Softmax               = define("Softmax", "exp(x) normalised along an axis", exactly(1), exactly(1), func() any { return &attr.Axis{Axis: -1} }, inferAlongAxis(softmaxAxis))
	LogSoftmax            = define("LogSoftmax", "logarithm of Softmax", exactly(1), exactly(1), func() any { return &attr.Axis{Axis: -1} }, inferAlongAxis(softmaxAxis))
	LayerNormalization    = define("LayerNormalization", "(x−mean)/deviation·scale + bias over the last axes", arity{2, 3}, arity{1, 3}, newAttr[attr.LayerNormalization], inferLayerNormalization)
	RMSNormalization      = meaning(define("RMSNormalization", "x/√(mean x²+ε)·scale over the last axes", exactly(2), exactly(1), newAttr[attr.LayerNormalization], inferRMSNormalization), decomposeRMSNorm)
	BatchNormalization    = define("BatchNormalization", "normalisation by given statistics", exactly(5), exactly(1), newAttr[attr.BatchNormalization], inferChannelNorm)
	InstanceNormalization = define("InstanceNormalization", "normalisation over the spatial axes", exactly(3), exactly(1), newAttr[attr.BatchNormalization], inferChannelNorm)
	GroupNormalization    = define("GroupNormalization", "normalisation over groups of channels", exactly(3), exactly(1), newAttr[attr.GroupNormalization], inferGroupNormalization)
	LpNormalization       = define("LpNormalization", "division by the norm along an axis", exactly(1), exactly(1), newAttr[attr.LpNormalization], inferAlongAxis(lpAxis))
	RotaryEmbedding       = meaning(define("RotaryEmbedding", "rotary position embedding", arity{3, 4}, exactly(1), newAttr[attr.RotaryEmbedding], inferRotaryEmbedding), decomposeRotary)
)

// Quantisation: a number is scale·(steps − zero point).
var (
	QuantizeLinear        = define("QuantizeLinear", "steps of a scale, rounded to even", arity{2, 3}, exactly(1), newAttr[attr.Quantize], inferQuantize)
	DequantizeLinear      = define("DequantizeLinear", "scale·(steps − zero point)", arity{2, 3}, exactly(1), newAttr[attr.Quantize], inferDequantize)
	DynamicQuantizeLinear = define("DynamicQuantizeLinear", "steps of the scale that x just fits in", exactly(1), exactly(3), nil, inferDynamicQuantize)
	MatMulInteger         = define("MatMulInteger", "matrix product of steps, in 32 bits", arity{2, 4}, exactly(1), nil, inferMatMulInteger)
	ConvInteger           = define("ConvInteger", "convolution of steps, in 32 bits", arity{2, 4}, exactly(1), newAttr[attr.Conv], inferConvInteger)
)

// Transforms and recurrences along time.
var (
	DFT             = define("DFT", "Fourier transform along an axis", arity{1, 3}, exactly(1), newAttr[attr.DFT], inferDFT)
	STFT            = define("STFT", "Fourier transforms of frames", arity{2, 4}, exactly(1), newAttr[attr.STFT], inferSTFT)
	RNN             = define("RNN", "recurrent network of one layer", arity{3, 6}, arity{0, 2}, newAttr[attr.Recurrent], inferRecurrent(1))
	GRU             = define("GRU", "gated recurrent units", arity{3, 6}, arity{0, 2}, newAttr[attr.Recurrent], inferRecurrent(3))
	LSTM            = define("LSTM", "long short-term memory", arity{3, 8}, arity{0, 3}, newAttr[attr.Recurrent], inferRecurrent(4))
	MelWeightMatrix = define("MelWeightMatrix", "weights from frequencies to mel bands", exactly(5), exactly(1), newAttr[attr.MelWeightMatrix], inferMelWeights)
)

// Attention.
var (
	// Attention is the operator of ai.onnx, as files hold it.
	Attention = define("Attention", "attention as ai.onnx defines it", arity{3, 7}, arity{1, 4}, newAttr[attr.ONNXAttention], inferONNXAttention)
	// Parallax is the fused node; see [attr.Attention].
	Parallax = register(&ir.Op{
		Name: "Parallax", Domain: "ai.parallax", Doc: "softmax attention minus a learned correction (arXiv 2605.29157)",
		MinIn: 3, MaxIn: -1, MinOut: 1, MaxOut: 3,
		Attr: newAttr[attr.Attention], Infer: inferParallax, Decompose: decomposeParallax,
	})
)

// Linear is the fused product; see [attr.Linear]. It need not give out y if its
// normalised form is all that is read.
var Linear = register(&ir.Op{
	Name: "Linear", Domain: "ai.parallax", Doc: "products of one operand with bias, activation, gate, residual and norm",
	MinIn: 2, MaxIn: -1, MinOut: 0, MaxOut: -1,
	Attr: newAttr[attr.Linear], Infer: inferLinear, Decompose: decomposeLinear,
})

// FusedConv is the fused convolution; see [attr.FusedConv].
var FusedConv = register(&ir.Op{
	Name: "FusedConv", Domain: "ai.parallax", Doc: "a convolution with bias, activation and residual",
	MinIn: 2, MaxIn: 4, MinOut: 1, MaxOut: 1,
	Attr: newAttr[attr.FusedConv], Infer: inferFusedConv, Decompose: decomposeFusedConv,
})

// Reductions: the axes are the second operand.
var (
	ReduceSum       = reduction("ReduceSum", numbers)
	ReduceMean      = reduction("ReduceMean", numbers)
	ReduceMax       = reduction("ReduceMax", ordered)
	ReduceMin       = reduction("ReduceMin", ordered)
	ReduceProd      = reduction("ReduceProd", numbers)
	ReduceL1        = reduction("ReduceL1", numbers)
	ReduceL2        = reduction("ReduceL2", numbers)
	ReduceSumSquare = reduction("ReduceSumSquare", numbers)
	ReduceLogSum    = reduction("ReduceLogSum", numbers)
	ReduceLogSumExp = reduction("ReduceLogSumExp", numbers)
	ArgMax          = define("ArgMax", "index of the maximum along an axis", exactly(1), exactly(1), newAttr[attr.ArgReduce], inferArgReduce)
	ArgMin          = define("ArgMin", "index of the minimum along an axis", exactly(1), exactly(1), newAttr[attr.ArgReduce], inferArgReduce)
	CumSum          = define("CumSum", "running sums along an axis", exactly(2), exactly(1), newAttr[attr.CumSum], inferCumSum)
	TopK            = define("TopK", "the k greatest or least along an axis", exactly(2), exactly(2), newAttr[attr.TopK], inferTopK)
)

// Random numbers.
var (
	RandomUniformLike = random("RandomUniformLike", "numbers between two, of its operand's shape")
	RandomNormalLike  = random("RandomNormalLike", "normally distributed numbers, of its operand's shape")
)

// Shapes and movement.
var (
	Shape             = define("Shape", "the dims of its operand", exactly(1), exactly(1), newAttr[attr.Shape], inferShape)
	Size              = define("Size", "the number of elements", exactly(1), exactly(1), nil, inferSize)
	Reshape           = define("Reshape", "the same elements in another shape", exactly(2), exactly(1), newAttr[attr.Reshape], inferReshape)
	Flatten           = define("Flatten", "two axes: those before, those from an axis", exactly(1), exactly(1), func() any { return &attr.Axis{Axis: 1} }, inferFlatten)
	Squeeze           = define("Squeeze", "axes of size 1 removed", arity{1, 2}, exactly(1), nil, inferSqueeze)
	Unsqueeze         = define("Unsqueeze", "axes of size 1 inserted", exactly(2), exactly(1), nil, inferUnsqueeze)
	Transpose         = define("Transpose", "axes permuted", exactly(1), exactly(1), newAttr[attr.Transpose], inferTranspose)
	Expand            = define("Expand", "broadcast to a shape", exactly(2), exactly(1), nil, inferExpand)
	Tile              = define("Tile", "repeated along every axis", exactly(2), exactly(1), nil, inferTile)
	Concat            = define("Concat", "joined along an axis", variadic, exactly(1), newAttr[attr.Axis], inferConcat)
	Split             = define("Split", "cut along an axis", arity{1, 2}, variadic, newAttr[attr.Axis], inferSplit)
	Slice             = define("Slice", "ranges of the axes", arity{3, 5}, exactly(1), nil, inferSlice)
	Pad               = define("Pad", "padded along the axes", arity{2, 4}, exactly(1), newAttr[attr.Pad], inferPad)
	Resize            = define("Resize", "sampled at other sizes", arity{1, 4}, exactly(1), newAttr[attr.Resize], inferResize)
	GridSample        = define("GridSample", "sampled at places of a grid", exactly(2), exactly(1), newAttr[attr.GridSample], inferGridSample)
	RoiAlign          = define("RoiAlign", "regions pooled to one size", exactly(3), exactly(1), newAttr[attr.RoiAlign], inferRoiAlign)
	Col2Im            = define("Col2Im", "an image from its blocks, added up", exactly(3), exactly(1), newAttr[attr.Col2Im], inferCol2Im)
	Gather            = define("Gather", "entries along an axis by index", exactly(2), exactly(1), newAttr[attr.Axis], inferGather)
	GatherElements    = define("GatherElements", "one element per index", exactly(2), exactly(1), newAttr[attr.Axis], inferGatherElements)
	GatherND          = define("GatherND", "slices by index tuples", exactly(2), exactly(1), newAttr[attr.GatherND], inferGatherND)
	ScatterElements   = define("ScatterElements", "elements replaced by index", exactly(3), exactly(1), newAttr[attr.ScatterElements], inferScatterElements)
	ScatterND         = define("ScatterND", "slices replaced by index tuples", exactly(3), exactly(1), newAttr[attr.ScatterND], inferScatterND)
	Trilu             = define("Trilu", "upper or lower triangle", arity{1, 2}, exactly(1), newAttr[attr.Trilu], inferTrilu)
	Range             = define("Range", "start, start+delta, … below limit", exactly(3), exactly(1), nil, inferRange)
	NonZero           = define("NonZero", "indices of non-zero elements", exactly(1), exactly(1), nil, inferNonZero)
	OneHot            = define("OneHot", "one-hot encoding along an axis", exactly(3), exactly(1), func() any { return &attr.Axis{Axis: -1} }, inferOneHot)
	EyeLike           = define("EyeLike", "ones on a diagonal", exactly(1), exactly(1), newAttr[attr.EyeLike], inferEyeLike)
	Compress          = define("Compress", "entries along an axis by condition", exactly(2), exactly(1), newAttr[attr.Axis], inferCompress)
	Unique            = define("Unique", "the different entries along an axis", exactly(1), arity{1, 4}, newAttr[attr.Unique], inferUnique)
	NonMaxSuppression = define("NonMaxSuppression", "boxes that no better one covers", arity{2, 5}, exactly(1), newAttr[attr.NonMaxSuppression], inferNonMaxSuppression)
	DepthToSpace      = define("DepthToSpace", "channels moved to space", exactly(1), exactly(1), newAttr[attr.DepthSpace], inferDepthToSpace)
	SpaceToDepth      = define("SpaceToDepth", "space moved to channels", exactly(1), exactly(1), newAttr[attr.DepthSpace], inferSpaceToDepth)
)

// Control flow.
var (
	If   = control("If", "one of two bodies by a condition", exactly(1), 2, nil, inferIf)
	Loop = control("Loop", "a body repeated", arity{0, -1}, 1, nil, inferLoop)
	Scan = control("Scan", "a body over slices of its operands", variadic, 1, newAttr[attr.Scan], inferScan)
)

// Opaque stands for a node whose operator is not known: it keeps its place and
// its attributes, so that a graph can be inspected and written again.
var Opaque = define("Opaque", "a node of an unknown operator", arity{0, -1}, arity{0, -1}, newAttr[attr.Opaque], inferOpaque)

package op

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
)

// Elementwise operators of one operand, whose result has its type.
var (
	Abs             = unary("Abs", nil)
	Acos            = unary("Acos", nil)
	Acosh           = unary("Acosh", nil)
	Asin            = unary("Asin", nil)
	Asinh           = unary("Asinh", nil)
	Atan            = unary("Atan", nil)
	Atanh           = unary("Atanh", nil)
	Ceil            = unary("Ceil", nil)
	Cos             = unary("Cos", nil)
	Cosh            = unary("Cosh", nil)
	Erf             = unary("Erf", nil)
	Exp             = unary("Exp", nil)
	Floor           = unary("Floor", nil)
	Log             = unary("Log", nil)
	Neg             = unary("Neg", nil)
	Reciprocal      = unary("Reciprocal", nil)
	Relu            = unary("Relu", nil)
	Round           = unary("Round", nil)
	Sigmoid         = unary("Sigmoid", nil)
	Sign            = unary("Sign", nil)
	Sin             = unary("Sin", nil)
	Sinh            = unary("Sinh", nil)
	Softplus        = unary("Softplus", nil)
	Softsign        = unary("Softsign", nil)
	Sqrt            = unary("Sqrt", nil)
	Tan             = unary("Tan", nil)
	Tanh            = unary("Tanh", nil)
	HardSwish       = unary("HardSwish", nil)
	Mish            = unary("Mish", nil)
	BitwiseNot      = unary("BitwiseNot", nil)
	Elu             = unary("Elu", newAttr[attr.Unary])
	LeakyRelu       = unary("LeakyRelu", newAttr[attr.Unary])
	ThresholdedRelu = unary("ThresholdedRelu", newAttr[attr.Unary])
	Celu            = unary("Celu", newAttr[attr.Unary])
	HardSigmoid     = unary("HardSigmoid", newAttr[attr.Unary])
	Selu            = unary("Selu", newAttr[attr.Unary])
	Shrink          = unary("Shrink", newAttr[attr.Unary])
	Swish           = unary("Swish", newAttr[attr.Unary])
	Gelu            = unary("Gelu", newAttr[attr.Gelu])
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
	Add            = commutative(binary("Add", nil))
	Mul            = commutative(binary("Mul", nil))
	Sub            = binary("Sub", nil)
	Div            = binary("Div", nil)
	Pow            = binary("Pow", nil)
	PRelu          = binary("PRelu", nil)
	Mod            = binary("Mod", newAttr[attr.Mod])
	BitShift       = binary("BitShift", newAttr[attr.BitShift])
	BitwiseAnd     = commutative(binary("BitwiseAnd", nil))
	BitwiseOr      = commutative(binary("BitwiseOr", nil))
	BitwiseXor     = commutative(binary("BitwiseXor", nil))
	And            = commutative(logical("And"))
	Or             = commutative(logical("Or"))
	Xor            = commutative(logical("Xor"))
	Equal          = commutative(comparison("Equal"))
	Greater        = comparison("Greater")
	GreaterOrEqual = comparison("GreaterOrEqual")
	Less           = comparison("Less")
	LessOrEqual    = comparison("LessOrEqual")
	Max            = elementwise(define("Max", "elementwise over all operands", variadic, exactly(1), nil, inferVariadic))
	Mean           = elementwise(define("Mean", "elementwise over all operands", variadic, exactly(1), nil, inferVariadic))
	Min            = elementwise(define("Min", "elementwise over all operands", variadic, exactly(1), nil, inferVariadic))
	Sum            = elementwise(define("Sum", "elementwise over all operands", variadic, exactly(1), nil, inferVariadic))
	Where          = elementwise(define("Where", "condition ? x : y", exactly(3), exactly(1), nil, inferWhere))
)

// Contractions and normalisations.
var (
	MatMul                = define("MatMul", "matrix product, batch dims broadcast", exactly(2), exactly(1), nil, inferMatMul)
	Gemm                  = define("Gemm", "alpha·A·B + beta·C", arity{2, 3}, exactly(1), newAttr[attr.Gemm], inferGemm)
	Einsum                = define("Einsum", "sum of products by an equation", variadic, exactly(1), newAttr[attr.Einsum], inferEinsum)
	Conv                  = define("Conv", "convolution", arity{2, 3}, exactly(1), newAttr[attr.Conv], inferConv)
	MaxPool               = define("MaxPool", "maximum over windows", exactly(1), arity{1, 2}, newAttr[attr.Pool], inferPool)
	AveragePool           = define("AveragePool", "mean over windows", exactly(1), exactly(1), newAttr[attr.Pool], inferPool)
	GlobalAveragePool     = define("GlobalAveragePool", "mean over the spatial axes", exactly(1), exactly(1), nil, inferGlobalPool)
	GlobalMaxPool         = define("GlobalMaxPool", "maximum over the spatial axes", exactly(1), exactly(1), nil, inferGlobalPool)
	Softmax               = define("Softmax", "exp(x) normalised along an axis", exactly(1), exactly(1), func() any { return &attr.Axis{Axis: -1} }, inferSoftmax)
	LogSoftmax            = define("LogSoftmax", "logarithm of Softmax", exactly(1), exactly(1), func() any { return &attr.Axis{Axis: -1} }, inferSoftmax)
	LayerNormalization    = define("LayerNormalization", "(x−mean)/deviation·scale + bias over the last axes", arity{2, 3}, arity{1, 3}, newAttr[attr.LayerNormalization], inferLayerNormalization)
	RMSNormalization      = define("RMSNormalization", "x/√(mean x²+ε)·scale over the last axes", exactly(2), exactly(1), newAttr[attr.LayerNormalization], inferRMSNormalization)
	BatchNormalization    = define("BatchNormalization", "normalisation by given statistics", exactly(5), exactly(1), newAttr[attr.BatchNormalization], inferSame)
	InstanceNormalization = define("InstanceNormalization", "normalisation over the spatial axes", exactly(3), exactly(1), newAttr[attr.BatchNormalization], inferSame)
	GroupNormalization    = define("GroupNormalization", "normalisation over groups of channels", exactly(3), exactly(1), newAttr[attr.GroupNormalization], inferSame)
	LpNormalization       = define("LpNormalization", "division by the norm along an axis", exactly(1), exactly(1), newAttr[attr.LpNormalization], inferSame)
	RotaryEmbedding       = define("RotaryEmbedding", "rotary position embedding", arity{3, 4}, exactly(1), newAttr[attr.RotaryEmbedding], inferSame)
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

// Reductions: the axes are the second operand.
var (
	ReduceSum       = reduction("ReduceSum")
	ReduceMean      = reduction("ReduceMean")
	ReduceMax       = reduction("ReduceMax")
	ReduceMin       = reduction("ReduceMin")
	ReduceProd      = reduction("ReduceProd")
	ReduceL1        = reduction("ReduceL1")
	ReduceL2        = reduction("ReduceL2")
	ReduceSumSquare = reduction("ReduceSumSquare")
	ReduceLogSum    = reduction("ReduceLogSum")
	ReduceLogSumExp = reduction("ReduceLogSumExp")
	ArgMax          = define("ArgMax", "index of the maximum along an axis", exactly(1), exactly(1), newAttr[attr.ArgReduce], inferArgReduce)
	ArgMin          = define("ArgMin", "index of the minimum along an axis", exactly(1), exactly(1), newAttr[attr.ArgReduce], inferArgReduce)
	CumSum          = define("CumSum", "running sums along an axis", exactly(2), exactly(1), newAttr[attr.CumSum], inferSame)
	TopK            = define("TopK", "the k greatest or least along an axis", exactly(2), exactly(2), newAttr[attr.TopK], inferTopK)
)

// Shapes and movement.
var (
	Shape           = define("Shape", "the dims of its operand", exactly(1), exactly(1), newAttr[attr.Shape], inferShape)
	Size            = define("Size", "the number of elements", exactly(1), exactly(1), nil, inferSize)
	Reshape         = define("Reshape", "the same elements in another shape", exactly(2), exactly(1), newAttr[attr.Reshape], inferReshape)
	Flatten         = define("Flatten", "two axes: those before, those from an axis", exactly(1), exactly(1), func() any { return &attr.Axis{Axis: 1} }, inferFlatten)
	Squeeze         = define("Squeeze", "axes of size 1 removed", arity{1, 2}, exactly(1), nil, inferSqueeze)
	Unsqueeze       = define("Unsqueeze", "axes of size 1 inserted", exactly(2), exactly(1), nil, inferUnsqueeze)
	Transpose       = define("Transpose", "axes permuted", exactly(1), exactly(1), newAttr[attr.Transpose], inferTranspose)
	Expand          = define("Expand", "broadcast to a shape", exactly(2), exactly(1), nil, inferExpand)
	Tile            = define("Tile", "repeated along every axis", exactly(2), exactly(1), nil, inferTile)
	Concat          = define("Concat", "joined along an axis", variadic, exactly(1), newAttr[attr.Axis], inferConcat)
	Split           = define("Split", "cut along an axis", arity{1, 2}, variadic, newAttr[attr.Axis], inferSplit)
	Slice           = define("Slice", "ranges of the axes", arity{3, 5}, exactly(1), nil, inferSlice)
	Pad             = define("Pad", "padded along the axes", arity{2, 4}, exactly(1), newAttr[attr.Pad], inferPad)
	Gather          = define("Gather", "entries along an axis by index", exactly(2), exactly(1), newAttr[attr.Axis], inferGather)
	GatherElements  = define("GatherElements", "one element per index", exactly(2), exactly(1), newAttr[attr.Axis], inferGatherElements)
	GatherND        = define("GatherND", "slices by index tuples", exactly(2), exactly(1), newAttr[attr.GatherND], inferGatherND)
	ScatterElements = define("ScatterElements", "elements replaced by index", exactly(3), exactly(1), newAttr[attr.ScatterElements], inferSame)
	ScatterND       = define("ScatterND", "slices replaced by index tuples", exactly(3), exactly(1), newAttr[attr.ScatterND], inferSame)
	Trilu           = define("Trilu", "upper or lower triangle", arity{1, 2}, exactly(1), newAttr[attr.Trilu], inferSame)
	Range           = define("Range", "start, start+delta, … below limit", exactly(3), exactly(1), nil, inferRange)
	NonZero         = define("NonZero", "indices of non-zero elements", exactly(1), exactly(1), nil, inferNonZero)
	OneHot          = define("OneHot", "one-hot encoding along an axis", exactly(3), exactly(1), func() any { return &attr.Axis{Axis: -1} }, inferOneHot)
	EyeLike         = define("EyeLike", "ones on a diagonal", exactly(1), exactly(1), newAttr[attr.EyeLike], inferEyeLike)
	Compress        = define("Compress", "entries along an axis by condition", exactly(2), exactly(1), newAttr[attr.Axis], inferCompress)
	DepthToSpace    = define("DepthToSpace", "channels moved to space", exactly(1), exactly(1), newAttr[attr.DepthSpace], inferDepthToSpace)
	SpaceToDepth    = define("SpaceToDepth", "space moved to channels", exactly(1), exactly(1), newAttr[attr.DepthSpace], inferSpaceToDepth)
)

// Control flow.
var (
	If   = control("If", "one of two bodies by a condition", exactly(1), 2, nil, inferIf)
	Loop = control("Loop", "a body repeated", arity{2, -1}, 1, nil, inferLoop)
	Scan = control("Scan", "a body over slices of its operands", variadic, 1, newAttr[attr.Scan], inferScan)
)

// Opaque stands for a node whose operator is not known: it keeps its place and
// its attributes, so that a graph can be inspected and written again.
var Opaque = define("Opaque", "a node of an unknown operator", arity{0, -1}, arity{0, -1}, newAttr[attr.Opaque], inferOpaque)

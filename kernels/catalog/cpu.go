package catalog

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/cpu"
)

// CPUPrefix begins the IDs of the fast kernels, and the layouts of their
// weights.
const CPUPrefix = "cpu."

// fast lists the kernels of package cpu, those to be preferred first.
var fast = []struct {
	name    string // of the function
	op      string
	accepts condition
	pack    func(kernels.Case) []kernels.Packing
}{
	{"MatMulPacked", "MatMul", all(floats(2), ranked, rank(1, 2), constant(1)), packRight("PackB")},
	{"MatMul", "MatMul", all(floats(2), ranked), nil},
	{"GemmPacked", "Gemm", all(floats(3), ranked, constant(1), leftAsItIs), packGemm},
	{"Gemm", "Gemm", all(floats(3), ranked), nil},
	{"Einsum", "Einsum", all(floats(math.MaxInt), ranked, rankedResult, pairwise), nil},
	{"Linear", "ai.parallax.Linear", all(linearTypes, ranked, constantWeights), packWeights},
	{"MatMulIntegerPacked", "MatMulInteger", all(oneOf(0, tensor.Int8, tensor.Uint8), oneOf(1, tensor.Int8, tensor.Uint8), ranked, rank(1, 2), constant(1), zeroPoints), packBytes},
	{"DynamicQuantizeLinear", "DynamicQuantizeLinear", oneOf(0, tensor.Float32), nil},
	{"QuantizeLinear", "QuantizeLinear", all(oneOf(0, tensor.Float32), oneOf(1, tensor.Float32), inOneStep), nil},
	{"DequantizeLinear", "DequantizeLinear", all(oneOf(0, tensor.Int8, tensor.Uint8, tensor.Int32), oneOf(1, tensor.Float32), ranked, inColumns), nil},
	{"Conv", "Conv", all(floats(3), windowed), nil},
	{"FusedConvLast", "ai.parallax.FusedConv", all(alike([]tensor.DType{tensor.Float32}), windowed, channelsLast(true), channelByChannel, constant(1)), packTaps},
	{"FusedConv", "ai.parallax.FusedConv", all(alike([]tensor.DType{tensor.Float32}), windowed, channelsLast(false)), nil},
	{"AveragePool", "AveragePool", all(floats(1), windowed), nil},
	{"MaxPool", "MaxPool", all(floats(1), windowed, resultAlone), nil},

	{"Add", "Add", binary, nil},
	{"Sub", "Sub", binary, nil},
	{"Mul", "Mul", binary, nil},
	{"Div", "Div", binary, nil},
	{"Pow", "Pow", binary, nil},
	{"Relu", "Relu", unary, nil},
	{"Neg", "Neg", unary, nil},
	{"Sqrt", "Sqrt", unary, nil},
	{"Reciprocal", "Reciprocal", unary, nil},
	{"Exp", "Exp", unary, nil},
	{"Tanh", "Tanh", unary, nil},
	{"Erf", "Erf", unary, nil},
	{"Sigmoid", "Sigmoid", unary, nil},
	{"Gelu", "Gelu", unary, nil},
	{"Where", "Where", all(words(1), ranked), nil},
	{"Abs", "Abs", unary, nil},
	{"Sin", "Sin", unary, nil},
	{"Cos", "Cos", unary, nil},
	{"Log", "Log", unary, nil},
	{"Floor", "Floor", unary, nil},
	{"Ceil", "Ceil", unary, nil},
	{"Round", "Round", unary, nil},
	{"Sign", "Sign", unary, nil},
	{"Asin", "Asin", unary, nil},
	{"Acos", "Acos", unary, nil},
	{"Atan", "Atan", unary, nil},
	{"Tan", "Tan", unary, nil},
	{"Sinh", "Sinh", unary, nil},
	{"Cosh", "Cosh", unary, nil},
	{"Asinh", "Asinh", unary, nil},
	{"Acosh", "Acosh", unary, nil},
	{"Atanh", "Atanh", unary, nil},
	{"ThresholdedRelu", "ThresholdedRelu", unary, nil},
	{"Shrink", "Shrink", unary, nil},
	{"Softplus", "Softplus", unary, nil},
	{"Softsign", "Softsign", unary, nil},
	{"Mish", "Mish", unary, nil},
	{"Elu", "Elu", unary, nil},
	{"Selu", "Selu", unary, nil},
	{"Celu", "Celu", unary, nil},
	{"LeakyRelu", "LeakyRelu", unary, nil},
	{"PRelu", "PRelu", binary, nil},
	{"HardSigmoid", "HardSigmoid", unary, nil},
	{"HardSwish", "HardSwish", unary, nil},
	{"Swish", "Swish", all(unary, swishOf(1, attr.QuickGeluAlpha)), nil},
	{"Clip", "Clip", floats(3), nil},
	{"Min", "Min", all(binary, exactly(2)), nil},
	{"Max", "Max", all(binary, exactly(2)), nil},
	{"Equal", "Equal", all(alike(plainNumbers, tensor.Bool), ranked), nil},
	{"Less", "Less", all(alike(plainNumbers), ranked), nil},
	{"LessOrEqual", "LessOrEqual", all(alike(plainNumbers), ranked), nil},
	{"Greater", "Greater", all(alike(plainNumbers), ranked), nil},
	{"GreaterOrEqual", "GreaterOrEqual", all(alike(plainNumbers), ranked), nil},
	{"And", "And", ranked, nil},
	{"Or", "Or", ranked, nil},
	{"Xor", "Xor", ranked, nil},
	{"Not", "Not", nil, nil},
	{"IsNaN", "IsNaN", unary, nil},
	{"Cast", "Cast", castable, nil},
	{"Elementwise", "ai.parallax.Elementwise", ranked, nil},

	{"Softmax", "Softmax", unary, nil},
	{"LogSoftmax", "LogSoftmax", all(unary, ranked, lastAxis), nil},
	{"LayerNormalization", "LayerNormalization", all(floats(3), resultAlone, parametersOf(1, 2)), nil},
	{"RMSNormalization", "RMSNormalization", all(floats(2), parametersOf(1)), nil},
	{"InstanceNormalization", "InstanceNormalization", floats(3), nil},
	{"GroupNormalization", "GroupNormalization", floats(3), nil},
	{"RotaryEmbedding", "RotaryEmbedding", floats(3), nil},
	{"ParallaxBrain", "ai.parallax.Parallax", all(brainAsked, streamed), nil},
	{"Parallax", "ai.parallax.Parallax", streamed, nil},
	{"ReduceSum", "ReduceSum", all(floats(1), ranked), nil},
	{"ReduceMean", "ReduceMean", all(floats(1), ranked), nil},
	{"ReduceMax", "ReduceMax", all(floats(1), ranked), nil},
	{"ReduceMin", "ReduceMin", all(floats(1), ranked), nil},
	{"ReduceL1", "ReduceL1", all(floats(1), ranked), nil},
	{"ReduceL2", "ReduceL2", all(floats(1), ranked), nil},
	{"ReduceSumSquare", "ReduceSumSquare", all(floats(1), ranked), nil},
	{"ReduceLogSum", "ReduceLogSum", all(floats(1), ranked), nil},
	{"ReduceLogSumExp", "ReduceLogSumExp", all(unary, ranked, lastAxes), nil},
	{"ArgMax", "ArgMax", all(unary, ranked, lastAxis), nil},
	{"ArgMin", "ArgMin", all(unary, ranked, lastAxis), nil},

	{"Transpose", "Transpose", all(words(0), ranked), nil},
	{"Expand", "Expand", all(words(0), ranked, rankedResult), nil},
	{"Slice", "Slice", all(words(0), ranked), nil},
	{"Tile", "Tile", all(words(0), ranked, rankUpTo(0, maxRank/2)), nil},
	{"Concat", "Concat", all(wholeBytes(0), ranked), nil},
	{"Split", "Split", all(wholeBytes(0), ranked), nil},
	{"Gather", "Gather", all(wholeBytes(0), ranked, rankedResult, jointRank), nil},
	{"GatherElements", "GatherElements", all(words(0), ranked, oneOf(1, tensor.Int32, tensor.Int64)), nil},
	{"GatherND", "GatherND", all(wholeBytes(0), ranked, rankedResult, oneOf(1, tensor.Int64)), nil},
	{"ScatterND", "ScatterND", all(wholeBytes(0), ranked, oneOf(1, tensor.Int64), replacing), nil},
	{"DepthToSpace", "DepthToSpace", words(0), nil},
	{"SpaceToDepth", "SpaceToDepth", words(0), nil},
	{"Pad", "Pad", all(words(0), ranked), nil},
	{"Resize", "Resize", all(floats(1), ranked, resizable), nil},
}

var (
	unary  = floats(1)
	binary = all(floats(2), ranked)
)

// fastKernels returns the rows of package cpu.
func fastKernels() []kernels.Kernel {
	rows := make([]kernels.Kernel, len(fast))
	for i, r := range fast {
		rows[i] = kernels.Kernel{ID: CPUPrefix + r.name, Op: r.op, Accepts: r.accepts, Pack: r.pack, Append: appending[r.name]}
	}
	return rows
}

// appending are the kernels that can continue caches in place, and what does.
var appending = map[string]string{
	"Parallax":      CPUPrefix + "ParallaxAppend",
	"ParallaxBrain": CPUPrefix + "ParallaxBrainAppend",
}

// inBrain are the layouts of products in bf16 by those of other products.
var inBrain = map[string]string{
	"PackB": "PackBrain", "PackBT": "PackBrainT", "PackColumns": "PackBrainColumns",
}

// multipliesBrain reports whether products are in bf16. Those of f16 stay as they are in
// any precision: bf16 has fewer bits, and is no faster to load.
func multipliesBrain(c kernels.Case) bool {
	return c.Precision == kernels.BF16 && c.Operand(0).DType != tensor.Float16
}

// brainAsked holds if products are in bf16.
func brainAsked(c kernels.Case) error {
	if !multipliesBrain(c) {
		return fmt.Errorf("products are not in bf16")
	}
	return nil
}

// packing asks for the weight at a position.
func packing(c kernels.Case, weight int, layout string) kernels.Packing {
	if multipliesBrain(c) {
		layout = inBrain[layout]
	}
	return kernels.Packing{Operand: weight, Layout: CPUPrefix + layout}
}

// ofBytes are the layouts of products of bytes by those of other products.
var ofBytes = map[string]string{
	"PackB": "PackBytes", "PackBT": "PackBytesT", "PackColumns": "PackBytesColumns",
}

// packingOfBytes is packing for a product of bytes.
func packingOfBytes(_ kernels.Case, weight int, layout string) kernels.Packing {
	return kernels.Packing{Operand: weight, Layout: CPUPrefix + ofBytes[layout]}
}

// turned is PackB, or its layout for a weight that is transposed.
func turned(transposed bool) string {
	if transposed {
		return "PackBT"
	}
	return "PackB"
}

// packRight asks for the right operand in a layout.
func packRight(layout string) func(kernels.Case) []kernels.Packing {
	return func(c kernels.Case) []kernels.Packing { return []kernels.Packing{packing(c, 1, layout)} }
}

func packBytes(c kernels.Case) []kernels.Packing {
	return []kernels.Packing{packingOfBytes(c, 1, "PackB")}
}

// packBlocks asks for the weights of a fused product in blocks, their scales and zero points.
func packBlocks(c kernels.Case, a *attr.Linear) []kernels.Packing {
	layout := "PackBlocks"
	if c.Precision == kernels.INT8 && cpu.CanStep(a.BlockSize, c.Operand(a.Operands().Weight).Const.Shape[1]) {
		layout = "PackBlockQuads"
	}
	var packings []kernels.Packing
	for i := range a.Weights {
		packings = append(packings,
			kernels.Packing{Operand: a.Operands().Weight + i, Layout: CPUPrefix + layout},
			kernels.Packing{Operand: a.StepOf(i), Layout: CPUPrefix + "PackBlockSteps"},
			kernels.Packing{Operand: a.ZeroOf(i), Layout: CPUPrefix + "PackBlockZeros"})
	}
	return packings
}

func packGemm(c kernels.Case) []kernels.Packing {
	return []kernels.Packing{packing(c, 1, turned(c.Attr.(*attr.Gemm).TransB))}
}

// packWeights asks for every weight of a fused product.
func packWeights(c kernels.Case) []kernels.Packing {
	a := c.Attr.(*attr.Linear)
	if a.BlockSize > 0 {
		return packBlocks(c, a)
	}
	names := packing
	if a.OfIntegers() {
		names = packingOfBytes
	}
	packings := make([]kernels.Packing, a.Weights)
	for i := range packings {
		layout, part := turned(a.TransB), ""
		if from, to, cut := a.Part(i); cut {
			layout, part = "PackColumns", fmt.Sprintf("(%d, %d)", from, to)
		}
		packings[i] = names(c, a.Operands().Weight+i, layout)
		packings[i].Layout += part
	}
	return packings
}

// packTaps asks for the filters of a convolution of single channels by their taps.
func packTaps(kernels.Case) []kernels.Packing {
	return []kernels.Packing{{Operand: 1, Layout: CPUPrefix + "PackTaps"}}
}

// channelsLast holds if the channels are the last axis, or are not.
func channelsLast(last bool) condition {
	return func(c kernels.Case) error {
		if c.Attr.(*attr.FusedConv).ChannelsLast != last {
			return fmt.Errorf("channels_last is %t, want %t", !last, last)
		}
		return nil
	}
}

// channelByChannel holds if each filter sees one channel, and each channel
// has one.
func channelByChannel(c kernels.Case) error {
	w, group := c.Operand(1), c.Attr.(*attr.FusedConv).Group
	if w.Rank() < 2 || !w.Shape[0].Is(int64(group)) || !w.Shape[1].Is(1) {
		return fmt.Errorf("operand 1 is %s, want %d filters of one channel", w, group)
	}
	return nil
}

// linearTypes holds if a fused product is of floats, but for weights that are integers and
// their zero points, and for weights of 16 bits beside f32.
func linearTypes(c kernels.Case) error {
	a := c.Attr.(*attr.Linear)
	o, rest := a.Operands(), c
	rest.In = slices.Clone(c.In)
	if !a.InSteps() {
		for i := o.Weight; i < o.Weight+a.Weights; i++ {
			if x := c.In[0].DType; attr.NarrowBeside(x, c.In[i].DType) {
				rest.In[i].DType = x
			}
		}
		return floats(math.MaxInt)(rest)
	}
	integers := []tensor.DType{tensor.Int8, tensor.Uint8}
	switch {
	case a.BlockSize > 0:
		integers = append(integers, tensor.Int4, tensor.Uint4)
	case a.Steps == attr.LinearStepsWeights:
		integers = append(integers, tensor.Int16)
	}
	if o.Zero >= 0 && !a.OfIntegers() && a.BlockSize == 0 {
		return errors.New("zero points of weights, and x is not taken in steps")
	}
	for i := range a.Weights {
		if err := oneOf(o.Weight+i, integers...)(c); err != nil {
			return err
		}
		rest.In[o.Weight+i] = c.In[0]
		if at := a.ZeroOf(i); at >= 0 {
			rest.In[at] = c.In[0]
		}
	}
	if a.OfIntegers() && c.Operand(0).DType != tensor.Float32 {
		return fmt.Errorf("operand 0 is %s, want f32 to be taken in steps", c.Operand(0))
	}
	return floats(math.MaxInt)(rest)
}

// zeroPoints holds if the zero points of a product of integers are one, or a vector.
func zeroPoints(c kernels.Case) error {
	for i := 2; i < len(c.In); i++ {
		if o := c.Operand(i); o.Present && (o.Rank() < 0 || o.Rank() > 1) {
			return fmt.Errorf("operand %d is %s, want zero points of rank 0 or 1", i, o)
		}
	}
	return nil
}

// inOneStep holds if everything is in steps of one scale, in bytes.
func inOneStep(c kernels.Case) error {
	for i := 1; i < len(c.In); i++ {
		if o := c.Operand(i); o.Present && o.Rank() != 0 && (o.Rank() != 1 || !o.Shape[0].Is(1)) {
			return fmt.Errorf("operand %d is %s, want one number", i, o)
		}
	}
	if p := c.Attr.(*attr.Quantize).Precision; p != tensor.Invalid && p != tensor.Float32 {
		return fmt.Errorf("divided in %s", p)
	}
	if d := c.Out[0].DType; d != tensor.Int8 && d != tensor.Uint8 {
		return fmt.Errorf("the result is %s, want i8 or u8", c.Out[0])
	}
	return nil
}

// inColumns holds if steps are of one scale, or of one for each index of an axis, and the
// result is f32.
func inColumns(c kernels.Case) error {
	if a := c.Attr.(*attr.Quantize); a.BlockSize != 0 {
		return fmt.Errorf("blocks of %d", a.BlockSize)
	}
	if d := c.Out[0].DType; d != tensor.Float32 {
		return fmt.Errorf("the result is %s, want f32", c.Out[0])
	}
	return nil
}

// constantWeights holds if all weights of a fused product are constants.
func constantWeights(c kernels.Case) error {
	a := c.Attr.(*attr.Linear)
	for i := range a.Weights {
		if err := constant(a.Operands().Weight + i)(c); err != nil {
			return err
		}
		if a.BlockSize > 0 {
			if err := constantBlocks(c, a, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// constantBlocks holds if weight i has blocks of whole bytes, with constant scales and zero
// points.
func constantBlocks(c kernels.Case, a *attr.Linear, i int) error {
	if w := c.Operand(a.Operands().Weight + i); a.BlockSize%2 != 0 || w.Const.Rank() == 2 && w.Const.Shape[1]%2 != 0 {
		return fmt.Errorf("blocks of %d of %s, want an even number of elements", a.BlockSize, w)
	}
	return all(constant(a.StepOf(i)), constant(a.ZeroOf(i)))(c)
}

// pairwise holds if an equation is a product of two operands.
func pairwise(c kernels.Case) error {
	ranks := make([]int, len(c.In))
	for i, o := range c.In {
		ranks[i] = o.Rank()
	}
	return cpu.CanEinsum(c.Attr.(*attr.Einsum).Equation, ranks...)
}

// resizable holds if a Resize is in a form that the kernel knows.
func resizable(c kernels.Case) error { return cpu.CanResize(c.Attr.(*attr.Resize)) }

// replacing holds if a ScatterND reduces nothing.
func replacing(c kernels.Case) error {
	if r := c.Attr.(*attr.ScatterND).Reduction; r != "none" {
		return fmt.Errorf("reduction is %q, want none", r)
	}
	return nil
}

// streamed holds if the fused node has a streaming form.
func streamed(c kernels.Case) error {
	dtypes := make([]tensor.DType, len(c.In))
	for i, o := range c.In {
		dtypes[i] = o.DType
	}
	return cpu.ParallaxAccepts(c.Attr.(*attr.Attention), dtypes...)
}

// plainNumbers are the types that are compared as they lie in memory.
var plainNumbers = []tensor.DType{
	tensor.Float32, tensor.Float64, tensor.Int8, tensor.Int16, tensor.Int32, tensor.Int64,
	tensor.Uint8, tensor.Uint16, tensor.Uint32, tensor.Uint64,
}

// castable holds for a Cast between types that the kernel knows.
func castable(c kernels.Case) error {
	if from, to := c.Operand(0).DType, c.Attr.(*attr.Cast).To; !cpu.CanCast(from, to) {
		return fmt.Errorf("from %s to %s", from, to)
	}
	return nil
}

// swishOf holds for a Swish with one of these factors.
func swishOf(alphas ...float32) condition {
	return func(c kernels.Case) error {
		if alpha := c.Attr.(*attr.Unary).Alpha; !slices.Contains(alphas, alpha) {
			return fmt.Errorf("alpha is %g, want one of %v", alpha, alphas)
		}
		return nil
	}
}

// lastAxis holds if the operator runs along the last axis.
func lastAxis(c kernels.Case) error {
	axis, rank := 0, c.Operand(0).Rank()
	switch a := c.Attr.(type) {
	case *attr.Axis:
		axis = a.Axis
	case *attr.ArgReduce:
		axis = a.Axis
	}
	if axis != -1 && axis != rank-1 {
		return fmt.Errorf("axis %d of %s, want the last", axis, c.Operand(0))
	}
	return nil
}

// lastAxes holds if a reduction is over axes that are known, and the last ones.
func lastAxes(c kernels.Case) error {
	rank, axes := c.Operand(0).Rank(), c.Operand(1)
	if !axes.Present {
		return nil // all of them, or none
	}
	if axes.Const == nil {
		return errors.New("the axes are not constants")
	}
	reduced := make([]bool, rank)
	for i := range axes.Const.Len() {
		axis := int(axes.Const.IntAt(i))
		if axis < 0 {
			axis += rank
		}
		if axis < 0 || axis >= rank {
			return fmt.Errorf("axis %d of %s", axis, c.Operand(0))
		}
		reduced[axis] = true
	}
	if first := slices.Index(reduced, true); first >= 0 && slices.Contains(reduced[first:], false) {
		return fmt.Errorf("axes %s of %s, want the last ones", axes.Const, c.Operand(0))
	}
	return nil
}

var errTransposed = errors.New("the left operand is transposed")

func leftAsItIs(c kernels.Case) error {
	if c.Attr.(*attr.Gemm).TransA {
		return errTransposed
	}
	return nil
}

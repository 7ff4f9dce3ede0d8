package host

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu"
)

type (
	ctx = cpu.Ctx
	t   = tensor.Tensor
)

// fast calls the kernels of package cpu.
var fast = map[string]Func{
	"MatMul":          fast2(cpu.MatMul),
	"MatMulPacked":    fast2(cpu.MatMulPacked),
	"Gemm":            fast3A(cpu.Gemm),
	"GemmPacked":      fast3A(cpu.GemmPacked),
	"Conv":            fast3A(cpu.Conv),
	"AveragePool":     fast1A(cpu.AveragePool),
	"MaxPool":         fast1A(cpu.MaxPool),
	"Add":             fast2(cpu.Add),
	"Sub":             fast2(cpu.Sub),
	"Mul":             fast2(cpu.Mul),
	"Div":             fast2(cpu.Div),
	"Pow":             fast2(cpu.Pow),
	"Relu":            fast1(cpu.Relu),
	"Neg":             fast1(cpu.Neg),
	"Sqrt":            fast1(cpu.Sqrt),
	"Reciprocal":      fast1(cpu.Reciprocal),
	"Exp":             fast1(cpu.Exp),
	"Tanh":            fast1(cpu.Tanh),
	"Erf":             fast1(cpu.Erf),
	"Sigmoid":         fast1(cpu.Sigmoid),
	"Gelu":            fast1A(cpu.Gelu),
	"Where":           fast3(cpu.Where),
	"Abs":             fast1(cpu.Abs),
	"Sin":             fast1(cpu.Sin),
	"Cos":             fast1(cpu.Cos),
	"Log":             fast1(cpu.Log),
	"Floor":           fast1(cpu.Floor),
	"Ceil":            fast1(cpu.Ceil),
	"Round":           fast1(cpu.Round),
	"Sign":            fast1(cpu.Sign),
	"Asin":            fast1(cpu.Asin),
	"Acos":            fast1(cpu.Acos),
	"Atan":            fast1(cpu.Atan),
	"Softplus":        fast1(cpu.Softplus),
	"Softsign":        fast1(cpu.Softsign),
	"Mish":            fast1(cpu.Mish),
	"Elu":             fast1A(cpu.Elu),
	"Selu":            fast1A(cpu.Selu),
	"Celu":            fast1A(cpu.Celu),
	"LeakyRelu":       fast1A(cpu.LeakyRelu),
	"HardSigmoid":     fast1A(cpu.HardSigmoid),
	"PRelu":           fast2(cpu.PRelu),
	"HardSwish":       fast1(cpu.HardSwish),
	"Swish":           fast1A(cpu.Swish),
	"Clip":            fast3(cpu.Clip),
	"Min":             fastN(cpu.Min),
	"Max":             fastN(cpu.Max),
	"Equal":           fast2(cpu.Equal),
	"Less":            fast2(cpu.Less),
	"LessOrEqual":     fast2(cpu.LessOrEqual),
	"Greater":         fast2(cpu.Greater),
	"GreaterOrEqual":  fast2(cpu.GreaterOrEqual),
	"And":             fast2(cpu.And),
	"Or":              fast2(cpu.Or),
	"Xor":             fast2(cpu.Xor),
	"Not":             fast1(cpu.Not),
	"Tile":            fast2(cpu.Tile),
	"Cast":            fast1A(cpu.Cast),
	"Elementwise":     fastNA(cpu.Elementwise),
	"Softmax":         fast1A(cpu.Softmax),
	"Tan":             fast1(cpu.Tan),
	"Sinh":            fast1(cpu.Sinh),
	"Cosh":            fast1(cpu.Cosh),
	"Asinh":           fast1(cpu.Asinh),
	"Acosh":           fast1(cpu.Acosh),
	"Atanh":           fast1(cpu.Atanh),
	"ThresholdedRelu": fast1A(cpu.ThresholdedRelu),
	"Shrink":          fast1A(cpu.Shrink),
	"LogSoftmax":      fast1A(cpu.LogSoftmax),
	"IsNaN":           fast1(cpu.IsNaN),
	"LayerNormalization": func(c *ctx, a any, out, in []*t) error {
		return cpu.LayerNormalization(c, at(out, 0), at(out, 1), at(out, 2), attrs[attr.LayerNormalization](a), at(in, 0), at(in, 1), at(in, 2))
	},
	"Parallax": func(c *ctx, a any, out, in []*t) error {
		return cpu.Parallax(c, at(out, 0), at(out, 1), at(out, 2), attrs[attr.Attention](a), in...)
	},
	"ParallaxBrain": func(c *ctx, a any, out, in []*t) error {
		return cpu.ParallaxBrain(c, at(out, 0), at(out, 1), at(out, 2), attrs[attr.Attention](a), in...)
	},
	"Linear": func(c *ctx, a any, out, in []*t) error {
		return cpu.Linear(c, out, attrs[attr.Linear](a), in[0], in[1:]...)
	},
	"MatMulIntegerPacked": func(c *ctx, _ any, out, in []*t) error {
		return cpu.MatMulIntegerPacked(c, at(out, 0), at(in, 0), at(in, 1), at(in, 2), at(in, 3))
	},
	"DynamicQuantizeLinear": func(c *ctx, _ any, out, in []*t) error {
		return cpu.DynamicQuantizeLinear(c, at(out, 0), at(out, 1), at(out, 2), at(in, 0))
	},
	"QuantizeLinear":   fast3A(cpu.QuantizeLinear),
	"DequantizeLinear": fast3A(cpu.DequantizeLinear),
	"FusedConv": func(c *ctx, a any, out, in []*t) error {
		return cpu.FusedConv(c, at(out, 0), attrs[attr.FusedConv](a), in[0], in[1], in[2:]...)
	},
	"FusedConvLast": func(c *ctx, a any, out, in []*t) error {
		return cpu.FusedConvLast(c, at(out, 0), attrs[attr.FusedConv](a), in[0], in[1], in[2:]...)
	},
	"RMSNormalization":      fast2A(cpu.RMSNormalization),
	"InstanceNormalization": fast3A(cpu.InstanceNormalization),
	"GroupNormalization":    fast3A(cpu.GroupNormalization),
	"RotaryEmbedding":       fast4A(cpu.RotaryEmbedding),
	"ReduceSum":             fast2A(cpu.ReduceSum),
	"ReduceMean":            fast2A(cpu.ReduceMean),
	"ReduceMax":             fast2A(cpu.ReduceMax),
	"Transpose":             fast1A(cpu.Transpose),
	"Expand":                fast2(cpu.Expand),
	"ReduceMin":             fast2A(cpu.ReduceMin),
	"ReduceL1":              fast2A(cpu.ReduceL1),
	"ReduceL2":              fast2A(cpu.ReduceL2),
	"ReduceSumSquare":       fast2A(cpu.ReduceSumSquare),
	"ReduceLogSum":          fast2A(cpu.ReduceLogSum),
	"ReduceLogSumExp":       fast2A(cpu.ReduceLogSumExp),
	"ArgMax":                fast1A(cpu.ArgMax),
	"ArgMin":                fast1A(cpu.ArgMin),
	"Slice": func(c *ctx, _ any, out, in []*t) error {
		return cpu.Slice(c, at(out, 0), at(in, 0), at(in, 1), at(in, 2), at(in, 3), at(in, 4))
	},
	"Concat":         fastNA(cpu.Concat),
	"Einsum":         fastNA(cpu.Einsum),
	"Gather":         fast2A(cpu.Gather),
	"GatherElements": fast2A(cpu.GatherElements),
	"GatherND":       fast2A(cpu.GatherND),
	"ScatterND":      fast3A(cpu.ScatterND),
	"DepthToSpace":   fast1A(cpu.DepthToSpace),
	"SpaceToDepth":   fast1A(cpu.SpaceToDepth),
	"Pad":            fast4A(cpu.Pad),
	"Resize":         fast4A(cpu.Resize),
	"Split": func(c *ctx, a any, out, in []*t) error {
		return cpu.Split(c, out, attrs[attr.Axis](a), at(in, 0), at(in, 1))
	},
}

// appenders call the kernels of package cpu that continue caches in place.
var appenders = map[string]Appender{
	"ParallaxAppend": func(c *ctx, past int, a any, out, in []*t) error {
		return cpu.ParallaxAppend(c, past, at(out, 0), attrs[attr.Attention](a), in...)
	},
	"ParallaxBrainAppend": func(c *ctx, past int, a any, out, in []*t) error {
		return cpu.ParallaxBrainAppend(c, past, at(out, 0), attrs[attr.Attention](a), in...)
	},
}

// packers lay weights out for the kernels of package cpu.
var packers = map[string]Packer{
	"PackB":      cpu.PackB,
	"PackBT":     cpu.PackBT,
	"PackBrain":  cpu.PackBrain,
	"PackBrainT": cpu.PackBrainT,
	"PackTaps":   cpu.PackTaps,
	"PackBytes":  cpu.PackBytes,
	"PackBytesT": cpu.PackBytesT,

	"PackBlocks":     cpu.PackBlocks,
	"PackBlockQuads": cpu.PackBlockQuads,
	"PackBlockSteps": cpu.PackBlockSteps,
	"PackBlockZeros": cpu.PackBlockZeros,
}

// partPackers make what lays out a part of a weight.
var partPackers = map[string]func(from, to int) Packer{
	"PackColumns":      func(from, to int) Packer { return cpu.PackColumns(from, to) },
	"PackBytesColumns": func(from, to int) Packer { return cpu.PackBytesColumns(from, to) },
	"PackBrainColumns": func(from, to int) Packer { return cpu.PackBrainColumns(from, to) },
}

// The adapters are named for the number of operands; A for attributes.

// at is operand i, nil where trailing ones are left out.
func at(list []*t, i int) *t {
	if i < len(list) {
		return list[i]
	}
	return nil
}

// attrs is a as the operator's own struct.
func attrs[A any](a any) *A {
	typed, ok := a.(*A)
	if !ok {
		panic(fmt.Sprintf("BUG: attributes are %T, want %T", a, typed))
	}
	return typed
}

func fast1(f func(c *ctx, z, x *t) error) Func {
	return func(c *ctx, _ any, out, in []*t) error { return f(c, at(out, 0), at(in, 0)) }
}

func fast2(f func(c *ctx, z, x, y *t) error) Func {
	return func(c *ctx, _ any, out, in []*t) error { return f(c, at(out, 0), at(in, 0), at(in, 1)) }
}

func fast3(f func(c *ctx, z, x, y, w *t) error) Func {
	return func(c *ctx, _ any, out, in []*t) error { return f(c, at(out, 0), at(in, 0), at(in, 1), at(in, 2)) }
}

func fast1A[A any](f func(c *ctx, z *t, a *A, x *t) error) Func {
	return func(c *ctx, a any, out, in []*t) error { return f(c, at(out, 0), attrs[A](a), at(in, 0)) }
}

func fast2A[A any](f func(c *ctx, z *t, a *A, x, y *t) error) Func {
	return func(c *ctx, a any, out, in []*t) error { return f(c, at(out, 0), attrs[A](a), at(in, 0), at(in, 1)) }
}

func fastN(f func(c *ctx, z *t, xs ...*t) error) Func {
	return func(c *ctx, _ any, out, in []*t) error { return f(c, at(out, 0), in...) }
}

func fastNA[A any](f func(c *ctx, z *t, a *A, xs ...*t) error) Func {
	return func(c *ctx, a any, out, in []*t) error { return f(c, at(out, 0), attrs[A](a), in...) }
}

func fast3A[A any](f func(c *ctx, z *t, a *A, x, y, w *t) error) Func {
	return func(c *ctx, a any, out, in []*t) error {
		return f(c, at(out, 0), attrs[A](a), at(in, 0), at(in, 1), at(in, 2))
	}
}

func fast4A[A any](f func(c *ctx, z *t, a *A, x, y, v, w *t) error) Func {
	return func(c *ctx, a any, out, in []*t) error {
		return f(c, at(out, 0), attrs[A](a), at(in, 0), at(in, 1), at(in, 2), at(in, 3))
	}
}

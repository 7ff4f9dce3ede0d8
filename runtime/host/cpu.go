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
	"MatMul":         fast2(cpu.MatMul),
	"MatMulPacked":   fast2(cpu.MatMulPacked),
	"Gemm":           fast3A(cpu.Gemm),
	"GemmPacked":     fast3A(cpu.GemmPacked),
	"Conv":           fast3A(cpu.Conv),
	"AveragePool":    fast1A(cpu.AveragePool),
	"MaxPool":        fast1A(cpu.MaxPool),
	"Add":            fast2(cpu.Add),
	"Sub":            fast2(cpu.Sub),
	"Mul":            fast2(cpu.Mul),
	"Div":            fast2(cpu.Div),
	"Pow":            fast2(cpu.Pow),
	"Relu":           fast1(cpu.Relu),
	"Neg":            fast1(cpu.Neg),
	"Sqrt":           fast1(cpu.Sqrt),
	"Reciprocal":     fast1(cpu.Reciprocal),
	"Exp":            fast1(cpu.Exp),
	"Tanh":           fast1(cpu.Tanh),
	"Erf":            fast1(cpu.Erf),
	"Sigmoid":        fast1(cpu.Sigmoid),
	"Gelu":           fast1A(cpu.Gelu),
	"Where":          fast3(cpu.Where),
	"Abs":            fast1(cpu.Abs),
	"Sin":            fast1(cpu.Sin),
	"Cos":            fast1(cpu.Cos),
	"Log":            fast1(cpu.Log),
	"Floor":          fast1(cpu.Floor),
	"Ceil":           fast1(cpu.Ceil),
	"Round":          fast1(cpu.Round),
	"HardSwish":      fast1(cpu.HardSwish),
	"Swish":          fast1A(cpu.Swish),
	"Clip":           fast3(cpu.Clip),
	"Min":            fastN(cpu.Min),
	"Max":            fastN(cpu.Max),
	"Equal":          fast2(cpu.Equal),
	"Less":           fast2(cpu.Less),
	"LessOrEqual":    fast2(cpu.LessOrEqual),
	"Greater":        fast2(cpu.Greater),
	"GreaterOrEqual": fast2(cpu.GreaterOrEqual),
	"And":            fast2(cpu.And),
	"Or":             fast2(cpu.Or),
	"Xor":            fast2(cpu.Xor),
	"Not":            fast1(cpu.Not),
	"Tile":           fast2(cpu.Tile),
	"Cast":           fast1A(cpu.Cast),
	"Elementwise":    fastNA(cpu.Elementwise),
	"Softmax":        fast1A(cpu.Softmax),
	"LayerNormalization": func(c *ctx, a any, out, in []*t) error {
		return cpu.LayerNormalization(c, at(out, 0), at(out, 1), at(out, 2), attrs[attr.LayerNormalization](a), at(in, 0), at(in, 1), at(in, 2))
	},
	"Parallax": func(c *ctx, a any, out, in []*t) error {
		return cpu.Parallax(c, at(out, 0), at(out, 1), at(out, 2), attrs[attr.Attention](a), in...)
	},
	"Linear": func(c *ctx, a any, out, in []*t) error {
		return cpu.Linear(c, out, attrs[attr.Linear](a), in[0], in[1:]...)
	},
	"FusedConv": func(c *ctx, a any, out, in []*t) error {
		return cpu.FusedConv(c, at(out, 0), attrs[attr.FusedConv](a), in[0], in[1], in[2:]...)
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
	"Slice": func(c *ctx, _ any, out, in []*t) error {
		return cpu.Slice(c, at(out, 0), at(in, 0), at(in, 1), at(in, 2), at(in, 3), at(in, 4))
	},
	"Concat":         fastNA(cpu.Concat),
	"Einsum":         fastNA(cpu.Einsum),
	"Gather":         fast2A(cpu.Gather),
	"GatherElements": fast2A(cpu.GatherElements),
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
}

// packers lay weights out for the kernels of package cpu.
var packers = map[string]Packer{
	"PackB":      cpu.PackB,
	"PackBT":     cpu.PackBT,
	"PackBrain":  cpu.PackBrain,
	"PackBrainT": cpu.PackBrainT,
}

// partPackers make what lays out a part of a weight.
var partPackers = map[string]func(from, to int) Packer{
	"PackColumns":      func(from, to int) Packer { return cpu.PackColumns(from, to) },
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

package ref

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Elementwise is the fused node of elementwise operators: each instruction is
// that operator on f32, and the last result is rounded to the operands' type.
func Elementwise(z *tensor.Tensor, a *attr.Elementwise, xs ...*tensor.Tensor) error {
	chain, err := a.Chain()
	if err != nil {
		return err
	}
	if len(xs) != chain.Operands {
		return fmt.Errorf("%d operands for a program of %d", len(xs), chain.Operands)
	}
	to := tensor.Invalid
	operands := make(list, len(xs))
	for i, x := range xs {
		operands[i] = x
		if chain.Conditions[i] {
			continue
		}
		if to == tensor.Invalid {
			to = x.DType
		}
		if x.DType != to || x.DType != tensor.Float32 && !isHalf(x.DType) {
			return fmt.Errorf("operand %d is %s, want f32, f16 or bf16, all alike", i, x)
		}
		if isHalf(x.DType) {
			operands[i] = tensor.Of(x.Shape, widen(x))
		}
	}
	var results list
	for i, s := range chain.Steps {
		in := make(list, len(s.Args))
		for k, arg := range s.Args {
			switch arg.Kind {
			case attr.ChainOperand:
				in[k] = operands[arg.Index]
			case attr.ChainResult:
				in[k] = results[arg.Index]
			default:
				in[k] = tensor.Scalar(arg.Number)
			}
		}
		result := &tensor.Tensor{}
		if err := chainFunctions[s.Op](result, in); err != nil {
			return fmt.Errorf("instruction %d: %w", i, err)
		}
		results = append(results, result)
	}
	return Cast(z, &attr.Cast{To: to, Saturate: true}, results[len(results)-1])
}

// chainFunctions are the operators that instructions stand for.
var chainFunctions = [attr.ChainOps]func(z *tensor.Tensor, in list) error{
	attr.ChainAdd:        chain2(Add),
	attr.ChainSub:        chain2(Sub),
	attr.ChainMul:        chain2(Mul),
	attr.ChainDiv:        chain2(Div),
	attr.ChainPow:        chain2(Pow),
	attr.ChainMin:        func(z *tensor.Tensor, in list) error { return Min(z, in...) },
	attr.ChainMax:        func(z *tensor.Tensor, in list) error { return Max(z, in...) },
	attr.ChainNeg:        chain1(Neg),
	attr.ChainAbs:        chain1(Abs),
	attr.ChainRelu:       chain1(Relu),
	attr.ChainSqrt:       chain1(Sqrt),
	attr.ChainReciprocal: chain1(Reciprocal),
	attr.ChainExp:        chain1(Exp),
	attr.ChainTanh:       chain1(Tanh),
	attr.ChainErf:        chain1(Erf),
	attr.ChainSigmoid:    chain1(Sigmoid),
	attr.ChainGelu: func(z *tensor.Tensor, in list) error {
		return Gelu(z, &attr.Gelu{Approximate: "none"}, in[0])
	},
	attr.ChainGeluTanh: func(z *tensor.Tensor, in list) error {
		return Gelu(z, &attr.Gelu{Approximate: "tanh"}, in[0])
	},
	attr.ChainSilu: func(z *tensor.Tensor, in list) error { return Swish(z, &attr.Unary{Alpha: 1}, in[0]) },
	attr.ChainQuickGelu: func(z *tensor.Tensor, in list) error {
		return Swish(z, &attr.Unary{Alpha: attr.QuickGeluAlpha}, in[0])
	},
	attr.ChainHardSwish: chain1(HardSwish),
	attr.ChainSin:       chain1(Sin),
	attr.ChainCos:       chain1(Cos),
	attr.ChainLog:       chain1(Log),
	attr.ChainAsin:      chain1(Asin),
	attr.ChainAcos:      chain1(Acos),
	attr.ChainAtan:      chain1(Atan),
	attr.ChainSoftplus:  chain1(Softplus),
	attr.ChainMish:      chain1(Mish),
	attr.ChainSoftsign:  chain1(Softsign),
	attr.ChainSign:      chain1(Sign),
	attr.ChainFloor:     chain1(Floor),
	attr.ChainCeil:      chain1(Ceil),
	attr.ChainRound:     chain1(Round),
	attr.ChainWhere:     func(z *tensor.Tensor, in list) error { return Where(z, in[0], in[1], in[2]) },
}

func chain1(f func(z, x *tensor.Tensor) error) func(z *tensor.Tensor, in list) error {
	return func(z *tensor.Tensor, in list) error { return f(z, in[0]) }
}

func chain2(f func(z, x, y *tensor.Tensor) error) func(z *tensor.Tensor, in list) error {
	return func(z *tensor.Tensor, in list) error { return f(z, in[0], in[1]) }
}

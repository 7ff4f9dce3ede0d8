package attr

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir/tensor"
)

// Activation is the function that a fused product applies to its elements.
type Activation string

// The activations.
const (
	ActivationNone      Activation = "none"
	ActivationRelu      Activation = "relu"       // max(x, 0)
	ActivationGelu      Activation = "gelu"       // x·Φ(x), by the error function
	ActivationGeluTanh  Activation = "gelu_tanh"  // its approximation by tanh
	ActivationSilu      Activation = "silu"       // x·σ(x)
	ActivationQuickGelu Activation = "quick_gelu" // x·σ(1.702x)
	ActivationTanh      Activation = "tanh"
	ActivationSigmoid   Activation = "sigmoid" // σ(x) = 1/(1 + e⁻ˣ)
)

var activations = []Activation{ActivationNone, ActivationRelu, ActivationGelu, ActivationGeluTanh, ActivationSilu,
	ActivationQuickGelu, ActivationTanh, ActivationSigmoid}

// Activations lists them all.
func Activations() []Activation { return slices.Clone(activations) }

// LinearNorm says how the last axis of a fused product is normalised.
type LinearNorm string

// The norms.
const (
	LinearNormNone  LinearNorm = "none"
	LinearNormLayer LinearNorm = "layer" // (y − mean)/√(variance + ε)·scale + shift
	LinearNormRMS   LinearNorm = "rms"   // y/√(mean y² + ε)·scale
)

// LinearSteps says whether the operands of a fused product are counted in steps.
type LinearSteps string

// The kinds.
const (
	LinearStepsNone LinearSteps = "none"
	// LinearStepsWeights: weights are integers, of steps that a column has.
	LinearStepsWeights LinearSteps = "weights"
	// LinearStepsDynamic: x is taken in steps, too, as DynamicQuantizeLinear does.
	LinearStepsDynamic LinearSteps = "dynamic"
	// LinearStepsStatic: x is taken in steps that the specification gives.
	LinearStepsStatic LinearSteps = "static"
)

// Linear specifies the fused product
//
//	Linear(x, w₁ … wₙ, [step…], [zero…], [bias…], [residual], [scale], [shift]) → y₁ … yₘ, [normalised]
//
// of x [.., K] with n = Weights matrices wᵢ [K, Nᵢ], or [Nᵢ, K] if TransB is set.
// Columns, if there are any, say which columns of its operand each wᵢ is, so that
// a weight can be read in parts: from … to, two numbers for each.
// bᵢ, one vector [Nᵢ] for each weight that Biased lists, in its order, is 0 for
// the rest. Without Gated,
//
//	yᵢ = f(x·wᵢ + bᵢ)
//
// for m = n outputs [.., Nᵢ]; with it, n = 2, N₁ = N₂ and m = 1:
//
//	y = f(x·w₁ + b₁) ⊙ (x·w₂ + b₂)
//
// The one output of a node with m = 1 may get residual, of its shape, added; and
// it may be given out normalised over its last axis as well, by scale [N] and
// shift [N]. A reader of the normalised output alone leaves y out.
//
// Elements of 16 bits are computed in f32 or wider and rounded once for each
// output; the norm is taken of y before it is rounded. Weights of 16 bits may stand beside
// x of f32.
//
// With Steps, weights are integers, wᵢ in the above is
//
//	stepᵢ ⊙ (wᵢ − zeroᵢ)
//
// of the vectors stepᵢ [Nᵢ], one for each weight, and zeroᵢ [Nᵢ], of its weight's type,
// for those that Zeroed lists. If Steps is dynamic or static, x of f32 is taken in steps x̂
// of s from z, 0 to 255, by DynamicQuantizeLinear, or by QuantizeLinear of XStep and XZero,
// and the product is one of integers in 32 bits, which wrap:
//
//	x·wᵢ = float(Σ (x̂ − z)(wᵢ − zeroᵢ)) · (s·stepᵢ)
//
// With a BlockSize, weights are given transposed, [Nᵢ, K], x is not taken in steps, and each
// block of so many elements along K has a step and a zero point of its own: stepᵢ and zeroᵢ
// are [Nᵢ, ⌈K/BlockSize⌉], and every weight has both.
type Linear struct {
	Weights    int        `attr:"weights,1"`
	TransB     bool       `attr:"trans_b,false"`
	Columns    []int      `attr:"columns"`
	Activation Activation `attr:"activation,none"`
	Gated      bool       `attr:"gated,false"`
	Norm       LinearNorm `attr:"norm,none"`
	Epsilon    float32    `attr:"epsilon,1e-5"`

	Steps     LinearSteps `attr:"steps,none"`
	XStep     float32     `attr:"x_step,0"` // of static steps
	XZero     int         `attr:"x_zero,0"`
	BlockSize int         `attr:"block_size,0"` // 0: steps are those of columns

	// Which optional operands the node has, in the order of the operands.
	Zeroed      []int `attr:"zeroed"` // indices of weights, ascending
	Biased      []int `attr:"biased"` // indices of weights, ascending
	HasResidual bool  `attr:"has_residual,false"`
	HasShift    bool  `attr:"has_shift,false"`
}

// LinearOperands are the positions of the node's operands; −1: absent.
type LinearOperands struct {
	X, Weight    int // Weight: the first of Weights
	Step, Zero   int // the first of Weights, of len(Zeroed)
	Bias         int // the first of len(Biased)
	Residual     int
	Scale, Shift int
	Count        int
}

// Operands returns where a's operands stand among the node's inputs.
func (a *Linear) Operands() LinearOperands {
	o := LinearOperands{X: 0, Weight: 1, Step: -1, Zero: -1, Bias: -1, Residual: -1, Scale: -1, Shift: -1, Count: 1 + a.Weights}
	take := func(present bool, n int) int {
		if !present {
			return -1
		}
		at := o.Count
		o.Count += n
		return at
	}
	o.Step = take(a.InSteps(), a.Weights)
	o.Zero = take(len(a.Zeroed) > 0, len(a.Zeroed))
	o.Bias = take(len(a.Biased) > 0, len(a.Biased))
	o.Residual = take(a.HasResidual, 1)
	o.Scale = take(a.Normalised(), 1)
	o.Shift = take(a.HasShift, 1)
	return o
}

// BiasOf returns the position of the operand that is the bias of weight i; −1 if
// it has none.
func (a *Linear) BiasOf(i int) int {
	return operandOf(a.Operands().Bias, a.Biased, i)
}

// ZeroOf returns the position of the operand that is the zero point of weight i; −1 if
// it has none.
func (a *Linear) ZeroOf(i int) int { return operandOf(a.Operands().Zero, a.Zeroed, i) }

// StepOf returns the position of the operand that is the step of weight i; −1 if it has
// none.
func (a *Linear) StepOf(i int) int {
	if !a.InSteps() {
		return -1
	}
	return a.Operands().Step + i
}

// operandOf is the position of what weight i has of a kind of operands, the first of
// which is at from, and which list's weights have; −1: none.
func operandOf(from int, list []int, i int) int {
	if k := slices.Index(list, i); k >= 0 {
		return from + k
	}
	return -1
}

// InSteps reports whether weights are integers.
func (a *Linear) InSteps() bool { return a.Steps == LinearStepsWeights || a.OfIntegers() }

// OfIntegers reports whether x is taken in steps, too, so that products are of integers.
func (a *Linear) OfIntegers() bool {
	return a.Steps == LinearStepsDynamic || a.Steps == LinearStepsStatic
}

// Part returns the columns of its operand that weight i is; false if it is all of
// them.
func (a *Linear) Part(i int) (from, to int, cut bool) {
	if len(a.Columns) == 0 {
		return 0, 0, false
	}
	return a.Columns[2*i], a.Columns[2*i+1], true
}

// Normalised reports whether the node gives out its result normalised.
func (a *Linear) Normalised() bool { return a.Norm != LinearNormNone }

// Results returns m: how many outputs there are but for the normalised one,
// which is the last.
func (a *Linear) Results() int {
	if a.Gated {
		return 1
	}
	return a.Weights
}

// Outputs returns how many outputs the node has.
func (a *Linear) Outputs() int {
	if a.Normalised() {
		return a.Results() + 1
	}
	return a.Results()
}

// Check returns an error that says which combination of attributes is not a
// legal specification.
func (a *Linear) Check() error {
	switch {
	case a.Weights < 1:
		return fmt.Errorf("weights = %d must be positive", a.Weights)
	case !slices.Contains(activations, a.Activation):
		return fmt.Errorf("activation = %q is not known", a.Activation)
	case a.Norm != LinearNormNone && a.Norm != LinearNormLayer && a.Norm != LinearNormRMS:
		return fmt.Errorf("norm = %q is not known", a.Norm)
	case a.Gated && a.Weights != 2:
		return fmt.Errorf("gated needs weights = 2, got %d", a.Weights)
	case (a.HasResidual || a.Normalised()) && a.Results() != 1:
		return fmt.Errorf("has_residual and norm are of one result, there are %d", a.Results())
	case a.HasShift && a.Norm != LinearNormLayer:
		return fmt.Errorf("has_shift needs norm = layer, got %s", a.Norm)
	case !(a.Epsilon >= 0): // NaN included
		return fmt.Errorf("epsilon = %g must not be negative", a.Epsilon)
	}
	if len(a.Columns) > 0 && (a.TransB || len(a.Columns) != 2*a.Weights) {
		return fmt.Errorf("columns = %v are of %d weights, not transposed", a.Columns, a.Weights)
	}
	for i := 0; i < len(a.Columns); i += 2 {
		if a.Columns[i] < 0 || a.Columns[i] > a.Columns[i+1] {
			return fmt.Errorf("columns = %v must be from … to for each weight", a.Columns)
		}
	}
	switch a.Steps {
	case LinearStepsNone, LinearStepsWeights, LinearStepsDynamic:
	case LinearStepsStatic:
		if !(a.XStep > 0) || a.XZero < 0 || a.XZero > 255 {
			return fmt.Errorf("x_step = %g and x_zero = %d, want a positive one, and 0 to 255", a.XStep, a.XZero)
		}
	default:
		return fmt.Errorf("steps = %q is not known", a.Steps)
	}
	if a.BlockSize != 0 && (a.BlockSize < 0 || a.Steps != LinearStepsWeights || !a.TransB || len(a.Zeroed) != a.Weights) {
		return fmt.Errorf("block_size = %d is of weights in steps, transposed and with zero points", a.BlockSize)
	}
	if !a.InSteps() && len(a.Zeroed) > 0 {
		return fmt.Errorf("zeroed = %v, and steps = none", a.Zeroed)
	}
	for _, l := range []struct {
		name string
		list []int
	}{{"zeroed", a.Zeroed}, {"biased", a.Biased}} {
		for k, i := range l.list {
			if i < 0 || i >= a.Weights || k > 0 && i <= l.list[k-1] {
				return fmt.Errorf("%s = %v must be ascending indices of %d weights", l.name, l.list, a.Weights)
			}
		}
	}
	return nil
}

// NarrowBeside reports whether a weight w of 16 bits stands beside x of f32.
func NarrowBeside(x, w tensor.DType) bool {
	return x == tensor.Float32 && (w == tensor.Float16 || w == tensor.BFloat16)
}

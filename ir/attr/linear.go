package attr

import (
	"fmt"
	"slices"
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

// Linear specifies the fused product
//
//	Linear(x, w₁ … wₙ, [bias…], [residual], [scale], [shift]) → y₁ … yₘ, [normalised]
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
// output; the norm is taken of y before it is rounded.
type Linear struct {
	Weights    int        `attr:"weights,1"`
	TransB     bool       `attr:"trans_b,false"`
	Columns    []int      `attr:"columns"`
	Activation Activation `attr:"activation,none"`
	Gated      bool       `attr:"gated,false"`
	Norm       LinearNorm `attr:"norm,none"`
	Epsilon    float32    `attr:"epsilon,1e-5"`

	// Which optional operands the node has, in the order of the operands.
	Biased      []int `attr:"biased"` // indices of weights, ascending
	HasResidual bool  `attr:"has_residual,false"`
	HasShift    bool  `attr:"has_shift,false"`
}

// LinearOperands are the positions of the node's operands; −1: absent.
type LinearOperands struct {
	X, Weight    int // Weight: the first of Weights
	Bias         int // the first of len(Biased)
	Residual     int
	Scale, Shift int
	Count        int
}

// Operands returns where a's operands stand among the node's inputs.
func (a *Linear) Operands() LinearOperands {
	o := LinearOperands{X: 0, Weight: 1, Bias: -1, Residual: -1, Scale: -1, Shift: -1, Count: 1 + a.Weights}
	take := func(present bool, n int) int {
		if !present {
			return -1
		}
		at := o.Count
		o.Count += n
		return at
	}
	o.Bias = take(len(a.Biased) > 0, len(a.Biased))
	o.Residual = take(a.HasResidual, 1)
	o.Scale = take(a.Normalised(), 1)
	o.Shift = take(a.HasShift, 1)
	return o
}

// BiasOf returns the position of the operand that is the bias of weight i; −1 if
// it has none.
func (a *Linear) BiasOf(i int) int {
	if k := slices.Index(a.Biased, i); k >= 0 {
		return 1 + a.Weights + k
	}
	return -1
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
	for k, i := range a.Biased {
		if i < 0 || i >= a.Weights || k > 0 && i <= a.Biased[k-1] {
			return fmt.Errorf("biased = %v must be ascending indices of %d weights", a.Biased, a.Weights)
		}
	}
	return nil
}

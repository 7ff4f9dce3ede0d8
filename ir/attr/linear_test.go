package attr

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// linear returns the plain specification changed by f.
func linear(f func(*Linear)) *Linear {
	a := New[Linear]()
	f(a)
	return a
}

func TestLinearOperands(t *testing.T) {
	for _, c := range []struct {
		name    string
		a       *Linear
		want    LinearOperands
		biases  []int // of each weight
		outputs int
	}{
		{"plain", linear(func(*Linear) {}), LinearOperands{Weight: 1, Step: -1, Zero: -1, Bias: -1, Residual: -1, Scale: -1, Shift: -1, Count: 2}, []int{-1}, 1},
		{"q, k, v", linear(func(a *Linear) { a.Weights, a.Biased = 3, []int{0, 2} }),
			LinearOperands{Weight: 1, Step: -1, Zero: -1, Bias: 4, Residual: -1, Scale: -1, Shift: -1, Count: 6}, []int{4, -1, 5}, 3},
		{"gated", linear(func(a *Linear) { a.Weights, a.Gated, a.Norm = 2, true, LinearNormRMS }),
			LinearOperands{Weight: 1, Step: -1, Zero: -1, Bias: -1, Residual: -1, Scale: 3, Shift: -1, Count: 4}, []int{-1, -1}, 2},
		{"everything", linear(func(a *Linear) {
			a.Biased, a.HasResidual, a.Norm, a.HasShift = []int{0}, true, LinearNormLayer, true
		}), LinearOperands{Weight: 1, Step: -1, Zero: -1, Bias: 2, Residual: 3, Scale: 4, Shift: 5, Count: 6}, []int{2}, 2},
		{"in steps", linear(func(a *Linear) {
			a.Weights, a.Steps, a.Zeroed, a.Biased = 2, LinearStepsDynamic, []int{1}, []int{1}
		}), LinearOperands{Weight: 1, Step: 3, Zero: 5, Bias: 6, Residual: -1, Scale: -1, Shift: -1, Count: 7}, []int{-1, 6}, 2},
	} {
		if diff := cmp.Diff(c.want, c.a.Operands()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if err := c.a.Check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := c.a.Outputs(); got != c.outputs {
			t.Errorf("%s: %d outputs, want %d", c.name, got, c.outputs)
		}
		for i, want := range c.biases {
			if got := c.a.BiasOf(i); got != want {
				t.Errorf("%s: the bias of weight %d is operand %d, want %d", c.name, i, got, want)
			}
		}
	}
}

func TestLinearCheck(t *testing.T) {
	for want, f := range map[string]func(*Linear){
		"weights = 0":           func(a *Linear) { a.Weights = 0 },
		`"swish" is not`:        func(a *Linear) { a.Activation = "swish" },
		`norm = "batch"`:        func(a *Linear) { a.Norm = "batch" },
		"gated needs":           func(a *Linear) { a.Weights, a.Gated = 3, true },
		"has_residual":          func(a *Linear) { a.Weights, a.HasResidual = 2, true },
		"norm are of one":       func(a *Linear) { a.Weights, a.Norm = 2, LinearNormRMS },
		"has_shift needs":       func(a *Linear) { a.Norm, a.HasShift = LinearNormRMS, true },
		"epsilon = -1":          func(a *Linear) { a.Epsilon = -1 },
		"biased = [1 0] must":   func(a *Linear) { a.Weights, a.Biased = 2, []int{1, 0} },
		"biased = [2] must":     func(a *Linear) { a.Weights, a.Biased = 2, []int{2} },
		"columns = [0 2 2] are": func(a *Linear) { a.Columns = []int{0, 2, 2} },
		"columns = [0 2] are":   func(a *Linear) { a.Columns, a.TransB = []int{0, 2}, true },
		"columns = [3 2] must":  func(a *Linear) { a.Columns = []int{3, 2} },
		"columns = [-1 2] must": func(a *Linear) { a.Columns = []int{-1, 2} },
		`steps = "both" is not`: func(a *Linear) { a.Steps = "both" },
		"x_step = 0 and":        func(a *Linear) { a.Steps = LinearStepsStatic },
		"zeroed = [0], and":     func(a *Linear) { a.Zeroed = []int{0} },
		"zeroed = [1] must":     func(a *Linear) { a.Steps, a.Zeroed = LinearStepsWeights, []int{1} },
		"biased = [0 0] must":   func(a *Linear) { a.Weights, a.Biased = 2, []int{0, 0} },
	} {
		if err := linear(f).Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
	for _, f := range Activations() {
		if err := linear(func(a *Linear) { a.Activation = f }).Check(); err != nil {
			t.Errorf("activation %s: %v", f, err)
		}
	}
}

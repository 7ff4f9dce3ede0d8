package ref

import (
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// TestLinear works small products out by hand: x·w₁ = [1·1+2·3, 1·2+2·4] = [7, 10].
func TestLinear(t *testing.T) {
	x, w, wT := f32([]int{1, 2}, 1, 2), f32([]int{2, 2}, 1, 2, 3, 4), f32([]int{2, 2}, 1, 3, 2, 4)
	ones, row := vec(1, 1), func(v ...float32) *tensor.Tensor { return f32([]int{1, len(v)}, v...) }
	for _, c := range []struct {
		name string
		a    attr.Linear
		rest []*tensor.Tensor
		want []*tensor.Tensor
	}{
		{"plain", attr.Linear{Weights: 1}, list{w}, list{row(7, 10)}},
		{"transposed", attr.Linear{Weights: 1, TransB: true}, list{wT}, list{row(7, 10)}},
		{"two, one with bias", attr.Linear{Weights: 2, Biased: []int{1}}, list{w, f32([]int{2, 1}, 1, 0), vec(-5)}, list{row(7, 10), row(-4)}},
		{"columns", attr.Linear{Weights: 2, Columns: []int{1, 2, 0, 1}}, list{w, w}, list{row(10), row(7)}},
		{"relu", attr.Linear{Weights: 1, Biased: []int{0}, Activation: attr.ActivationRelu}, list{w, vec(-8, 1)}, list{row(0, 11)}},
		{"gated", attr.Linear{Weights: 2, Gated: true, Activation: attr.ActivationRelu, Biased: []int{1}}, list{w, w, vec(-7, -8)}, list{row(0, 20)}},
		{"residual after relu", attr.Linear{Weights: 1, Activation: attr.ActivationRelu, HasResidual: true}, list{f32([]int{2, 1}, -1, -1), row(-2)}, list{row(-2)}},
		// [7, 10] + [-4, -9] = [3, 1]: mean 2, deviation 1.
		{"layer norm", attr.Linear{Weights: 1, HasResidual: true, Norm: attr.LinearNormLayer, HasShift: true},
			list{w, row(-4, -9), vec(2, 2), vec(0, 5)}, list{row(3, 1), row(2, 3)}},
		// √((1² + 7²)/2) = 5.
		{"rms norm", attr.Linear{Weights: 1, HasResidual: true, Norm: attr.LinearNormRMS}, list{w, row(-6, -3), vec(5, 5)}, list{row(1, 7), row(1, 7)}},
		{"y left out", attr.Linear{Weights: 1, HasResidual: true, Norm: attr.LinearNormLayer}, list{w, row(-4, -9), ones}, list{nil, row(1, -1)}},
		// [1, 2] by [[2, 0], [4, −2]]/2 and by columns of other steps.
		{"weights in steps", attr.Linear{Weights: 1, Steps: attr.LinearStepsWeights}, list{tensor.Of([]int{2, 2}, []int8{2, 0, 4, -2}), vec(0.5, 2)}, list{row(5, -8)}},
		{"zero points", attr.Linear{Weights: 1, Steps: attr.LinearStepsWeights, Zeroed: []int{0}}, list{tensor.Of([]int{2, 2}, []int8{2, 0, 4, -2}), vec(0.5, 2), of[int8](1, -2)}, list{row(3.5, 4)}},
		// x is 127.5, or a little less, and 255 steps of 2/255: 127 and 255 of them.
		{"dynamic", attr.Linear{Weights: 1, Steps: attr.LinearStepsDynamic, Biased: []int{0}}, list{tensor.Of([]int{2, 2}, []int8{255 - 256, 0, 0, 1}), vec(255, 1), vec(1, 1)}, list{row(-253, 3)}},
		// Columns of a weight of 3 steps, in blocks of two: [1, 2]·[2, 4] and [1, 2]·[3, −1].
		{"blocks", attr.Linear{Weights: 1, TransB: true, Steps: attr.LinearStepsWeights, BlockSize: 1, Zeroed: []int{0}},
			list{tensor.Of([]int{2, 2}, []uint8{3, 6, 4, 1}), f32([]int{2, 2}, 1, 2, 3, 0.5), tensor.Of([]int{2, 2}, []uint8{1, 4, 3, 3})}, list{row(10, 1)}},
		{"no rows", attr.Linear{Weights: 1}, list{w}, nil},
	} {
		a, x := c.a, x
		if a.Activation == "" {
			a.Activation = attr.ActivationNone
		}
		if a.Norm == "" {
			a.Norm = attr.LinearNormNone
		}
		if a.Steps == "" {
			a.Steps = attr.LinearStepsNone
		}
		if c.want == nil {
			x, c.want = f32([]int{0, 2}), list{f32([]int{0, 2})}
		}
		for i, want := range c.want {
			if want == nil {
				continue
			}
			check(t, c.name, want, func(z *tensor.Tensor) error {
				outs := make([]*tensor.Tensor, len(c.want))
				for k, w := range c.want {
					if w != nil {
						outs[k] = &tensor.Tensor{}
					}
				}
				outs[i] = z
				return Linear(outs, &a, x, c.rest...)
			})
		}
	}
}

// TestLinearRoundsOnce: the sum of f16 products is rounded once, after the bias.
func TestLinearRoundsOnce(t *testing.T) {
	half := func(t *tensor.Tensor) *tensor.Tensor { return cast(t, tensor.Float16) }
	a := attr.New[attr.Linear]()
	a.Biased = []int{0}
	x, w, b := half(f32([]int{1, 2}, 2048, 1)), half(f32([]int{2, 1}, 1, 1)), half(vec(1))
	check(t, "2048 + 1 + 1", half(f32([]int{1, 1}, 2050)), func(z *tensor.Tensor) error { return Linear(list{z}, a, x, w, b) })
}

func TestLinearErrors(t *testing.T) {
	zeros := func(shape ...int) *tensor.Tensor { return tensor.New(tensor.Float32, shape...) }
	plain := attr.New[attr.Linear]()
	biased, residual := attr.New[attr.Linear](), attr.New[attr.Linear]()
	biased.Biased, residual.HasResidual = []int{0}, true
	x, w := zeros(2, 3), zeros(3, 4)
	for _, c := range []struct {
		a    *attr.Linear
		rest []*tensor.Tensor
		want string
	}{
		{plain, nil, "1 operands"},
		{plain, list{nil}, "operand 1 is missing"},
		{plain, list{zeros(4, 3)}, "weight 0 is f32[4,3] for x f32[2,3]"},
		{plain, list{zeros(3)}, "want a matrix"},
		{&attr.Linear{Weights: 1, Activation: "none", Norm: "none", Steps: "none", Columns: []int{2, 5}}, list{w}, "columns 2 to 5 of weight 0"},
		{biased, list{w, zeros(3)}, "bias is f32[3], want 4 elements"},
		{residual, list{w, zeros(1, 4)}, "the residual is f32[1,4], want [2,4]"},
	} {
		checkError(t, c.want, []string{c.want}, func(z *tensor.Tensor) error { return Linear(list{z}, c.a, x, c.rest...) })
	}
}

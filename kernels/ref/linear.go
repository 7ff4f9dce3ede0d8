package ref

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Linear is the fused product of [attr.Linear], in float64, each output rounded
// once.
func Linear(outs []*tensor.Tensor, a *attr.Linear, x *tensor.Tensor, rest ...*tensor.Tensor) error {
	l, err := planLinear(outs, a, append(list{x}, rest...))
	if err != nil {
		return err
	}
	y := make([][]float64, a.Weights)
	for i := range y {
		y[i] = l.product(i)
		if i == 0 || !a.Gated {
			for j, v := range y[i] {
				y[i][j] = activated[a.Activation](v)
			}
		}
	}
	if a.Gated {
		for j := range y[0] {
			y[0][j] *= y[1][j]
		}
	}
	if l.at.Residual >= 0 {
		for j, v := range l.in[l.at.Residual] {
			y[0][j] += v
		}
	}
	for i := range a.Results() {
		l.give(outs[i], y[i], l.widths[i])
	}
	if a.Normalised() {
		l.normalise(y[0])
		l.give(outs[1], y[0], l.widths[0])
	}
	return nil
}

// activated holds the activations.
var activated = map[attr.Activation]func(float64) float64{
	attr.ActivationNone: func(v float64) float64 { return v },
	attr.ActivationRelu: func(v float64) float64 { return below(v, 0, 0) },
	attr.ActivationGelu: func(v float64) float64 { return 0.5 * v * math.Erfc(-v/math.Sqrt2) },
	attr.ActivationGeluTanh: func(v float64) float64 {
		return 0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+float64(0.044715*v*v*v))))
	},
	attr.ActivationSilu:      func(v float64) float64 { return v * sigmoid(v) },
	attr.ActivationQuickGelu: func(v float64) float64 { return v * sigmoid(attr.QuickGeluAlpha*v) },
	attr.ActivationTanh:      math.Tanh,
	attr.ActivationSigmoid:   sigmoid,
}

// linear is a fused product with its operands loaded.
type linear struct {
	a      *attr.Linear
	at     attr.LinearOperands
	in     [][]float64
	x      *tensor.Tensor
	m, k   int
	widths []int // Nᵢ
	pitch  []int // of the operands of the weights: their columns
	left   steps // x, if it is taken in steps
}

func planLinear(outs []*tensor.Tensor, a *attr.Linear, in list) (*linear, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	l := &linear{a: a, at: a.Operands()}
	if len(in) != l.at.Count || len(outs) != a.Outputs() {
		return nil, fmt.Errorf("%d operands and %d outputs, the specification has %d and %d", len(in), len(outs), l.at.Count, a.Outputs())
	}
	if err := present(in); err != nil {
		return nil, err
	}
	if err := l.checkTypes(in); err != nil {
		return nil, err
	}
	l.x, l.k = in[0], in[0].Shape[in[0].Rank()-1]
	l.m = product(l.x.Shape[:l.x.Rank()-1])
	if err := l.checkWeights(in); err != nil {
		return nil, err
	}
	if err := l.checkRest(in); err != nil {
		return nil, err
	}
	if a.OfIntegers() {
		if err := l.left.take(a, l.x); err != nil {
			return nil, err
		}
	}
	var err error
	l.in, err = loadAll(in...)
	return l, err
}

// checkTypes wants floats of one type, but for weights that are integers and their zero
// points, and weights of 16 bits beside x of f32.
func (l *linear) checkTypes(in list) error {
	var alike list
	for i, t := range in {
		k := i - l.at.Weight
		if l.a.InSteps() && (k >= 0 && k < l.a.Weights || l.at.Zero >= 0 && i >= l.at.Zero && i < l.at.Zero+len(l.a.Zeroed)) {
			if !t.DType.IsInt() {
				return fmt.Errorf("operand %d is %s, want integers", i, t)
			}
			continue
		}
		if k >= 0 && k < l.a.Weights && attr.NarrowBeside(in[0].DType, t.DType) {
			continue
		}
		alike = append(alike, t)
	}
	d, err := commonType(alike)
	switch {
	case err != nil:
		return err
	case !d.IsFloat() || in[0].Rank() < 1:
		return fmt.Errorf("x is %s, want floats of rank 1 or more", in[0])
	}
	return nil
}

// checkWeights finds the widths.
func (l *linear) checkWeights(in list) error {
	for i, w := range in[l.at.Weight:][:l.a.Weights] {
		if w.Rank() != 2 {
			return fmt.Errorf("weight %d is %s, want a matrix", i, w)
		}
		k, n := w.Shape[0], w.Shape[1]
		if l.a.TransB {
			k, n = n, k
		}
		l.pitch = append(l.pitch, n)
		if from, to, cut := l.a.Part(i); cut {
			if to > n {
				return fmt.Errorf("columns %d to %d of weight %d, which is %s", from, to, i, w)
			}
			n = to - from
		}
		if k != l.k || l.a.Gated && i == 1 && n != l.widths[0] {
			return fmt.Errorf("weight %d is %s for x %s (transposed: %t, gated: %t)", i, w, l.x, l.a.TransB, l.a.Gated)
		}
		l.widths = append(l.widths, n)
	}
	return nil
}

func (l *linear) checkRest(in list) error {
	want := func(at, i int, what string) error {
		if at >= 0 && !slices.Equal(in[at].Shape, []int{l.widths[i]}) {
			return fmt.Errorf("%s is %s, want %d elements", what, in[at], l.widths[i])
		}
		return nil
	}
	for i := range l.a.Weights {
		err := want(l.a.BiasOf(i), i, "bias")
		if l.a.BlockSize == 0 {
			err = errors.Join(err, want(l.a.StepOf(i), i, "step"), want(l.a.ZeroOf(i), i, "zero point"))
		} else {
			shape := []int{l.widths[i], (l.k + l.a.BlockSize - 1) / l.a.BlockSize}
			for _, at := range []int{l.a.StepOf(i), l.a.ZeroOf(i)} {
				if !slices.Equal(in[at].Shape, shape) {
					err = errors.Join(err, fmt.Errorf("operand %d is %s, want %s", at, in[at], tensor.ShapeString(shape)))
				}
			}
		}
		if err != nil {
			return err
		}
	}
	if r := l.at.Residual; r >= 0 && !slices.Equal(in[r].Shape, l.shape(l.widths[0])) {
		return fmt.Errorf("the residual is %s, want %s", in[r], tensor.ShapeString(l.shape(l.widths[0])))
	}
	if err := want(l.at.Scale, 0, "scale"); err != nil {
		return err
	}
	return want(l.at.Shift, 0, "shift")
}

// shape is that of a result of width n.
func (l *linear) shape(n int) []int {
	shape := slices.Clone(l.x.Shape)
	shape[len(shape)-1] = n
	return shape
}

// steps is a tensor in steps of one size.
type steps struct {
	values []float64 // counted from the zero point
	step   float32
}

// take sets s to x as DynamicQuantizeLinear or QuantizeLinear gives it.
func (s *steps) take(a *attr.Linear, x *tensor.Tensor) error {
	z, step, zero := &tensor.Tensor{}, tensor.Scalar(a.XStep), tensor.Scalar(uint8(a.XZero))
	var err error
	if a.Steps == attr.LinearStepsDynamic {
		err = DynamicQuantizeLinear(z, step, zero, x)
	} else {
		err = QuantizeLinear(z, &attr.Quantize{}, x, step, zero)
	}
	if err != nil {
		return err
	}
	s.values, s.step = load(z), tensor.Data[float32](step)[0]
	for i := range s.values {
		s.values[i] -= float64(tensor.Data[uint8](zero)[0])
	}
	return nil
}

// product is x·wᵢ + bᵢ.
func (l *linear) product(i int) []float64 {
	n, w := l.widths[i], l.in[l.at.Weight+i]
	along, across := l.pitch[i], 1
	if from, _, cut := l.a.Part(i); cut && len(w) > 0 {
		w = w[from:]
	}
	if l.a.TransB {
		along, across = 1, l.k
	}
	x, zero := l.in[0], make([]float64, n)
	if l.a.OfIntegers() {
		x = l.left.values
	}
	if at := l.a.ZeroOf(i); at >= 0 {
		zero = l.in[at]
	}
	if l.a.BlockSize > 0 {
		w, zero = l.blocks(i), make([]float64, n)
	}
	y := make([]float64, l.m*n)
	for r := range l.m {
		for j := range n {
			sum := 0.0
			for p, v := range x[r*l.k:][:l.k] {
				sum += float64(v * (w[p*along+j*across] - zero[j]))
			}
			switch {
			case l.a.OfIntegers():
				sum = float64(float32(int32(int64(sum))) * float32(l.left.step*float32(l.in[l.at.Step+i][j])))
			case l.a.InSteps() && l.a.BlockSize == 0:
				sum *= l.in[l.at.Step+i][j]
			}
			if at := l.a.BiasOf(i); at >= 0 {
				sum += l.in[at][j]
			}
			y[r*n+j] = sum
		}
	}
	return y
}

// blocks is weight i, [Nᵢ, K], of steps and zero points that each block has.
func (l *linear) blocks(i int) []float64 {
	w, step, zero := l.in[l.at.Weight+i], l.in[l.a.StepOf(i)], l.in[l.a.ZeroOf(i)]
	count := (l.k + l.a.BlockSize - 1) / l.a.BlockSize
	out := make([]float64, len(w))
	for e, v := range w {
		block := e/l.k*count + e%l.k/l.a.BlockSize
		out[e] = (v - zero[block]) * step[block]
	}
	return out
}

// normalise makes the rows of y their norms.
func (l *linear) normalise(y []float64) {
	n := l.widths[0]
	for r := range l.m {
		row, mean := y[r*n:][:n], 0.0
		if l.a.Norm == attr.LinearNormLayer {
			mean = average(row)
		}
		normalise(row, mean, float64(l.a.Epsilon))
		for j := range row {
			row[j] *= l.in[l.at.Scale][j]
			if l.at.Shift >= 0 {
				row[j] += l.in[l.at.Shift][j]
			}
		}
	}
}

// give stores a result in out, unless nobody wants it.
func (l *linear) give(out *tensor.Tensor, y []float64, n int) {
	if out != nil {
		out.Reset(l.x.DType, l.shape(n)...)
		store(out, y)
	}
}

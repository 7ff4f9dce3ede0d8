package ref

import (
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// LayerNormalization is (x − mean)/√(variance + ε)·scale + bias over the axes
// from Axis on. mean and invDeviation, if wanted, are the statistics in f32.
func LayerNormalization(z, mean, invDeviation *tensor.Tensor, a *attr.LayerNormalization, x, scale, bias *tensor.Tensor) error {
	n, err := planNorm(a.Axis, x, scale, bias)
	if err != nil {
		return err
	}
	means, inverses := make([]float64, n.rows), make([]float64, n.rows)
	for i := range n.rows {
		row := n.x[i*n.n : (i+1)*n.n]
		means[i] = average(row)
		inverses[i] = normalise(row, means[i], float64(a.Epsilon))
	}
	n.finish(z, x)
	n.statistic(mean, x, means)
	n.statistic(invDeviation, x, inverses)
	return nil
}

// RMSNormalization is x/√(mean x² + ε)·scale over the axes from Axis on.
func RMSNormalization(z *tensor.Tensor, a *attr.LayerNormalization, x, scale *tensor.Tensor) error {
	n, err := planNorm(a.Axis, x, scale, nil)
	if err != nil {
		return err
	}
	for i := range n.rows {
		normalise(n.x[i*n.n:(i+1)*n.n], 0, float64(a.Epsilon))
	}
	n.finish(z, x)
	return nil
}

// norm is a normalisation of rows of n elements.
type norm struct {
	axis, rows, n int
	x             []float64
	scale, bias   []float64 // of x's elements, by index from scaleAt and biasAt
	scaleAt       *rows
	biasAt        *rows
}

func planNorm(axis int, x, scale, bias *tensor.Tensor) (*norm, error) {
	axis, err := normalAxis(axis, x.Rank())
	if err != nil {
		return nil, err
	}
	all, err := loadAll(x, scale, bias)
	if err != nil {
		return nil, err
	}
	n := &norm{axis: axis, x: all[0], scale: all[1], bias: all[2]}
	if len(n.x) > 0 {
		n.rows, n.n = product(x.Shape[:axis]), product(x.Shape[axis:])
	}
	if n.scaleAt, err = rowsWithin(x.Shape, scale, "scale"); err != nil {
		return nil, err
	}
	n.biasAt, err = rowsWithin(x.Shape, bias, "bias")
	return n, err
}

// rowsWithin plans the walk over a tensor of the given shape and an operand that
// broadcasts to it; nil for an operand that is left out.
func rowsWithin(shape []int, t *tensor.Tensor, what string) (*rows, error) {
	if t == nil {
		return nil, nil
	}
	if to, err := broadcast(shape, t.Shape); err != nil || !slices.Equal(to, shape) {
		return nil, fmt.Errorf("%s is %s and does not broadcast to %s", what, t, tensor.ShapeString(shape))
	}
	return newRows(shape, shape, t.Shape), nil
}

// finish scales, adds the bias and stores the result in z, which becomes like x.
func (n *norm) finish(z, x *tensor.Tensor) {
	if n.scaleAt != nil {
		zip(n.scaleAt, n.x, n.x, n.scale, func(z, x, y []float64) { binaryRow(opMul, z, x, y) })
	}
	if n.biasAt != nil {
		zip(n.biasAt, n.x, n.x, n.bias, func(z, x, y []float64) { binaryRow(opAdd, z, x, y) })
	}
	z.Reset(x.DType, x.Shape...)
	store(z, n.x)
}

// statistic stores one number per row in t, if that is wanted.
func (n *norm) statistic(t, x *tensor.Tensor, values []float64) {
	if t == nil {
		return
	}
	shape := slices.Clone(x.Shape)
	for i := n.axis; i < len(shape); i++ {
		shape[i] = 1
	}
	t.Reset(tensor.Float32, shape...)
	store(t, values)
}

func average(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// normalise makes x (x − mean)/√(mean square of that + ε) and returns the
// inverse root.
func normalise(x []float64, mean, epsilon float64) float64 {
	squares := 0.0
	for i, v := range x {
		x[i] = v - mean
		squares += float64(x[i] * x[i])
	}
	inverse := 1 / math.Sqrt(squares/float64(len(x))+epsilon)
	for i := range x {
		x[i] *= inverse
	}
	return inverse
}

// LpNormalization divides every line along the axis by its norm: the sum of
// magnitudes (p = 1) or the root of the sum of squares (p = 2). A line of zeros
// stays.
func LpNormalization(z *tensor.Tensor, a *attr.LpNormalization, x *tensor.Tensor) error {
	if a.P != 1 && a.P != 2 {
		return fmt.Errorf("p = %d, want 1 or 2", a.P)
	}
	return alongAxis(z, a.Axis, x, func(line []float64) {
		sum := 0.0
		for _, v := range line {
			sum += math.Pow(math.Abs(v), float64(a.P))
		}
		if sum == 0 {
			return
		}
		length := math.Pow(sum, 1/float64(a.P))
		for i := range line {
			line[i] /= length
		}
	})
}

package fusenorm

import (
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/match"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// The pieces of the patterns.
var (
	x       = match.Var("x")
	epsilon = match.ScalarWhere("a small positive number", func(e float64) bool { return e > 0 && e < 0.1 }).As("epsilon")

	centred   = match.Op(op.Sub, x, mean("mean", x)).As("centred")
	layerCore = over(centred, squares("square", centred))
	rmsCore   = over(x, squares("square", x))
	unitCore  = match.Or(over(x, sumOfSquares("square", x)), match.Op(op.Div, x, reduced("square", op.ReduceL2, x))) // x over its length

	// Where the scale is multiplied with the deviation first.
	layerScaled = scaledFirst(centred, squares("square", centred))
	rmsScaled   = scaledFirst(x, squares("square", x))

	// The form of TensorFlow's batch normalisation, where that is so, too.
	factor = match.Op(op.Mul, match.Or(inverseRoots(squares("square", centred))...), match.Var("scale")).As("factor")
	folded = match.Op(op.Add, match.Op(op.Mul, x, factor),
		match.Op(op.Sub, match.Var("bias"), match.Op(op.Mul, mean("mean", x), factor)))
)

// mean is that of p: ReduceMean, or a sum over a number, which is checked later.
func mean(name string, p match.Pattern) match.Pattern {
	return match.Or(reduced(name, op.ReduceMean, p), averaged(name, reduced(name, op.ReduceSum, p)))
}

// squares is the mean square of p.
func squares(name string, p match.Pattern) match.Pattern {
	return match.Or(mean(name, squareOf(p)), averaged(name, reduced(name, op.ReduceSumSquare, p)))
}

func sumOfSquares(name string, p match.Pattern) match.Pattern {
	return match.Or(reduced(name, op.ReduceSum, squareOf(p)), reduced(name, op.ReduceSumSquare, p))
}

// reduced is a reduction of p with its axes kept, or put back. Both nodes are
// captured: the axes are the reduction's, the shape is the result's.
func reduced(name string, o *ir.Op, p match.Pattern) match.Pattern {
	n := match.Op(o, p, match.Maybe(match.Any())).As(name)
	return match.Or(n, match.Op(op.Unsqueeze, n, match.Any())).As(name + " kept")
}

// averaged is p divided by a number.
func averaged(name string, p match.Pattern) match.Pattern {
	number := match.ScalarWhere("a number", func(x float64) bool { return x != 0 })
	return match.Or(match.Op(op.Div, p, number.As(name+" divisor")), match.Op(op.Mul, p, number.As(name+" factor")))
}

func squareOf(p match.Pattern) match.Pattern {
	return match.Or(match.Op(op.Mul, p, p), match.Op(op.Pow, p, match.Scalar(2)))
}

// over is p/√(v+ε) in all phrasings.
func over(p, v match.Pattern) match.Pattern {
	alternatives := []match.Pattern{match.Op(op.Div, p, rootOf(v))}
	for _, inverse := range inverseRoots(v) {
		alternatives = append(alternatives, match.Op(op.Mul, p, inverse))
	}
	return match.Or(alternatives...)
}

// scaledFirst is p·(scale/√(v+ε)).
func scaledFirst(p, v match.Pattern) match.Pattern {
	scale := match.Var("scale")
	alternatives := []match.Pattern{match.Op(op.Mul, p, match.Op(op.Div, scale, rootOf(v)))}
	for _, inverse := range inverseRoots(v) {
		alternatives = append(alternatives, match.Op(op.Mul, p, match.Op(op.Mul, inverse, scale)))
	}
	return match.Or(alternatives...)
}

func rootOf(v match.Pattern) match.Pattern {
	sum := withEpsilon(v)
	return match.Or(match.Op(op.Sqrt, sum), match.Op(op.Pow, sum, match.Scalar(0.5)))
}

// withEpsilon is v+ε, or v alone: exporters drop an ε that is small enough. Rows
// of zeros are NaN then, here as there.
func withEpsilon(v match.Pattern) match.Pattern { return match.Or(match.Op(op.Add, v, epsilon), v) }

func inverseRoots(v match.Pattern) []match.Pattern {
	return []match.Pattern{
		match.Op(op.Reciprocal, rootOf(v)),
		match.Op(op.Div, match.Scalar(1), rootOf(v)),
		match.Op(op.Pow, withEpsilon(v), match.Scalar(-0.5)),
	}
}

// form is one of the norms: how it is written, what it becomes.
type form struct {
	pattern match.Pattern
	op      *ir.Op
	means   []string
	unit    bool // by the root of the sum instead of the mean
	scaled  bool
}

var forms = []form{
	{pattern: layerCore, op: op.LayerNormalization, means: []string{"mean", "square"}},
	{pattern: rmsCore, op: op.RMSNormalization, means: []string{"square"}},
	{pattern: unitCore, op: op.RMSNormalization, means: []string{"square"}, unit: true},
	{pattern: layerScaled, op: op.LayerNormalization, means: []string{"mean", "square"}, scaled: true},
	{pattern: rmsScaled, op: op.RMSNormalization, means: []string{"square"}, scaled: true},
}

// match replaces what fits by the operator with its scale, or one of ones, if
// the named means are over the same last axes.
func (f form) match(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	for b := range match.All(f.pattern, n.Out[0]) {
		k, ok := lastAxes(b, f.means)
		if !ok {
			continue
		}
		patch := rewrite.NewPatch(n, "").Cover(b.Nodes...)
		epsilon, scale := b.Float("epsilon"), f.scale(patch, b, k)
		if f.unit && scale != nil {
			epsilon /= float64(scale.Const.Len())
		}
		attrs, exact := normAttrs(b, k, epsilon)
		if !exact || scale == nil {
			continue
		}
		return patch.Replace(n.Out[0], patch.Op(f.op, attrs, b.Value("x"), scale))
	}
	return nil
}

// scale is the operand: x over the root of its sum of squares is x over the root
// of their mean, over √k.
func (f form) scale(p *rewrite.Patch, b match.Binding, k int) *ir.Value {
	if f.scaled {
		if v, fits := vector(b.Value("scale"), b.Value("x"), k); fits {
			return v(p)
		}
		return nil
	}
	t := onesLike(b.Value("x"), k)
	if t == nil {
		return nil
	}
	if f.unit {
		for i := range t.Len() {
			t.SetFloat(i, 1/math.Sqrt(float64(t.Len())))
		}
	}
	return p.Const(t)
}

func foldedLayerNorm(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	for b := range match.All(folded, n.Out[0]) {
		k, ok := lastAxes(b, []string{"mean", "square"})
		attrs, exact := normAttrs(b, k, b.Float("epsilon"))
		scale, scales := vector(b.Value("scale"), b.Value("x"), k)
		bias, biases := vector(b.Value("bias"), b.Value("x"), k)
		if !ok || !exact || !scales || !biases {
			continue
		}
		patch := rewrite.NewPatch(n, "").Cover(b.Nodes...)
		return patch.Replace(n.Out[0], patch.Op(op.LayerNormalization, attrs, b.Value("x"), scale(patch), bias(patch)))
	}
	return nil
}

// lastAxes returns over how many of the last axes of x all the named means are.
func lastAxes(b match.Binding, means []string) (int, bool) {
	rank, ok := b.Value("x").Type.Rank()
	if !ok || rank == 0 || !b.Value("x").Type.DType.IsFloat() {
		return 0, false
	}
	count := 0
	for _, name := range means {
		k, ok := trailing(b.Node(name), b.Value(name+" kept"), rank)
		if !ok || count > 0 && k != count || !isMean(b, name, k) {
			return 0, false
		}
		count = k
	}
	return count, true
}

// isMean reports whether the number by which a sum is divided, if it is a sum,
// is that of the elements on the last k axes of x.
func isMean(b match.Binding, name string, k int) bool {
	divisor := b.Float(name + " divisor")
	if factor := b.Float(name + " factor"); factor != 0 {
		divisor = 1 / factor
	}
	if divisor == 0 {
		return true
	}
	shape := b.Value("x").Type.Shape
	n, known := shape[len(shape)-k:].Elements().IsConst()
	return known && math.Abs(divisor/float64(n)-1) < 1e-6
}

// trailing returns the number of axes that a reduction is over, if they are the
// last and are kept, or put back in kept.
func trailing(n *ir.Node, kept *ir.Value, rank int) (int, bool) {
	a := n.Attr.(*attr.Reduce)
	if !a.KeepDims && kept == n.Out[0] {
		return 0, false
	}
	operand := n.Operand(1)
	if operand == nil {
		return rank, !a.NoopWithEmptyAxes
	}
	axes, ok := operand.Ints()
	if !ok || len(axes) == 0 {
		return 0, false
	}
	for i, axis := range axes {
		if axis < 0 {
			axes[i] += int64(rank)
		}
	}
	slices.Sort(axes)
	for i, axis := range axes {
		if axis != int64(rank-len(axes)+i) || !kept.Type.HasRank || len(kept.Type.Shape) != rank || !kept.Type.Shape[axis].Is(1) {
			return 0, false
		}
	}
	return len(axes), true
}

// normAttrs are the attributes over k axes. They hold ε as f32: a core in f64
// whose ε is no f32 is left.
func normAttrs(b match.Binding, k int, e float64) (*attr.LayerNormalization, bool) {
	a := &attr.LayerNormalization{Axis: -k, Epsilon: float32(e)}
	return a, b.Value("x").Type.DType != tensor.Float64 || float64(a.Epsilon) == e
}

// onesLike makes a scale of ones for the last k axes of v; nil if their sizes
// are not known.
func onesLike(v *ir.Value, k int) *tensor.Tensor {
	rank, _ := v.Type.Rank()
	if k == 0 || k > rank {
		return nil
	}
	shape, ok := v.Type.Shape[rank-k:].IsConst()
	if elements, sound := tensor.Elements(shape); !ok || !sound || elements > maxScale {
		return nil
	}
	t := tensor.New(v.Type.DType, shape...)
	for i := range t.Len() {
		t.SetFloat(i, 1)
	}
	return t
}

// maxScale is far above any hidden size.
const maxScale = 1 << 20

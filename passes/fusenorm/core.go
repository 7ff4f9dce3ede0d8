package fusenorm

import (
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
	variance  = mean("square", squareOf(centred))
	layerCore = over(centred, variance)
	rmsCore   = over(x, mean("square", squareOf(x)))

	// The form of TensorFlow's batch normalisation, where scale and deviation
	// are multiplied first.
	factor = match.Op(op.Mul, match.Or(inverseRoots(variance)...), match.Var("scale")).As("factor")
	folded = match.Op(op.Add, match.Op(op.Mul, x, factor),
		match.Op(op.Sub, match.Var("bias"), match.Op(op.Mul, mean("mean", x), factor)))
)

func mean(name string, p match.Pattern) match.Pattern {
	return match.Op(op.ReduceMean, p, match.Maybe(match.Any())).As(name)
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

func rootOf(v match.Pattern) match.Pattern {
	sum := match.Op(op.Add, v, epsilon)
	return match.Or(match.Op(op.Sqrt, sum), match.Op(op.Pow, sum, match.Scalar(0.5)))
}

func inverseRoots(v match.Pattern) []match.Pattern {
	return []match.Pattern{
		match.Op(op.Reciprocal, rootOf(v)),
		match.Op(op.Div, match.Scalar(1), rootOf(v)),
		match.Op(op.Pow, match.Op(op.Add, v, epsilon), match.Scalar(-0.5)),
	}
}

func layerNorm(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	return core(n, layerCore, op.LayerNormalization, "mean", "square")
}

func rmsNorm(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	return core(n, rmsCore, op.RMSNormalization, "square")
}

// core replaces what fits p by the operator with a scale of ones, if the named
// means are over the same last axes.
func core(n *ir.Node, p match.Pattern, o *ir.Op, means ...string) *rewrite.Patch {
	for b := range match.All(p, n.Out[0]) {
		k, ok := lastAxes(b, means)
		attrs, exact := normAttrs(b, k)
		ones := onesLike(b.Value("x"), k)
		if !ok || !exact || ones == nil {
			continue
		}
		patch := rewrite.NewPatch(n, "").Cover(b.Nodes...)
		return patch.Replace(n.Out[0], patch.Op(o, attrs, b.Value("x"), patch.Const(ones)))
	}
	return nil
}

func foldedLayerNorm(_ *passes.Context, n *ir.Node) *rewrite.Patch {
	for b := range match.All(folded, n.Out[0]) {
		k, ok := lastAxes(b, []string{"mean", "square"})
		attrs, exact := normAttrs(b, k)
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
		k, ok := trailing(b.Node(name), rank)
		if !ok || count > 0 && k != count {
			return 0, false
		}
		count = k
	}
	return count, true
}

// trailing returns the number of axes that a reduction is over, if they are the
// last and are kept.
func trailing(n *ir.Node, rank int) (int, bool) {
	a := n.Attr.(*attr.Reduce)
	if !a.KeepDims {
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
		if axis != int64(rank-len(axes)+i) {
			return 0, false
		}
	}
	return len(axes), true
}

// normAttrs are the attributes over k axes. They hold ε as f32: a core in f64
// whose ε is no f32 is left.
func normAttrs(b match.Binding, k int) (*attr.LayerNormalization, bool) {
	e := b.Float("epsilon")
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

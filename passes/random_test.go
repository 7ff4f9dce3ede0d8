package passes_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/canon"
	"github.com/parallax-go/parallax/passes/cse"
	"github.com/parallax-go/parallax/passes/dce"
	"github.com/parallax-go/parallax/passes/fold"
)

// exact are the passes that promise the same bits.
var exact = []passes.Pass{fold.Pass, canon.Pass, cse.Pass, dce.Pass}

// TestRandomGraphs evaluates small random graphs before and after the exact
// passes.
func TestRandomGraphs(t *testing.T) {
	const wanted = 500
	sound := 0
	rewrites := map[string]int{}
	for seed := uint64(0); sound < wanted; seed++ {
		if seed > 20*wanted {
			t.Fatalf("only %d of %d graphs can be evaluated", sound, seed)
		}
		r := rand.New(rand.NewPCG(seed, 1))
		g := randomGraph(r)
		c := newComparison(r, g)
		if c == nil {
			continue
		}
		sound++
		o := &passes.Options{Verify: true}
		if sound%4 == 0 { // any number of rewrites leaves a sound graph
			o.StopAfter = 1 + r.IntN(20)
		}
		for range 2 { // the second time every pass sees the others' work
			result, err := passes.Run(context.Background(), g, exact, o)
			if err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, c.text)
			}
			for _, s := range result.Stats {
				for label, n := range s.Rewrites {
					rewrites[label] += n
				}
			}
		}
		if why := c.check(g); why != "" {
			t.Fatalf("seed %d, %s\n%s\nafter:\n%s", seed, why, c.text, g)
		}
	}
	t.Logf("rewrites: %v", rewrites)
	for _, label := range []string{"equal node", "view chain", "constant node", "constant to the right", "negated condition", "cast of a wider cast"} {
		if rewrites[label] == 0 {
			t.Errorf("no graph has anything for %q", label)
		}
	}
}

// comparison holds what a graph gave before the passes, by batch size.
type comparison struct {
	text   string
	inputs map[int][]*tensor.Tensor
	before map[int][]*tensor.Tensor
}

// newComparison evaluates g; nil if it can't be: not all that can be typed can
// be computed, sizes that meet may differ.
func newComparison(r *rand.Rand, g *ir.Graph) *comparison {
	c := &comparison{g.String(), map[int][]*tensor.Tensor{}, map[int][]*tensor.Tensor{}}
	for _, batch := range []int{0, 1, 3} {
		c.inputs[batch] = randomInputs(r, g, batch)
		out, err := eval.Graph(g, c.inputs[batch])
		if err != nil {
			return nil
		}
		c.before[batch] = out
	}
	return c
}

// check says how g differs from before.
func (c *comparison) check(g *ir.Graph) string {
	for batch, in := range c.inputs {
		after, err := eval.Graph(g, in)
		if err != nil {
			return err.Error()
		}
		for i, want := range c.before[batch] {
			if why := differ(want, after[i]); why != "" {
				return fmt.Sprintf("batch %d, output %d: %s", batch, i, why)
			}
		}
	}
	return ""
}

// differ says how two tensors differ in bits; NaN is NaN.
func differ(want, got *tensor.Tensor) string {
	if want.DType != got.DType || !tensor.SameShape(want.Shape, got.Shape) {
		return fmt.Sprintf("%s, want %s", got, want)
	}
	for i := range want.Len() {
		x, y := want.FloatAt(i), got.FloatAt(i)
		if math.Float64bits(x) != math.Float64bits(y) && !(math.IsNaN(x) && math.IsNaN(y)) {
			return fmt.Sprintf("element %d is %v, want %v", i, y, x)
		}
	}
	return ""
}

// generator makes random nodes on the values made so far.
type generator struct {
	*rand.Rand
	g      *ir.Graph
	values []*ir.Value
}

func randomGraph(r *rand.Rand) *ir.Graph {
	m := &generator{Rand: r, g: ir.NewGraph("random")}
	batch := sym.Symbol("batch")
	for _, shape := range []sym.Shape{{batch, sym.Const(6)}, {batch, sym.Const(2), sym.Const(3)}, {sym.Const(2), sym.Const(3)}} {
		m.values = append(m.values, m.g.NewInput("", ir.TensorOf(tensor.Float32, shape)))
	}
	for range 4 + m.IntN(20) {
		steps[m.IntN(len(steps))](m)
	}
	for _, v := range m.values {
		if v.Def != nil && (len(v.Uses()) == 0 || m.IntN(8) == 0) {
			m.g.AddOutput(v)
		}
	}
	if len(m.g.Outputs()) == 0 {
		m.add(op.Neg, nil, m.values[0])
		m.g.AddOutput(m.values[len(m.values)-1])
	}
	return m.g
}

// steps are the ways to grow a graph. A step whose operands don't fit adds
// nothing.
var steps = []func(*generator){
	func(m *generator) {
		m.add(m.one(op.Neg, op.Abs, op.Sqrt, op.Identity, op.Reciprocal, op.Relu), nil, m.float())
	},
	func(m *generator) { m.add(m.one(op.Add, op.Sub, op.Mul, op.Div), nil, m.float(), m.float()) },
	func(m *generator) { m.add(m.one(op.Add, op.Sub, op.Mul, op.Div), nil, m.scalar(), m.float()) },
	func(m *generator) { m.add(m.one(op.Add, op.Sub, op.Mul, op.Div, op.Pow), nil, m.float(), m.scalar()) },
	func(m *generator) { m.add(op.Sum, nil, m.float(), m.float()) },
	func(m *generator) { m.add(m.one(op.Mul, op.Add), nil, m.scalar(), m.scalar()) },
	func(m *generator) {
		m.add(m.one(op.Less, op.LessOrEqual, op.Greater, op.GreaterOrEqual, op.Equal), nil, m.number(), m.number())
	},
	func(m *generator) { m.add(op.Not, nil, m.boolean()) },
	func(m *generator) { m.add(m.one(op.And, op.Or), nil, m.boolean(), m.boolean()) },
	func(m *generator) { m.add(op.Where, nil, m.boolean(), m.float(), m.float()) },
	func(m *generator) {
		to := []tensor.DType{tensor.Float32, tensor.Float64, tensor.Float16, tensor.Int64, tensor.Int32, tensor.Bool}
		m.add(op.Cast, &attr.Cast{To: to[m.IntN(len(to))], Saturate: true}, m.finite())
	},
	func(m *generator) {
		v := m.number()
		m.add(op.Transpose, &attr.Transpose{Perm: m.Perm(len(v.Type.Shape))}, v)
	},
	func(m *generator) {
		v := m.number()
		m.add(op.Unsqueeze, nil, v, m.ints(int64(m.IntN(len(v.Type.Shape)+1))))
	},
	func(m *generator) {
		v := m.number()
		if i := slices.IndexFunc(v.Type.Shape, func(d sym.Dim) bool { return d.Is(1) }); i >= 0 {
			m.add(op.Squeeze, nil, v, m.ints(int64(i)))
		}
	},
	func(m *generator) { m.add(op.Flatten, &attr.Axis{Axis: 1}, m.number()) },
	func(m *generator) {
		targets := [][]int64{{0, 6}, {0, 2, 3}, {0, 3, 2}, {0, 1, 6}, {-1, 2}, {-1}, {3, -1}, {0, 0}}
		m.add(op.Reshape, &attr.Reshape{}, m.number(), m.ints(targets[m.IntN(len(targets))]...))
	},
	func(m *generator) { // a target made of the operand's own dims
		v := m.number()
		if m.add(op.Shape, &attr.Shape{End: 1}, v) {
			rest := [][]int64{{6}, {2, 3}, {1, 3, 2}}
			first := m.values[len(m.values)-1]
			if m.add(op.Concat, &attr.Axis{}, first, m.ints(rest[m.IntN(len(rest))]...)) {
				m.add(op.Reshape, &attr.Reshape{}, v, m.values[len(m.values)-1])
			}
		}
	},
	func(m *generator) {
		v := m.number()
		m.add(op.Concat, &attr.Axis{Axis: -1}, v, v)
	},
	func(m *generator) {
		m.add(op.Slice, nil, m.number(), m.ints(int64(m.IntN(2))), m.ints(math.MaxInt64), m.ints(int64(m.IntN(2))))
	},
	func(m *generator) {
		if v := m.number(); m.add(op.Shape, &attr.Shape{End: 9}, v) {
			m.add(op.Gather, &attr.Axis{}, m.values[len(m.values)-1], m.ints(int64(m.IntN(2))))
		}
	},
	func(m *generator) { m.add(op.ReduceMean, &attr.Reduce{KeepDims: true}, m.float(), m.ints(-1)) },
	func(m *generator) { m.add(op.Softmax, &attr.Axis{Axis: -1}, m.float()) },
	func(m *generator) { m.add(op.MatMul, nil, m.float(), m.float()) },
}

// add appends a node if it can be typed and its size stays small, and reports
// whether.
func (m *generator) add(o *ir.Op, attrs any, in ...*ir.Value) bool {
	if slices.Contains(in, nil) {
		return false
	}
	n, err := m.g.Add(o, attrs, 1, in...)
	if err != nil {
		return false
	}
	elements := n.Out[0].Type.Shape.Elements().Subst(map[string]sym.Dim{"batch": sym.Const(3)})
	if size, ok := elements.IsConst(); !ok || size > 500 || len(n.Out[0].Type.Shape) > 6 {
		m.g.Remove(n)
		return false
	}
	m.values = append(m.values, n.Out[0])
	return true
}

func (m *generator) one(ops ...*ir.Op) *ir.Op { return ops[m.IntN(len(ops))] }

// pick returns a random value that ok accepts, or nil.
func (m *generator) pick(ok func(*ir.Value) bool) *ir.Value {
	var fit []*ir.Value
	for _, v := range m.values {
		if ok(v) {
			fit = append(fit, v)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return fit[m.IntN(len(fit))]
}

func (m *generator) float() *ir.Value {
	return m.pick(func(v *ir.Value) bool { return v.Type.DType == tensor.Float32 })
}

func (m *generator) number() *ir.Value {
	return m.pick(func(v *ir.Value) bool { return v.Type.DType != tensor.Bool })
}

func (m *generator) boolean() *ir.Value {
	return m.pick(func(v *ir.Value) bool { return v.Type.DType == tensor.Bool })
}

// finite returns a value that is certainly no infinity or NaN, whose conversion
// to an integer nobody defines: an input, or a cast of one.
func (m *generator) finite() *ir.Value {
	return m.pick(func(v *ir.Value) bool { return v.Def == nil || v.Def.Op == op.Cast })
}

func (m *generator) scalar() *ir.Value {
	numbers := []float32{0, float32(math.Copysign(0, -1)), 1, 2, -1, 0.5, 3}
	return m.g.NewConst("", tensor.Scalar(numbers[m.IntN(len(numbers))]))
}

func (m *generator) ints(v ...int64) *ir.Value {
	return m.g.NewConst("", tensor.Of([]int{len(v)}, v))
}

func randomInputs(r *rand.Rand, g *ir.Graph, batch int) []*tensor.Tensor {
	in := make([]*tensor.Tensor, len(g.Inputs))
	for i, v := range g.Inputs {
		shape, err := v.Type.Shape.Eval(sym.Bindings{"batch": int64(batch)})
		if err != nil {
			panic(err)
		}
		in[i] = tensor.New(v.Type.DType, shape...)
		for j := range in[i].Len() {
			// Zeros of both signs, and halves, which f16 holds.
			x := math.Round(r.NormFloat64()*4) / 2
			in[i].SetFloat(j, x)
		}
	}
	return in
}

package readmasks

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/text"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/passes"
)

// writer writes graphs with one attention whose masks and biases are put together
// at random from what exporters write.
type writer struct {
	rng   *rand.Rand
	lines []string
	count int
	// sizes says which of the dims are numbers; the others are symbols.
	sizes map[string]int
	fixed bool
	tail  bool // the graph slices from −t, which is all of it for t = 0
	// conditions written before, to be used again.
	conditions []string
}

func newWriter(seed uint64) *writer {
	w := &writer{rng: rand.New(rand.NewPCG(seed, 7))}
	w.fixed = w.chance(3)
	w.sizes = w.randomSizes()
	return w
}

func (w *writer) randomSizes() map[string]int {
	past := w.rng.IntN(4)
	t := w.rng.IntN(6)
	if w.tail {
		t = max(t, 1)
	}
	return map[string]int{"b": 1 + w.rng.IntN(3), "t": t, "past": past, "s": past + t}
}

func (w *writer) chance(n int) bool               { return w.rng.IntN(n) == 0 }
func (w *writer) choose(options ...string) string { return options[w.rng.IntN(len(options))] }
func (w *writer) emit(format string, a ...any) {
	w.lines = append(w.lines, "  "+fmt.Sprintf(format, a...))
}
func (w *writer) node(format string, a ...any) string {
	w.count++
	v := fmt.Sprintf("%%x%d", w.count)
	w.emit("%s = %s", v, fmt.Sprintf(format, a...))
	return v
}

// dim writes a size: b, t or s.
func (w *writer) dim(name string) string {
	if w.fixed {
		return fmt.Sprint(w.sizes[name])
	}
	if name == "s" {
		return "past+t"
	}
	return name
}

const header = `graph {
  input %%q : f32[%[1]s,2,%[2]s,4]
  input %%k : f32[%[1]s,2,%[3]s,4]
  input %%v : f32[%[1]s,2,%[3]s,3]
  input %%pad : i64[%[1]s,%[3]s]
  input %%padq : bool[%[1]s,%[2]s]
  input %%len : i64[%[1]s]
  input %%segq : i64[%[1]s,%[2]s]
  input %%segk : i64[%[1]s,%[3]s]
  input %%mask : bool[%[1]s,1,%[2]s,%[3]s]
  input %%soft : f32[%[1]s,1,1,%[3]s]
  input %%bias : f32[1,2,%[2]s,%[3]s]
  %%t1 = Shape(%%q) {start=2, end=3}
  %%s1 = Shape(%%k) {start=2, end=3}
  %%b1 = Shape(%%q) {end=1}
  %%t = Squeeze(%%t1)
  %%s = Squeeze(%%s1)
  %%b = Squeeze(%%b1)
  %%past = Sub(%%s, %%t)
  %%i0 = Range(i64 = 0, %%t, i64 = 1)
  %%j0 = Range(i64 = 0, %%s, i64 = 1)
  %%i = Unsqueeze(%%i0, i64 = [1])
  %%j = Unsqueeze(%%j0, i64 = [0])
`

// graph writes a graph whose only output is an attention with so many masks and
// biases.
func (w *writer) graph() string {
	w.lines = nil
	var in []string
	spec := "heads=2, kv_heads=2, scale=0.5"
	biases := w.rng.IntN(3)
	for range biases {
		in = append(in, w.bias())
	}
	if biases > 0 {
		spec += fmt.Sprintf(", biases=%d", biases)
	}
	masks := w.rng.IntN(3)
	if biases == 0 {
		masks = max(masks, 1)
	}
	for range masks {
		in = append(in, w.condition(3))
	}
	if masks > 0 {
		spec += fmt.Sprintf(", masks=%d", masks)
	}
	spec += w.choose("", "", ", causal=top_left", ", causal=bottom_right", ", window_left=2")
	empty := w.choose("nan", "zero", "filled")
	if empty == "filled" && masks > 0 {
		spec += ", fill_value=" + w.choose("-1e4", "-3.4028235e38")
	} else if empty == "filled" {
		empty = "nan"
	}
	w.emit("%%o = ai.parallax.Parallax(%%q, %%k, %%v, %s) {%s, empty_row=%s}", strings.Join(in, ", "), spec, empty)
	w.emit("output %%o")
	return w.source()
}

func (w *writer) source() string {
	return fmt.Sprintf(header, w.dim("b"), w.dim("t"), w.dim("s")) + strings.Join(w.lines, "\n") + "\n}\n"
}

// condition writes a boolean that broadcasts to [b, 2, t, s].
func (w *writer) condition(depth int) string {
	if len(w.conditions) > 0 && w.chance(5) {
		return w.conditions[w.rng.IntN(len(w.conditions))]
	}
	c := w.freshCondition(depth)
	w.conditions = append(w.conditions, c)
	return c
}

func (w *writer) freshCondition(depth int) string {
	if depth > 0 && w.chance(2) {
		a := w.condition(depth - 1)
		switch w.rng.IntN(8) {
		case 0:
			return w.node("Not(%s)", a)
		case 1:
			return w.node("Xor(%s, %s)", a, w.condition(depth-1))
		case 2, 3:
			return w.node("Or(%s, %s)", a, w.condition(depth-1))
		case 4:
			full := w.full()
			return w.node("Expand(%s, %s)", a, full)
		case 5:
			n := w.node("Cast(%s) {to=f32}", a)
			return w.node("Equal(%s, f32 = 1)", n)
		default:
			return w.node("And(%s, %s)", a, w.condition(depth-1))
		}
	}
	return conditions[w.rng.IntN(len(conditions))](w)
}

// full writes the shape of the masks.
func (w *writer) full() string { return w.node("Concat(%%b1, i64 = [1], %%t1, %%s1) {axis=0}") }

// position writes the queries' positions, a column, somehow shifted.
func (w *writer) position() string {
	switch w.rng.IntN(4) {
	case 0:
		return w.node("Add(%%i, %%past)")
	case 1:
		return w.node("Add(%%i, i64 = %s)", w.choose("-2", "-1", "1"))
	}
	return "%i"
}

var conditions = []func(w *writer) string{
	func(w *writer) string { // causal, in either direction
		o := w.choose("Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal")
		if w.chance(2) {
			return w.node("%s(%%j, %s)", o, w.position())
		}
		return w.node("%s(%s, %%j)", o, w.position())
	},
	func(w *writer) string { // a window
		d := w.node("Sub(%s, %%j)", w.position())
		if w.chance(2) {
			d = w.node("Abs(%s)", d)
		}
		return w.node("%s(%s, i64 = %d)", w.choose("Less", "LessOrEqual", "Greater"), d, w.rng.IntN(4))
	},
	func(w *writer) string { // padding
		m := w.node("Unsqueeze(%%pad, i64 = [1, 2])")
		switch w.rng.IntN(3) {
		case 0:
			return w.node("Cast(%s) {to=bool}", m)
		case 1:
			return w.node("Equal(%s, i64 = 1)", m)
		}
		f := w.node("Cast(%s) {to=f32}", m)
		inverse := w.node("Sub(f32 = 1, %s)", f)
		hidden := w.node("Cast(%s) {to=bool}", inverse)
		return w.node("Not(%s)", hidden)
	},
	func(w *writer) string { // padding, gathered by tuples of positions
		keep := w.node("Cast(%%pad) {to=bool}")
		shape := w.node("Concat(%%b1, i64 = [1, 1], %%s1) {axis=0}")
		b0 := w.node("Range(i64 = 0, %%b, i64 = 1)")
		b4 := w.node("Unsqueeze(%s, i64 = [1, 2, 3])", b0)
		j4 := w.node("Unsqueeze(%%j0, i64 = [0, 1, 2])")
		be, je := w.node("Expand(%s, %s)", b4, shape), w.node("Expand(%s, %s)", j4, shape)
		at := w.node("Concat(%s, %s) {axis=4}", w.node("Unsqueeze(%s, i64 = [-1])", be), w.node("Unsqueeze(%s, i64 = [-1])", je))
		return w.node("GatherND(%s, %s)", keep, at)
	},
	func(w *writer) string { // padding, gathered from one row of all
		flat := w.node("Reshape(%%pad, i64 = [-1, 1])")
		b0 := w.node("Range(i64 = 0, %%b, i64 = 1)")
		first := w.node("Mul(%s, %%s)", w.node("Unsqueeze(%s, i64 = [1, 2, 3])", b0))
		at := w.node("Add(%s, %s)", w.node("Unsqueeze(%%j0, i64 = [0, 1, 2])"), first)
		row := w.node("Gather(%s, %s) {axis=0}", flat, at)
		return w.node("Cast(%s) {to=bool}", w.node("Squeeze(%s, i64 = [4])", row))
	},
	func(w *writer) string { // lengths and starts
		n := w.node("Unsqueeze(%%len, i64 = [1, 2, 3])")
		o := w.choose("Less", "LessOrEqual", "Greater", "GreaterOrEqual")
		return w.node("%s(%%j, %s)", o, n)
	},
	func(w *writer) string { // blocks
		x := w.node("Unsqueeze(%%segq, i64 = [1, 3])")
		y := w.node("Unsqueeze(%%segk, i64 = [1, 2])")
		return w.node("%s(%s, %s)", w.choose("Equal", "Less", "GreaterOrEqual"), x, y)
	},
	func(w *writer) string { // a triangle of ones
		shape := w.node("Concat(%%t1, %%s1) {axis=0}")
		ones := w.node("Expand(f32 = 1, %s)", shape)
		kept := w.node("Trilu(%s, i64 = %s) {upper=%t}", ones, w.choose("0", "1", "-1"), w.chance(2))
		zero := w.node("Equal(%s, f32 = 0)", kept)
		if w.chance(2) {
			return zero
		}
		return w.node("Not(%s)", zero)
	},
	func(w *writer) string { // a table, cut to the sizes
		table := w.table(16)
		rows := w.node("Slice(%s, %%s1, i64 = [99], i64 = [0])", w.node("Concat(%s, %s) {axis=0}", table, table))
		if w.chance(2) {
			rows = table
		}
		rows = w.node("Slice(%s, i64 = [0], %%t1, i64 = [0])", rows)
		return w.node("Slice(%s, i64 = [0], %%s1, i64 = [1])", rows)
	},
	func(w *writer) string { return "%mask" },
	func(w *writer) string { return w.node("LessOrEqual(i64 = 0, %%i)") },
	func(w *writer) string { return w.node("Unsqueeze(%%padq, i64 = [1, 3])") },
	func(w *writer) string { // padding of queries times padding of keys
		x := w.node("Cast(%s) {to=f32}", w.node("Unsqueeze(%%segq, i64 = [1, 3])"))
		y := w.node("Cast(%s) {to=f32}", w.node("Unsqueeze(%%pad, i64 = [1, 2])"))
		both := w.node("Mul(%s, %s)", x, y)
		if w.chance(2) {
			return w.node("Equal(%s, f32 = 0)", both)
		}
		return w.node("Cast(%s) {to=bool}", both)
	},
	func(w *writer) string { // positions counted by a running sum
		shape := w.node("Concat(i64 = [1], %%s1) {axis=0}")
		ones := w.node("Expand(i64 = 1, %s)", shape)
		at := w.node("CumSum(%s, i64 = 1) {exclusive=%t, reverse=%t}", ones, w.chance(2), w.chance(3))
		return w.node("LessOrEqual(%s, %s)", at, w.position())
	},
	func(w *writer) string { // the last rows of [s, s]
		if w.sizes["t"] == 0 {
			return "%mask"
		}
		w.tail = true
		square := w.node("LessOrEqual(%%j0, %s)", w.node("Unsqueeze(%%j0, i64 = [1])"))
		from := w.node("Neg(%%t1)")
		return w.node("Slice(%s, %s, i64 = [9223372036854775807], i64 = [0])", square, from)
	},
	func(w *writer) string { // [s, t], transposed
		m := w.node("LessOrEqual(%s, %%i0)", w.node("Unsqueeze(%%j0, i64 = [1])"))
		return w.node("Transpose(%s) {perm=[1,0]}", m)
	},
}

// table writes a constant square of booleans: a triangle, a band, or any.
func (w *writer) table(n int) string {
	kind, width := w.rng.IntN(4), w.rng.IntN(3)
	cells := make([]string, 0, n*n)
	for i := range n {
		for j := range n {
			on := true
			switch kind {
			case 0:
				on = j <= i+width
			case 1:
				on = j <= i && j >= i-width
			case 2:
				on = w.chance(2)
			}
			cells = append(cells, fmt.Sprint(on))
		}
	}
	w.count++
	v := fmt.Sprintf("%%c%d", w.count)
	w.emit("const %s : bool[%d,%d] = [%s]", v, n, n, strings.Join(cells, ", "))
	return v
}

// bias writes what is added to the scores.
func (w *writer) bias() string { return biases[w.rng.IntN(len(biases))](w) }

func (w *writer) fill() string { return w.choose("-inf", "-3.4028235e38", "-1e4", "-inf") }

var biases = []func(w *writer) string{
	func(w *writer) string {
		return w.node("Where(%s, f32 = 0, f32 = %s)", w.condition(2), w.fill())
	},
	func(w *writer) string {
		return w.node("Where(%s, f32 = %s, f32 = 0)", w.condition(2), w.fill())
	},
	func(w *writer) string { // (1 − m)·fill
		m := w.node("Cast(%s) {to=f32}", w.condition(1))
		if w.chance(3) {
			m = "%soft"
		}
		return w.node("Mul(%s, f32 = -1e4)", w.node("Sub(f32 = 1, %s)", m))
	},
	func(w *writer) string { return w.node("Where(%s, %s, f32 = %s)", w.condition(2), w.slopes(), w.fill()) },
	func(w *writer) string { return w.slopes() },
	func(w *writer) string { return w.buckets() },
	func(w *writer) string { return "%bias" },
	func(w *writer) string { return w.node("Add(%s, %s)", w.slopes(), w.buckets()) },
	func(w *writer) string {
		masked := w.node("Where(%s, f32 = 0, f32 = %s)", w.condition(1), w.fill())
		return w.node("Add(%s, %s)", w.slopes(), masked)
	},
	func(w *writer) string { // two masks in one
		inner := w.node("Where(%s, f32 = 0, f32 = -3.4028235e38)", w.condition(1))
		m := w.node("Cast(%s) {to=f32}", w.node("Unsqueeze(%%pad, i64 = [1, 2])"))
		hidden := w.node("Equal(%s, f32 = 0)", w.node("Add(%s, %s)", inner, m))
		return w.node("Where(%s, f32 = -3.4028235e38, %s)", hidden, inner)
	},
}

// slopes writes a bias that grows with a distance.
func (w *writer) slopes() string {
	slope := "f32[2,1,1] = [0.5, 0.25]"
	d := w.choose("%j", "%i")
	switch w.rng.IntN(3) {
	case 0:
		d = w.node("Sub(%%j, %s)", w.position())
	case 1:
		d = w.node("Abs(%s)", w.node("Sub(%s, %%j)", w.position()))
	}
	f := w.node("Cast(%s) {to=f32}", d)
	w.count++
	v := fmt.Sprintf("%%c%d", w.count)
	w.emit("const %s : %s", v, slope)
	return w.node("Mul(%s, %s)", f, v)
}

// buckets writes a bias that is looked up by distance.
func (w *writer) buckets() string {
	d := w.node("Sub(%%j, %s)", w.position())
	far := w.node("Abs(%s)", d)
	near := w.node("Min(%s, i64 = 3)", far)
	after := w.node("Cast(%s) {to=i64}", w.node("Less(i64 = 0, %s)", d))
	bucket := w.node("Add(%s, %s)", near, w.node("Mul(%s, i64 = 4)", after))
	w.count++
	v := fmt.Sprintf("%%c%d", w.count)
	w.emit("const %s : f32[8,2] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6]", v)
	rows := w.node("Gather(%s, %s) {axis=0}", v, bucket)
	return w.node("Transpose(%s) {perm=[2,0,1]}", rows)
}

// inputs makes the inputs of g for given sizes.
func (w *writer) inputs(g *ir.Graph, sizes map[string]int) []*tensor.Tensor {
	bindings := sym.Bindings{}
	for name, n := range sizes {
		bindings[name] = int64(n)
	}
	var out []*tensor.Tensor
	for _, v := range g.Inputs {
		shape, err := v.Type.Shape.Eval(bindings)
		if err != nil {
			panic(err)
		}
		x := tensor.New(v.Type.DType, shape...)
		for i := range x.Len() {
			switch {
			case v.Name == "soft":
				x.SetFloat(i, []float64{0, 0.5, 1, 2}[w.rng.IntN(4)])
			case v.Type.DType.IsFloat():
				x.SetFloat(i, w.rng.NormFloat64())
			case v.Type.DType == tensor.Bool:
				x.SetInt(i, int64(w.rng.IntN(3))&1)
			default:
				x.SetInt(i, int64(w.rng.IntN(4)))
			}
		}
		out = append(out, x)
	}
	return out
}

// TestAnswersStay compares attention with random masks and biases before and
// after the pass, on several sizes: empty ones, one query, a past or none.
func TestAnswersStay(t *testing.T) {
	read := 0
	for seed := range uint64(1500) {
		w := newWriter(seed)
		src := w.graph()
		before, after := parse(t, src), parse(t, src)
		r, err := passes.Run(context.Background(), after, []passes.Pass{Pass}, &passes.Options{Verify: true})
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, src)
		}
		read += r.Stats[0].Rewrites["read masks"]
		for range 4 {
			sizes := w.randomSizes()
			if w.fixed {
				sizes = w.sizes
			}
			inputs := w.inputs(before, sizes)
			want, err := eval.Graph(before, inputs)
			if err != nil {
				t.Fatalf("seed %d, %v: %v\n%s", seed, sizes, err, src)
			}
			got, err := eval.Graph(after, inputs)
			if err != nil {
				t.Fatalf("seed %d, %v: %v\n%s\nread:\n%s", seed, sizes, err, src, after)
			}
			if err := equal(got[0], want[0], tolerance(src)); err != nil {
				t.Fatalf("seed %d, %v: %v\n%s\nread:\n%s", seed, sizes, err, src, after)
			}
		}
	}
	if read < 1000 {
		t.Errorf("only %d attentions were rewritten", read)
	}
}

func parse(t *testing.T, src string) *ir.Graph {
	t.Helper()
	g, err := text.Parse(src)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return g
}

// tolerance is that of f32, where biases are added in another order; a row that is
// filled with −10000 has scores that were rounded to its neighbours.
func tolerance(src string) float64 {
	if strings.Contains(src, "-1e4") {
		return 4e-3
	}
	return 1e-5
}

func equal(got, want *tensor.Tensor, tolerance float64) error {
	if got.String() != want.String() {
		return fmt.Errorf("got %s, want %s", got, want)
	}
	for i := range want.Len() {
		x, y := got.FloatAt(i), want.FloatAt(i)
		if math.IsNaN(x) != math.IsNaN(y) || math.Abs(x-y) > tolerance*(1+math.Abs(y)) {
			return fmt.Errorf("element %d is %g, want %g", i, x, y)
		}
	}
	return nil
}

// TestReadingIsEvaluation compares what is read of random masks and biases, at
// every index, with the evaluation of the graph.
func TestReadingIsEvaluation(t *testing.T) {
	for seed := range uint64(1500) {
		w := newWriter(seed + 10000)
		v := w.condition(3)
		if w.chance(2) {
			v = w.bias()
		}
		w.emit("output %s", v)
		src := w.source()
		g := parse(t, src)
		sizes := w.sizes
		values := evaluated(t, g, w.inputs(g, sizes))
		q, k := g.Inputs[0].Type.Shape, g.Inputs[1].Type.Shape
		r := newReader(g, [numIndices]sym.Dim{q[0], sym.Const(2), q[2], k[2]})
		out := g.Outputs()[0]
		e := r.operand(out)
		if e == nil {
			t.Fatalf("seed %d: not read\n%s", seed, src)
		}
		extents := [numIndices]int{sizes["b"], 2, sizes["t"], sizes["s"]}
		if err := agree(e, values[out], values, extents, sizes); err != nil {
			t.Fatalf("seed %d, %v: %v\n%s", seed, sizes, err, src)
		}
	}
}

// evaluated returns every value of g.
func evaluated(t *testing.T, g *ir.Graph, inputs []*tensor.Tensor) map[*ir.Value]*tensor.Tensor {
	values := map[*ir.Value]*tensor.Tensor{}
	for i, v := range g.Inputs {
		values[v] = inputs[i]
	}
	for n := range g.Nodes() {
		in := make([]*tensor.Tensor, len(n.In))
		for i, v := range n.In {
			in[i] = values[v]
			if v != nil && v.Const != nil {
				in[i] = v.Const
			}
		}
		out, err := eval.Node(n, in)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range n.Out {
			values[v] = out[i]
		}
	}
	return values
}

// agree compares e with an operand of attention at every index.
func agree(e *expr, want *tensor.Tensor, values map[*ir.Value]*tensor.Tensor, extents [numIndices]int, sizes map[string]int) error {
	if want.Len() == 0 {
		return nil // there is no index
	}
	grid, err := attr.Broadcast("it", want, extents)
	if err != nil {
		return err
	}
	m := meaning{values: values, dims: sym.Bindings{}}
	for name, n := range sizes {
		m.dims[name] = int64(n)
	}
	for i := range extents[0] * extents[1] * extents[2] * extents[3] {
		rest := i
		for x := int(numIndices) - 1; x >= 0; x-- {
			m.at[x], rest = int64(rest%extents[x]), rest/extents[x]
		}
		y := want.FloatAt(grid.At(int(m.at[0]), int(m.at[1]), int(m.at[2])) + int(m.at[3])*grid.Strides[3])
		if x := m.of(e).FloatAt(0); x != y && !(math.IsNaN(x) && math.IsNaN(y)) {
			return fmt.Errorf("at %v: read %g, want %g", m.at, x, y)
		}
	}
	return nil
}

// meaning evaluates expressions at one place.
type meaning struct {
	values map[*ir.Value]*tensor.Tensor
	dims   sym.Bindings
	at     [numIndices]int64
}

func (m *meaning) of(e *expr) *tensor.Tensor {
	args := make([]*tensor.Tensor, len(e.args))
	for i, arg := range e.args {
		if e.kind != choose || i == 0 {
			args[i] = m.of(arg)
		}
	}
	switch e.kind {
	case number:
		return e.num
	case affine, loose:
		out := tensor.New(e.dtype)
		n := m.at[e.at]
		if e.kind == affine {
			n = m.line(e.line)
		}
		if e.dtype.IsFloat() {
			out.SetFloat(0, float64(n))
		} else {
			out.SetInt(0, n)
		}
		return out
	case load:
		return m.element(e.of, args)
	case choose:
		if args[0].IntAt(0) != 0 {
			return m.of(e.args[1])
		}
		return m.of(e.args[2])
	case conj:
		for _, x := range args {
			if x.IntAt(0) == 0 {
				return tensor.Scalar(false)
			}
		}
		return tensor.Scalar(true)
	case not:
		return tensor.Scalar(args[0].IntAt(0) == 0)
	case least:
		return tensor.Scalar(m.line(e.line) >= 0)
	}
	row, ok := eval.Lookup(e.node.Op)
	out := []*tensor.Tensor{{}}
	if !ok || row.Call(e.node.Attr, out, args) != nil {
		panic("no evaluation of " + e.node.Op.Name)
	}
	return out[0]
}

func (m *meaning) line(l line) int64 {
	sum := m.dim(l.off)
	for x, c := range l.coef {
		sum += m.dim(c) * m.at[x]
	}
	return sum
}

func (m *meaning) dim(d sym.Dim) int64 {
	n, err := d.Eval(m.dims)
	if err != nil {
		panic(err)
	}
	return n
}

func (m *meaning) element(v *ir.Value, at []*tensor.Tensor) *tensor.Tensor {
	t := v.Const
	if t == nil {
		t = m.values[v]
	}
	place := make([]int, len(at))
	for a, i := range at {
		place[a] = int(i.IntAt(0))
		if t.Shape[a] == 1 {
			place[a] = 0 // broadcast
		}
	}
	return elements(t, []int{flat(t.Shape, place)}, nil)
}

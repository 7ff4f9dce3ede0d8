package fuseattn_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/text"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/std"
)

// TestRandomPhrasings fuses random graphs of attention, put together from the
// phrasings that exporters use, and compares what they compute before and after,
// rows that see no key included.
func TestRandomPhrasings(t *testing.T) {
	for seed := range uint64(700) {
		w := newWriter(seed)
		src := w.graph()
		before, after := parse(t, src), parse(t, src)
		r, err := passes.Run(context.Background(), after, std.Passes(), &passes.Options{Verify: true})
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, src)
		}
		if len(r.Remarks) != 1 || r.Remarks[0].Verdict != passes.Fused {
			t.Errorf("seed %d: %s\n%s", seed, verdicts(r), src)
			continue
		}
		if probe := r.Remarks[0].Kind == passes.KindParallax; probe != (w.probe != "") {
			t.Errorf("seed %d: fused as %s\n%s", seed, r.Remarks[0].Kind, src)
		}
		inputs := w.inputs(before)
		want, err := eval.Graph(before, inputs)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, src)
		}
		got, err := eval.Graph(after, inputs)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s\nfused:\n%s", seed, err, src, after)
		}
		if err := equal(got[0], want[0], w.tolerance()); err != nil {
			t.Errorf("seed %d: %v\n%s\nfused:\n%s", seed, err, src, after)
		}
	}
}

func parse(t *testing.T, src string) *ir.Graph {
	g, err := text.Parse(src)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return g
}

func verdicts(r *passes.Result) string {
	var b strings.Builder
	for _, m := range r.Remarks {
		fmt.Fprintf(&b, "%s: %s", m.Anchor, m.Verdict)
		if m.Reason != nil {
			fmt.Fprintf(&b, " %+v", *m.Reason)
		}
	}
	return b.String()
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

// writer writes the text of one graph.
type writer struct {
	rng                      *rand.Rand
	lines                    []string
	b, h, kv, t, s, d, dv    int
	past                     int // of the keys, if they are cached
	symbolic, folded, packed bool
	rotary                   bool
	element, probe           string
	count                    int
}

func newWriter(seed uint64) *writer {
	w := &writer{rng: rand.New(rand.NewPCG(seed, 1))}
	pick := func(n ...int) int { return n[w.rng.IntN(len(n))] }
	w.b, w.h, w.t, w.s, w.d, w.dv = pick(1, 2, 3), pick(1, 2, 4), pick(1, 3, 5), pick(1, 4, 6), pick(2, 4), pick(2, 3)
	w.kv = w.h
	if w.chance(3) && w.h > 1 {
		w.kv = pick(1, w.h/2)
	}
	w.symbolic, w.packed = w.chance(2), w.chance(2)
	w.folded = w.chance(4) && w.kv == w.h
	w.element = w.choose("f32", "f32", "f64", "f16")
	w.probe = w.choose("", "", "weight", "two", "streaming", "covariance", "joined", "ones", "centred")
	w.rotary = w.chance(4)
	if w.chance(4) && w.s > 1 {
		w.past, w.packed = 1+w.rng.IntN(w.s-1), false
	}
	return w
}

func (w *writer) chance(n int) bool               { return w.rng.IntN(n) == 0 }
func (w *writer) choose(options ...string) string { return options[w.rng.IntN(len(options))] }
func (w *writer) number(x float64) string         { return fmt.Sprintf("%s = %g", w.element, x) }
func (w *writer) emit(format string, a ...any) {
	w.lines = append(w.lines, "  "+fmt.Sprintf(format, a...))
}
func (w *writer) dim(name string, n int) string {
	switch {
	case w.symbolic && name == "s" && w.past > 0:
		return "past+new"
	case w.symbolic:
		return name
	}
	return fmt.Sprint(n)
}

// node writes a node and returns its value.
func (w *writer) node(format string, a ...any) string {
	w.count++
	v := fmt.Sprintf("%%x%d", w.count)
	w.emit("%s = %s", v, fmt.Sprintf(format, a...))
	return v
}

// tolerance is that of sums of at most 6 products of numbers of size 1, rounded
// at each of some ten steps.
func (w *writer) tolerance() float64 {
	switch w.element {
	case "f64":
		return 1e-9
	case "f16":
		return 5e-2
	}
	return 2e-4
}

// least is the least number of the element type, as exporters fill masks with.
func (w *writer) least() float64 {
	if w.element == "f16" {
		return -65504
	}
	return -math.MaxFloat32
}

func (w *writer) graph() string {
	q := w.rotated(w.operand("q", w.h, "t", w.t, w.d), "t", w.t)
	k := w.keys("k", w.d)
	v := w.keys("v", w.dv)
	k, v = w.repeat(k, w.d), w.repeat(v, w.dv)
	r := ""
	if w.probe != "" {
		r = w.operand("r", w.h, "t", w.t, w.d)
		if w.folded {
			r = w.fold(r, "t", w.d)
		}
	}
	if w.folded {
		q, k, v = w.fold(q, "t", w.d), w.fold(k, "s", w.d), w.fold(v, "s", w.dv)
	}
	kt := w.transposed(k)
	s := w.logits(q, kt)
	o := w.result(s, k, kt, v, r)
	o = w.output(o)
	w.emit("output %s", o)
	return "graph {\n" + strings.Join(w.lines, "\n") + "\n}\n"
}

// operand writes an input laid out [batch, heads, rows, size].
func (w *writer) operand(name string, heads int, rows string, n, size int) string {
	b, x := w.dim("b", w.b), w.dim(rows, n)
	if !w.packed {
		w.emit("input %%%s : %s[%s,%d,%s,%d]", name, w.element, b, heads, x, size)
		return "%" + name
	}
	w.emit("input %%%s : %s[%s,%s,%d]", name, w.element, b, x, heads*size)
	split := w.node("Reshape(%%%s, i64 = [0, 0, %d, %d])", name, heads, size)
	return w.node("Transpose(%s) {perm=[0,2,1,3]}", split)
}

// repeat writes keys or values for every query head, unless MatMul broadcasts.
func (w *writer) repeat(v string, size int) string {
	if w.kv == w.h || w.kv == 1 && w.chance(2) {
		return v
	}
	times := w.h / w.kv
	five := w.node("Unsqueeze(%s, i64 = [2])", v)
	if w.chance(2) {
		five = w.node("Expand(%s, i64 = [1, 1, %d, 1, 1])", five, times)
	} else {
		five = w.node("Tile(%s, i64 = [1, 1, %d, 1, 1])", five, times)
	}
	return w.reshape(five, "b", w.h, "s", size)
}

func (w *writer) fold(v, rows string, size int) string { return w.reshape(v, -1, rows, size) }

// reshape writes a Reshape. Sizes are numbers, or the names of dims, which are
// read off the inputs if they are symbolic.
func (w *writer) reshape(v string, sizes ...any) string {
	axis := 2
	if w.packed {
		axis = 1
	}
	numbers := map[string]int{"b": w.b, "t": w.t, "s": w.s}
	from := map[string]string{"b": "%q) {end=1}", "t": fmt.Sprintf("%%q) {start=%d, end=%d}", axis, axis+1), "s": fmt.Sprintf("%%%s) {start=%d, end=%d}", w.keysName("k"), axis, axis+1)}
	parts := make([]string, len(sizes))
	for i, x := range sizes {
		name, named := x.(string)
		switch {
		case named && w.symbolic:
			parts[i] = w.node("Shape(%s", from[name])
		case named:
			parts[i] = fmt.Sprintf("i64 = [%d]", numbers[name])
		default:
			parts[i] = fmt.Sprintf("i64 = [%d]", x)
		}
	}
	return w.node("Reshape(%s, %s)", v, w.node("Concat(%s)", strings.Join(parts, ", ")))
}

func (w *writer) transposed(k string) string {
	switch {
	case w.folded:
		return w.node("Transpose(%s) {perm=[0,2,1]}", k)
	case w.chance(3):
		heads := w.h
		if w.kv == 1 {
			break // the heads may not be repeated
		}
		turned := w.node("Transpose(%s) {perm=[0,2,1]}", w.reshape(k, -1, "s", w.d))
		return w.reshape(turned, "b", heads, w.d, "s")
	}
	return w.node("Transpose(%s) {perm=[0,1,3,2]}", k)
}

// logits writes scale, softcap, biases and masks.
func (w *writer) logits(q, kt string) string {
	if w.chance(3) {
		q = w.scaled(q)
	}
	if w.chance(4) {
		kt = w.scaled(kt)
	}
	s := w.node("MatMul(%s, %s)", q, kt)
	if w.chance(2) {
		s = w.scaled(s)
	}
	if w.probe == "" && w.chance(8) {
		w.emit("input %%perkey : %s[%s]", w.element, w.dim("s", w.s))
		s = w.node("Mul(%s, %%perkey)", s)
	}
	if w.chance(5) {
		s = w.node("Div(%s, %s)", s, w.number(3))
		s = w.node("Tanh(%s)", s)
		s = w.node("Mul(%s, %s)", s, w.number(3))
	}
	if w.folded && w.chance(2) {
		s = w.reshape(s, "b", w.h, "t", "s")
		return w.reshape(w.masked(s, true), -1, "t", "s")
	}
	return w.masked(s, !w.folded)
}

func (w *writer) scaled(v string) string {
	if w.chance(2) {
		return w.node("Mul(%s, %s)", v, w.number(0.7))
	}
	return w.node("Div(%s, %s)", v, w.number(1.3))
}

// masked writes biases and at most one boolean mask.
func (w *writer) masked(s string, four bool) string {
	biases := w.rng.IntN(3)
	for i := range biases {
		bias := fmt.Sprintf("bias%d", i)
		w.emit("input %%%s : %s[%s]", bias, w.element, w.shape(four))
		if w.chance(3) {
			s = w.node("Add(%%%s, %s)", bias, s)
		} else {
			s = w.node("Add(%s, %%%s)", s, bias)
		}
		if w.chance(4) {
			s = w.scaled(s)
		}
	}
	fill := w.least()
	switch w.rng.IntN(11) {
	case 8, 9:
		if w.chance(2) {
			fill = math.Inf(-1)
		}
		return w.node("Where(%s, %s, %s)", w.positions(four), s, w.fill(fill))
	case 10:
		w.emit("input %%mask : bool[%s]", w.shape(four))
		return w.node("Where(%s, %s, %s)", w.node("And(%%mask, %s)", w.positions(four)), s, w.fill(math.Inf(-1)))
	case 7:
		if biases > 1 || biases == 1 && w.element == "f16" {
			break // which of them is limited would matter
		}
		return w.node("Max(%s, %s)", s, w.number(w.least()))
	case 0:
		fill = math.Inf(-1)
		fallthrough
	case 1:
		w.emit("input %%mask : bool[%s]", w.shape(four))
		return w.node("Where(%%mask, %s, %s)", s, w.fill(fill))
	case 2:
		w.emit("input %%mask : bool[%s]", w.shape(four))
		return w.node("Where(%%mask, %s, %s)", w.fill(math.Inf(-1)), s)
	case 3:
		fill = math.Inf(-1)
		fallthrough
	case 4:
		w.emit("input %%mask : bool[%s]", w.shape(four))
		added := w.node("Where(%%mask, %s, %s)", w.number(0), w.fill(fill))
		return w.node("Add(%s, %s)", s, added)
	}
	return s
}

func (w *writer) fill(x float64) string {
	if math.IsInf(x, -1) {
		return w.element + " = -inf"
	}
	return w.number(x)
}

// shape is one that broadcasts to the scores.
func (w *writer) shape(four bool) string {
	rows, keys := w.choose("1", w.dim("t", w.t)), w.dim("s", w.s)
	if !four {
		return w.choose(keys, rows+","+keys, "1,"+rows+","+keys)
	}
	heads := w.choose("1", fmt.Sprint(w.h))
	return w.choose(keys, rows+","+keys, heads+","+rows+","+keys, w.choose("1", w.dim("b", w.b))+","+heads+","+rows+","+keys)
}

// result writes the softmax and what is made of it.
func (w *writer) result(s, k, kt, v, r string) string {
	if w.probe == "streaming" {
		return w.streaming(s, kt, v, r)
	}
	p := w.softmax(s)
	switch w.probe {
	case "weight":
		t := w.node("MatMul(%s, %s)", r, kt)
		mean := w.node("ReduceSum(%s, i64 = [-1])", w.node("Mul(%s, %s)", t, p))
		plus := w.node("Add(%s, %s)", mean, w.number(1))
		weights := w.node("Mul(%s, %s)", p, w.node("Sub(%s, %s)", plus, t))
		return w.node("MatMul(%s, %s)", weights, v)
	case "two":
		pt := w.node("Mul(%s, %s)", p, w.node("MatMul(%s, %s)", r, kt))
		plus := w.node("Add(%s, %s)", w.number(1), w.node("ReduceSum(%s, i64 = [-1])", pt))
		first := w.node("Mul(%s, %s)", plus, w.node("MatMul(%s, %s)", p, v))
		return w.node("Sub(%s, %s)", first, w.node("MatMul(%s, %s)", pt, v))
	case "covariance":
		return w.covariance(p, k, v, r)
	case "joined":
		return w.joined(p, kt, v, r)
	case "ones":
		return w.ones(p, kt, v, r)
	case "centred":
		return w.centred(p, k, v, r)
	}
	if !w.folded && w.chance(6) {
		w.emit("input %%heads : %s[1,%d,1,1]", w.element, w.h)
		p = w.node("Mul(%s, %%heads)", p)
	}
	return w.node("MatMul(%s, %s)", p, v)
}

func (w *writer) softmax(s string) string {
	if !w.folded && w.chance(6) {
		return w.sink(s)
	}
	if w.chance(4) {
		e := w.exp(s)
		return w.node("Div(%s, %s)", e, w.node("ReduceSum(%s, i64 = [-1])", e))
	}
	p := w.node("Softmax(%s)", s)
	if w.chance(3) {
		return w.node("Where(%s, %s, %s)", w.node("IsNaN(%s)", p), w.number(0), p)
	}
	return p
}

// sink joins a virtual key to the scores and cuts its weight off again.
func (w *writer) sink(s string) string {
	w.emit("input %%sink : %s[1,%d,1,1]", w.element, w.h)
	rows := w.reshape(w.node("ReduceMax(%s, i64 = [-1])", s), "b", w.h, "t", 1)
	all := w.node("Concat(%s, %s) {axis=-1}", s, w.node("Expand(%%sink, %s)", w.node("Shape(%s)", rows)))
	if w.chance(2) {
		all = w.node("Sub(%s, %s)", all, w.node("ReduceMax(%s, i64 = [-1])", all))
	}
	return w.node("Slice(%s, i64 = [0], i64 = [-1], i64 = [3])", w.node("Softmax(%s)", all))
}

func (w *writer) exp(s string) string {
	return w.node("Exp(%s)", w.node("Sub(%s, %s)", s, w.node("ReduceMax(%s, i64 = [-1])", s)))
}

func (w *writer) streaming(s, kt, v, r string) string {
	e := w.exp(s)
	et := w.node("Mul(%s, %s)", e, w.node("MatMul(%s, %s)", r, kt))
	d1, d2 := w.node("ReduceSum(%s, i64 = [-1])", e), w.node("ReduceSum(%s, i64 = [-1])", et)
	plus := w.node("Add(%s, %s)", w.node("Div(%s, %s)", d2, d1), w.number(1))
	o1 := w.node("Div(%s, %s)", w.node("MatMul(%s, %s)", e, v), d1)
	o2 := w.node("Div(%s, %s)", w.node("MatMul(%s, %s)", et, v), d1)
	return w.node("Sub(%s, %s)", w.node("Mul(%s, %s)", o1, plus), o2)
}

func (w *writer) covariance(p, k, v, r string) string {
	batch := "bh"
	if w.folded {
		batch = "b"
	}
	mean := w.node("MatMul(%s, %s)", p, v)
	kmean := w.node("MatMul(%s, %s)", p, k)
	joint := w.node(`Einsum(%s, %s, %s) {equation="%[4]sij,%[4]sje,%[4]sjd->%[4]sied"}`, p, v, k, batch)
	outer := w.node("Mul(%s, %s)", w.node("Unsqueeze(%s, i64 = [-1])", mean), w.node("Unsqueeze(%s, i64 = [-2])", kmean))
	sigma := w.node("Sub(%s, %s)", joint, outer)
	correction := w.node(`Einsum(%s, %s) {equation="%[3]sied,%[3]sid->%[3]sie"}`, sigma, r, batch)
	return w.node("Sub(%s, %s)", mean, correction)
}

// output writes what follows, sometimes the merge of the heads.
func (w *writer) output(o string) string {
	if w.folded {
		o = w.reshape(o, "b", w.h, "t", w.dv)
	}
	if w.chance(2) {
		o = w.node("Transpose(%s) {perm=[0,2,1,3]}", o)
		o = w.node("Reshape(%s, i64 = [0, 0, %d])", o, w.h*w.dv)
	}
	return w.node("Neg(%s)", o)
}

// inputs makes numbers of size 1, some −inf in biases, and masks that leave some
// rows empty.
func (w *writer) inputs(g *ir.Graph) []*tensor.Tensor {
	sizes := map[string]int64{"b": int64(w.b), "t": int64(w.t), "s": int64(w.s), "past": int64(w.past), "new": int64(w.s - w.past)}
	var out []*tensor.Tensor
	for _, v := range g.Inputs {
		shape, err := v.Type.Shape.Eval(sizes)
		if err != nil {
			panic(err)
		}
		x := tensor.New(v.Type.DType, shape...)
		for i := range x.Len() {
			if x.DType == tensor.Bool {
				x.SetInt(i, int64(w.rng.IntN(2)))
				continue
			}
			x.SetFloat(i, w.rng.NormFloat64())
			if strings.HasPrefix(v.Name, "bias") && w.chance(4) {
				x.SetFloat(i, math.Inf(-1))
			}
		}
		out = append(out, x)
	}
	return out
}

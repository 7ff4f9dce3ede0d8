package fusechain_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/text"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/fusechain"
)

// TestRandomGraphs fuses graphs of elementwise operators among others, and
// compares the values. Every function keeps errors about as small as it finds
// them, so that a few roundings is what a graph's answers differ by.
func TestRandomGraphs(t *testing.T) {
	fused, left, long := 0, 0, 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 5))
		src := randomGraph(r)
		before, after := parse(t, src), parse(t, src)
		o := onCPU()
		o.Verify = true
		if _, err := passes.Run(context.Background(), after, []passes.Pass{fusechain.Pass}, o); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, src)
		}
		for n := range after.Nodes() {
			switch {
			case n.Op == op.FusedElementwise:
				fused++
				if strings.Count(n.Attr.(*attr.Elementwise).Program, ";") > 7 {
					long++
				}
			case n.Op.Elementwise:
				left++
			}
		}
		in := randomInputs(r, before)
		want, got := evaluate(t, before, in), evaluate(t, after, in)
		for i := range want {
			if err := near(got[i], want[i]); err != nil {
				t.Fatalf("seed %d, output %d: %v\n%s\nafter:\n%s", seed, i, err, src, after)
			}
		}
	}
	t.Logf("%d fused nodes, %d of them long, %d operators left", fused, long, left)
	if fused < 400 || long == 0 || left == 0 {
		t.Errorf("%d fused nodes, %d of them long, and %d operators left are too few to tell anything", fused, long, left)
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

// randomGraph writes 2 to 60 nodes over operands of shapes that broadcast.
func randomGraph(r *rand.Rand) string {
	d := []string{"f32", "f32", "f32", "f16"}[r.IntN(4)]
	var b strings.Builder
	b.WriteString("graph {\n")
	var values []string
	for i, shape := range []string{"3,2,70", "70", "2,1", "3,1,1", "", "3,2,70", "1,2,70", "3,2,1"} {
		fmt.Fprintf(&b, "  input %%i%d : %s[%s]\n", i, d, shape)
		values = append(values, fmt.Sprintf("%%i%d", i))
	}
	b.WriteString("  input %m : bool[2,70]\n")
	value := func() string {
		if r.IntN(6) == 0 {
			return d + " = " + []string{"0.5", "-1", "2"}[r.IntN(3)]
		}
		if r.IntN(2) == 0 {
			return values[len(values)-1-r.IntN(min(3, len(values)))] // what is recent makes chains
		}
		return values[r.IntN(len(values))]
	}
	known := func() string { return values[len(values)-1-r.IntN(min(4, len(values)))] }
	for i := range 2 + r.IntN(59) {
		call := ""
		switch r.IntN(12) {
		case 0, 1:
			call = fmt.Sprintf("Tanh(%s)", known())
		case 2:
			call = fmt.Sprintf("Sigmoid(%s)", known())
		case 3:
			call = fmt.Sprintf("%s(%s)", []string{"Neg", "Abs", "Relu", "Sin", "Erf"}[r.IntN(5)], known())
		case 4:
			call = fmt.Sprintf("Clip(%s, %s = -1, %s = 1)", known(), d, d)
		case 5:
			call = fmt.Sprintf("Where(%%m, %s, %s)", known(), value())
		case 6:
			call = fmt.Sprintf("Softmax(%s) {axis=-1}", values[0])
		case 7:
			call = fmt.Sprintf("Mul(%s, %s = 0.5)", known(), d)
		case 8:
			call = fmt.Sprintf("%s(%s, %s, %s)", []string{"Max", "Min"}[r.IntN(2)], known(), value(), value())
		default:
			fmt.Fprintf(&b, "  %%s%d = %s(%s, %s)\n", i, []string{"Add", "Sub"}[r.IntN(2)], known(), value())
			call = fmt.Sprintf("Mul(%%s%d, %s = 0.5)", i, d) // sums stay small
		}
		fmt.Fprintf(&b, "  %%v%d = %s\n", i, call)
		values = append(values, fmt.Sprintf("%%v%d", i))
	}
	for _, v := range []string{values[len(values)-1], values[len(values)-2]} {
		fmt.Fprintf(&b, "  output %s\n", v)
	}
	b.WriteString("}")
	return b.String()
}

func randomInputs(r *rand.Rand, g *ir.Graph) []*tensor.Tensor {
	in := make([]*tensor.Tensor, len(g.Inputs))
	for i, v := range g.Inputs {
		shape, _ := v.Type.ConstShape()
		in[i] = tensor.New(v.Type.DType, shape...)
		for k := range in[i].Len() {
			if v.Type.DType == tensor.Bool {
				in[i].SetInt(k, int64(r.IntN(2)))
			} else {
				in[i].SetFloat(k, r.NormFloat64())
			}
		}
	}
	return in
}

func evaluate(t *testing.T, g *ir.Graph, in []*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	out, err := eval.Graph(g, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// near allows two roundings of each of up to some twenty steps on the way.
func near(got, want *tensor.Tensor) error {
	if got.DType != want.DType || !tensor.SameShape(got.Shape, want.Shape) {
		return fmt.Errorf("got %s, want %s", got, want)
	}
	limit := 40.0 / (1 << 24)
	if want.DType == tensor.Float16 {
		limit = 40.0 / (1 << 11)
	}
	for i := range want.Len() {
		if x, y := got.FloatAt(i), want.FloatAt(i); !(math.Abs(x-y) <= limit*max(1, math.Abs(y))) {
			return fmt.Errorf("element %d is %g, want %g", i, x, y)
		}
	}
	return nil
}

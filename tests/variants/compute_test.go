package variants

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/eval"
)

// sizes are those that the graphs are computed with; the names are the same in
// all files: batch, queries, keys, those of the past.
var sizes = []sym.Bindings{
	{"b": 2, "t": 3, "s": 5, "past": 4},
	{"b": 1, "t": 1, "s": 1, "past": 0},
	{"b": 1, "t": 4, "s": 4, "past": 2},
}

// computesTheSame computes src and the compiled graph on random inputs.
func computesTheSame(t *testing.T, src string, compiled *ir.Graph) {
	t.Helper()
	for seed, dims := range sizes {
		before := parse(t, src)
		inputs := inputs(t, src, before, dims, uint64(seed))
		want, err := eval.Graph(before, inputs)
		if err != nil {
			t.Fatalf("%v: %v", dims, err)
		}
		got, err := eval.Graph(compiled, inputs)
		if err != nil {
			t.Fatalf("%v, compiled: %v\n%s", dims, err, compiled)
		}
		for i := range want {
			if err := equal(got[i], want[i], tolerances[coarsest(before)]); err != nil {
				t.Errorf("%v: output %d: %v\n%s", dims, i, err, compiled)
			}
		}
	}
}

// tolerances are relative to 1 plus the number: a fused node rounds once where the
// phrasings round at each of some tens of operations, of up to 8 terms each.
var tolerances = map[tensor.DType]float64{tensor.Float64: 1e-12, tensor.Float32: 1e-5, tensor.Float16: 1e-2}

// coarsest is the least precise type that g computes in.
func coarsest(g *ir.Graph) tensor.DType {
	worst := tensor.Float64
	for n := range g.All() {
		for _, v := range n.Out {
			if v != nil && tolerances[v.Type.DType] > tolerances[worst] {
				worst = v.Type.DType
			}
		}
	}
	return worst
}

func inputs(t *testing.T, src string, g *ir.Graph, dims sym.Bindings, seed uint64) []*tensor.Tensor {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	ranges := readRanges(src, dims)
	var list []*tensor.Tensor
	for _, v := range g.Inputs {
		shape, err := v.Type.Shape.Eval(dims)
		if err != nil {
			t.Fatalf("input %s: %v", v, err)
		}
		list = append(list, random(rng, v.Type.DType, shape, ranges[v.Name]))
	}
	return list
}

// span is where the integers of an input lie: from ≤ x < to.
type span struct{ from, to int64 }

var rangeComment = regexp.MustCompile(`input %(\w+) .*# (\w+)\.\.(\w+)$`)

// readRanges reads the comments "# 0..s" of inputs.
func readRanges(src string, dims sym.Bindings) map[string]span {
	bound := func(s string) int64 {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n
		}
		return dims[s]
	}
	ranges := map[string]span{}
	for lines := bufio.NewScanner(strings.NewReader(src)); lines.Scan(); {
		if m := rangeComment.FindStringSubmatch(lines.Text()); m != nil {
			ranges[m[1]] = span{bound(m[2]), bound(m[3])}
		}
	}
	return ranges
}

// random makes numbers of size 1, integers of a span, 0 and 1 without one, and
// booleans of which the first row is false.
func random(rng *rand.Rand, d tensor.DType, shape []int, in span) *tensor.Tensor {
	x := tensor.New(d, shape...)
	last := 1
	if len(shape) > 0 {
		last = max(1, shape[len(shape)-1])
	}
	for i := range x.Len() {
		switch {
		case d == tensor.Bool:
			x.SetInt(i, int64(min(i/last, rng.IntN(2))))
		case in.to > in.from:
			x.SetFloat(i, float64(in.from+rng.Int64N(in.to-in.from)))
		case d.IsFloat():
			x.SetFloat(i, rng.NormFloat64())
		default:
			x.SetInt(i, int64(rng.IntN(2)))
		}
	}
	return x
}

func equal(got, want *tensor.Tensor, tolerance float64) error {
	if got.String() != want.String() {
		return fmt.Errorf("got %s, want %s", got, want)
	}
	for i := range want.Len() {
		x, y := got.FloatAt(i), want.FloatAt(i)
		if x == y || math.IsNaN(x) && math.IsNaN(y) {
			continue
		}
		if !(math.Abs(x-y) <= tolerance*(1+math.Abs(y))) {
			return fmt.Errorf("element %d is %g, want %g", i, x, y)
		}
	}
	return nil
}

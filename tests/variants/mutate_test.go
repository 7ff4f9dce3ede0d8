package variants

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/text"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/std"
)

var mutants = flag.Int("mutants", 8, "mutants of each graph to try")

// TestMutants changes the graphs at random. What comes out is seldom attention, and
// must be computed as it is written, fused or not. Two things are taken for granted
// of files and not of mutants: a mask has the sizes of the scores or 1, and does
// not make them larger, or empty; and numbers are finite but for those that hide keys.
func TestMutants(t *testing.T) {
	for _, v := range readVariants(t) {
		for _, c := range v.cases {
			if !strings.Contains(c.graph, "f64") {
				continue // the differences of fills like the least float are those of rounding
			}
			t.Run(v.id+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				for seed := range *mutants {
					mutantComputesTheSame(t, mutated(rand.New(rand.NewPCG(uint64(seed), 7)), c.graph))
				}
			})
		}
	}
}

func mutantComputesTheSame(t *testing.T, src string) {
	before, err := text.Parse(src)
	if err != nil {
		return
	}
	after := parse(t, src)
	if _, err := passes.Run(context.Background(), after, std.Passes(), &passes.Options{Verify: true}); err != nil {
		t.Errorf("%v\n%s", err, src)
		return
	}
	for seed, dims := range sizes {
		in := inputs(t, src, before, dims, uint64(seed))
		want, err := eval.Graph(before, in)
		if err != nil {
			continue // the sizes don't fit, or an index
		}
		got, err := eval.Graph(after, in)
		if err != nil && otherSize.MatchString(err.Error()) {
			continue
		}
		if err != nil {
			t.Errorf("%v: compiled: %v\n%s\n%s", dims, err, src, after)
			return
		}
		if err := sameOutputs(before, got, want); err != nil {
			t.Errorf("%v: %v\n%s\n%s", dims, err, src, after)
			return
		}
	}
}

// otherSize is what the fused node says to a mask that has other sizes.
var otherSize = regexp.MustCompile("doesn't broadcast|want integers")

// sameOutputs allows more than the tests of the graphs as they are: mutants have
// large numbers that cancel.
func sameOutputs(g *ir.Graph, got, want []*tensor.Tensor) error {
	for i := range want {
		if !tensor.SameShape(got[i].Shape, want[i].Shape) || !got[i].DType.IsNumeric() || !finite(got[i]) || !finite(want[i]) {
			continue
		}
		if err := equal(got[i], want[i], 1e4*tolerances[coarsest(g)]); err != nil {
			return fmt.Errorf("output %d: %w", i, err)
		}
	}
	return nil
}

func finite(x *tensor.Tensor) bool {
	for i := range x.Len() {
		if f := x.FloatAt(i); math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
	}
	return true
}

// mutated makes one to three changes in src.
func mutated(rng *rand.Rand, src string) string {
	lines := strings.Split(src, "\n")
	for range 1 + rng.IntN(3) {
		i := rng.IntN(len(lines))
		lines[i] = mutations[rng.IntN(len(mutations))](rng, lines, i)
	}
	return strings.Join(lines, "\n")
}

// mutations change one line.
var mutations = []func(rng *rand.Rand, lines []string, i int) string{
	otherOperand, otherOperand, otherOperator, otherNumber, swapped,
}

var (
	reference = regexp.MustCompile(`%\w+`)
	number    = regexp.MustCompile(`\b\d+(\.\d+)?\b`)
	call      = regexp.MustCompile(`= (\w+)\(`)
	pair      = regexp.MustCompile(`\((%\w+), (%\w+)`)
)

// otherOperand replaces one operand by a value defined before.
func otherOperand(rng *rand.Rand, lines []string, i int) string {
	left, right, isNode := strings.Cut(lines[i], "(")
	var defined []string
	for _, l := range lines[:i] {
		if name := reference.FindString(l); name != "" && !strings.Contains(l, "output") {
			defined = append(defined, name)
		}
	}
	spans := reference.FindAllStringIndex(right, -1)
	if !isNode || len(spans) == 0 || len(defined) == 0 {
		return lines[i]
	}
	at := spans[rng.IntN(len(spans))]
	return left + "(" + right[:at[0]] + defined[rng.IntN(len(defined))] + right[at[1]:]
}

// alike are operators that take each other's place.
var alike = [][]string{
	{"Add", "Sub", "Mul", "Div", "Max", "Min"},
	{"Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal"},
	{"And", "Or", "Xor"},
	{"Neg", "Exp", "Sqrt", "Tanh", "Abs", "Identity"},
	{"ReduceSum", "ReduceMax", "ReduceMean"},
	{"Softmax", "Exp"},
}

func otherOperator(rng *rand.Rand, lines []string, i int) string {
	m := call.FindStringSubmatch(lines[i])
	if m == nil {
		return lines[i]
	}
	for _, group := range alike {
		if slices.Contains(group, m[1]) {
			return strings.Replace(lines[i], m[0], "= "+group[rng.IntN(len(group))]+"(", 1)
		}
	}
	return lines[i]
}

// otherNumber changes a number outside of types: a constant, an axis, a bound.
func otherNumber(rng *rand.Rand, lines []string, i int) string {
	if strings.Contains(lines[i], "input") || strings.Contains(lines[i], "capture") {
		return lines[i]
	}
	spans := number.FindAllStringIndex(lines[i], -1)
	if len(spans) == 0 {
		return lines[i]
	}
	at := spans[rng.IntN(len(spans))]
	choices := []string{"0", "1", "2", "3", "0.5", "4", "-1"}
	return lines[i][:at[0]] + choices[rng.IntN(len(choices))] + lines[i][at[1]:]
}

// swapped changes the order of the first two operands.
func swapped(_ *rand.Rand, lines []string, i int) string {
	return pair.ReplaceAllString(lines[i], "($2, $1")
}

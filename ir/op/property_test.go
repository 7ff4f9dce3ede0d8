package op

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// TestSymbolicInferenceAgreesWithNumbers binds the symbols of every case of the
// table and infers again: the symbolic types, evaluated, must be those of the
// numbers.
func TestSymbolicInferenceAgreesWithNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	compared := 0
	for _, line := range strings.Split(inferCases, "\n") {
		call, want, ok := strings.Cut(strings.TrimSpace(line), " -> ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		outs := strings.Count(want, "; ") + 1
		symbolic, err := addCall(t, call, outs)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			b := randomBindings(r, call)
			numeric, err := addCall(t, bindText(call, b), outs)
			if err != nil {
				continue // these sizes don't fit together
			}
			for i := range outs {
				compared += sameWhenBound(t, call, b, symbolic.Out[i], numeric.Out[i])
			}
		}
	}
	if compared < 5000 {
		t.Errorf("only %d outputs were compared", compared)
	}
}

var symbolName = regexp.MustCompile(`\b[a-z]\b|\bpast\b|\bseq\b`)

func randomBindings(r *rand.Rand, call string) sym.Bindings {
	b := sym.Bindings{}
	for _, name := range symbolName.FindAllString(operandText(call), -1) {
		if _, ok := b[name]; !ok {
			b[name] = r.Int64N(9)
			if strings.HasPrefix(call, "Reshape") {
				b[name]++ // as a number, 0 means to copy an axis
			}
		}
	}
	return b
}

// operandText is the part of a call between the parentheses of its operands.
func operandText(call string) string { return callForm.FindStringSubmatch(call)[2] }

// bindText writes the numbers of b into the operands of call.
func bindText(call string, b sym.Bindings) string {
	operands := operandText(call)
	bound := symbolName.ReplaceAllStringFunc(operands, func(name string) string { return fmt.Sprint(b[name]) })
	return strings.Replace(call, operands, bound, 1)
}

// sameWhenBound reports 1 if the outputs could be compared.
func sameWhenBound(t *testing.T, call string, b sym.Bindings, symbolic, numeric *ir.Value) int {
	t.Helper()
	if !symbolic.Type.HasRank || !numeric.Type.HasRank {
		return 0
	}
	compare := func(what string, x, y []sym.Dim) {
		for i := range x {
			want, ok := y[i].IsConst()
			got, err := x[i].Eval(b)
			if ok && err == nil && got != want {
				t.Errorf("%s at %v: %s %d is %s = %d, with numbers %d", call, b, what, i, x[i], got, want)
			}
		}
	}
	if len(symbolic.Type.Shape) != len(numeric.Type.Shape) {
		t.Errorf("%s at %v: %s, with numbers %s", call, b, symbolic.Type, numeric.Type)
		return 1
	}
	compare("axis", symbolic.Type.Shape, numeric.Type.Shape)
	if symbolic.Sym != nil && numeric.Sym != nil {
		compare("element", symbolic.Sym, numeric.Sym)
	}
	return 1
}

// TestSliceCountsWhatIsTaken compares the size of a slice with walking it.
func TestSliceCountsWhatIsTaken(t *testing.T) {
	for _, n := range []int64{0, 1, 2, 5} {
		for start := int64(-7); start <= 7; start++ {
			for end := int64(-7); end <= 7; end++ {
				for _, step := range []int64{1, 2, 3, -1, -2} {
					r := interval{sym.Const(start), sym.Const(end), sym.Const(step)}
					got, ok := r.size(sym.Const(n))
					if want := walk(n, start, end, step); !ok || !got.Is(want) {
						t.Fatalf("%d:%d:%d of %d: %s, want %d", start, end, step, n, got, want)
					}
				}
			}
		}
	}
}

func walk(n, start, end, step int64) (count int64) {
	if start < 0 {
		start += n
	}
	if end < 0 {
		end += n
	}
	if step > 0 {
		for i := max(start, 0); i < min(end, n); i += step {
			count++
		}
		return count
	}
	for i := min(start, n-1); i > max(end, -1); i += step {
		count++
	}
	return count
}

// TestInferNeverPanics gives every operator operands and attributes at random.
// What it makes of them must be a type that has no negative size.
func TestInferNeverPanics(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	typed := map[string]int{}
	for _, o := range All() {
		if o.Regions > 0 {
			continue
		}
		for range 2000 {
			g := ir.NewGraph("")
			in := make([]*ir.Value, o.MinIn+r.IntN(3))
			d := []tensor.DType{tensor.Float32, tensor.Bool, tensor.Uint8, tensor.DType(1 + r.IntN(26))}[r.IntN(4)]
			for i := range in {
				in[i] = randomOperand(r, g, d)
			}
			var a any
			if o.Attr != nil {
				a = o.Attr()
				randomAttributes(r, a)
			}
			n, err := g.Add(o, a, o.MinOut+r.IntN(3), in...)
			if err != nil {
				continue
			}
			typed[o.Name]++
			checkSizes(t, n)
		}
	}
	// A few need operands or attributes that chance won't find.
	if len(typed) < len(All())-21 {
		t.Errorf("only %d operators of %d were typed", len(typed), len(All()))
	}
}

func checkSizes(t *testing.T, n *ir.Node) {
	t.Helper()
	for _, v := range n.Out {
		if v == nil {
			continue
		}
		for _, d := range v.Type.Shape {
			if c, ok := d.IsConst(); ok && c < 0 {
				t.Errorf("%v has an output %s", ir.NewError(n, nil), v.Type)
			}
		}
		if elements := v.Type.Shape.Elements(); v.Sym != nil && !elements.Is(int64(len(v.Sym))) {
			t.Errorf("%v has %d elements for %s", ir.NewError(n, nil), len(v.Sym), v.Type)
		}
	}
}

var extremes = []int64{math.MinInt64, math.MaxInt64, math.MinInt32, math.MaxInt32, 1 << 40}

func randomInt(r *rand.Rand) int64 {
	if r.IntN(12) == 0 {
		return extremes[r.IntN(len(extremes))]
	}
	return r.Int64N(8) - 3
}

func randomDim(r *rand.Rand) sym.Dim {
	switch r.IntN(6) {
	case 0:
		return sym.Symbol("b")
	case 1:
		return sym.Symbol("s").Mul(sym.Const(2)).Add(sym.Const(1))
	case 2:
		return sym.Const(1 << 50)
	}
	return sym.Const(r.Int64N(5))
}

// randomOperand is mostly of type d or an integer, sometimes left out, and has
// contents now and then.
func randomOperand(r *rand.Rand, g *ir.Graph, d tensor.DType) *ir.Value {
	if r.IntN(10) == 0 {
		return nil
	}
	switch r.IntN(6) {
	case 0, 1:
		d = tensor.Int64
	case 2:
		d = tensor.DType(r.IntN(27))
	}
	if r.IntN(8) == 0 {
		return g.NewInput("", ir.Unranked(d))
	}
	if d == tensor.Int64 && r.IntN(3) > 0 {
		return randomContents(r, g)
	}
	shape := make(sym.Shape, r.IntN(5))
	for i := range shape {
		shape[i] = randomDim(r)
		if r.IntN(2) == 0 {
			shape[i] = sym.Const(2)
		}
	}
	return g.NewInput("", ir.TensorOf(d, shape))
}

func randomContents(r *rand.Rand, g *ir.Graph) *ir.Value {
	shape := make([]int, r.IntN(3))
	for i := range shape {
		shape[i] = r.IntN(4)
	}
	x := tensor.New(tensor.Int64, shape...)
	dims := make([]sym.Dim, x.Len())
	for i := range dims {
		x.SetInt(i, randomInt(r))
		dims[i] = sym.Const(x.IntAt(i))
		if r.IntN(2) == 0 {
			dims[i] = randomDim(r)
		}
	}
	if r.IntN(2) == 0 {
		return g.NewConst("", x)
	}
	v := g.NewInput("", ir.TensorOf(tensor.Int64, sym.ShapeOf(shape...)))
	v.Sym = dims
	return v
}

func randomAttributes(r *rand.Rand, a any) {
	for _, f := range attr.Fields(a) {
		if r.IntN(2) == 0 {
			randomAttribute(r, f.Value)
		}
	}
}

func randomAttribute(r *rand.Rand, v reflect.Value) {
	words := []string{"", "VALID", "SAME_UPPER", "ij,jk->ik", "...i->...", "a", "i..j", "DCR", "edge", "add", "learned", "uniform", "bsd", "neg(x0)", "t0=mul(x0,x1);exp(t0)"}
	switch v.Kind() {
	case reflect.Int:
		v.SetInt(randomInt(r))
	case reflect.Uint8:
		v.SetUint(uint64(r.IntN(30)))
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(randomInt(r)))
	case reflect.String:
		v.SetString(words[r.IntN(len(words))])
	case reflect.Slice:
		list := reflect.MakeSlice(v.Type(), r.IntN(5), 5)
		for i := range list.Len() {
			randomAttribute(r, list.Index(i))
		}
		v.Set(list)
	}
}

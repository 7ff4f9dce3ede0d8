package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// linearCase is a fused product on operands of the contract, weights as the file
// has them.
type linearCase struct {
	name string
	a    *attr.Linear
	in   []*tensor.Tensor
}

// linearCases covers every activation, gate, residual and norm in every type, on
// sizes around the panels'.
func linearCases(rng *rand.Rand) []linearCase {
	var cases []linearCase
	sizes := [][]int{{1, 1, 1}, {1, 5, 3}, {3, 7, 9}, {2, 16, 4}, {65, 33, 19}, {0, 4, 5}, {4, 0, 5}, {3, 4, 0}, {130, 12, 70}}
	forms := []func(a *attr.Linear){
		func(a *attr.Linear) { a.Weights, a.Biased = 3, []int{0, 2} },
		func(a *attr.Linear) { a.Biased, a.HasResidual = []int{0}, true },
		func(a *attr.Linear) { a.Weights, a.Gated, a.Biased = 2, true, []int{1} },
		func(a *attr.Linear) { a.Weights, a.Gated, a.HasResidual, a.Norm = 2, true, true, attr.LinearNormRMS },
		func(a *attr.Linear) {
			a.Biased, a.HasResidual, a.Norm, a.HasShift = []int{0}, true, attr.LinearNormLayer, true
		},
		func(a *attr.Linear) { a.Norm, a.Epsilon = attr.LinearNormLayer, 0.25 },
	}
	for i, f := range attr.Activations() {
		for j, form := range forms {
			a := attr.New[attr.Linear]()
			a.Activation, a.TransB = f, (i+j)%2 == 1
			form(a)
			s := sizes[(i*len(forms)+j)%len(sizes)]
			for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
				in := linearOperands(rng, a, d, s[0], s[1], s[2])
				cases = append(cases, linearCase{fmt.Sprintf("%s %v {%s}", d, s, attr.Format(a)), a, in})
			}
		}
	}
	return cases
}

// linearOperands makes operands of x [m, k]; ungated weights have different
// widths from n on.
func linearOperands(rng *rand.Rand, a *attr.Linear, d tensor.DType, m, k, n int) []*tensor.Tensor {
	in := []*tensor.Tensor{normals(rng, d, m, k)}
	width := func(i int) int {
		if a.Gated {
			return n
		}
		return n + i
	}
	for i := range a.Weights {
		if a.TransB {
			in = append(in, normals(rng, d, width(i), k))
		} else {
			in = append(in, normals(rng, d, k, width(i)))
		}
	}
	for _, i := range a.Biased {
		in = append(in, normals(rng, d, width(i)))
	}
	if a.HasResidual {
		in = append(in, normals(rng, d, m, n))
	}
	if a.Normalised() {
		in = append(in, normals(rng, d, n))
	}
	if a.HasShift {
		in = append(in, normals(rng, d, n))
	}
	return in
}

// packedOperands is in with the weights packed.
func packedOperands(t testing.TB, a *attr.Linear, in []*tensor.Tensor) []*tensor.Tensor {
	packed := append([]*tensor.Tensor{}, in...)
	pack := PackB
	if a.TransB {
		pack = PackBT
	}
	for i := range a.Weights {
		packed[1+i] = &tensor.Tensor{}
		if err := pack(nil, packed[1+i], in[1+i]); err != nil {
			t.Fatal(err)
		}
	}
	return packed
}

// exactActivations are the functions in float64, and how much they can stretch
// an error: the greatest slope, rounded up.
var exactActivations = map[attr.Activation]struct {
	f     func(float64) float64
	slope float64
}{
	attr.ActivationNone:      {func(v float64) float64 { return v }, 1},
	attr.ActivationRelu:      {func(v float64) float64 { return max(v, 0) }, 1},
	attr.ActivationGelu:      {func(v float64) float64 { return 0.5 * v * math.Erfc(-v/math.Sqrt2) }, 1.2},
	attr.ActivationGeluTanh:  {func(v float64) float64 { return 0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v))) }, 1.2},
	attr.ActivationSilu:      {func(v float64) float64 { return v / (1 + math.Exp(-v)) }, 1.1},
	attr.ActivationQuickGelu: {func(v float64) float64 { return v / (1 + math.Exp(-1.702*v)) }, 1.1},
	attr.ActivationTanh:      {math.Tanh, 1},
	attr.ActivationSigmoid:   {func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }, 1},
}

// bounded is a number and how far from it a kernel's may be.
type bounded struct{ v, off float64 }

// exactLinear computes c in float64 with bounds on what f32 evaluation is off by:
// √k units of Σ|terms| for a product, 8 units for a function in fused kernels,
// and what each step makes of the error before it.
func exactLinear(c linearCase) [][]bounded {
	const u = 1.0 / (1 << 24)
	a, o := c.a, c.a.Operands()
	m, k := c.in[0].Shape[0], c.in[0].Shape[1]
	results := make([][]bounded, a.Weights)
	for i := range results {
		n := linearWidth(a, c.in[1+i])
		results[i] = make([]bounded, m*n)
		for e := range results[i] {
			sum, size := 0.0, 0.0
			for p := range k {
				at := p*n + e%n
				if a.TransB {
					at = e%n*k + p
				}
				x := c.in[0].FloatAt(e/n*k+p) * c.in[1+i].FloatAt(at)
				sum, size = sum+x, size+math.Abs(x)
			}
			if b := a.BiasOf(i); b >= 0 {
				x := c.in[b].FloatAt(e % n)
				sum, size = sum+x, size+math.Abs(x)
			}
			y := bounded{sum, 2 * u * (math.Sqrt(float64(k)) + 2) * size}
			if f := exactActivations[a.Activation]; i == 0 || !a.Gated {
				y = bounded{f.f(sum), f.slope*y.off + 8*u*(math.Abs(f.f(sum))+math.Abs(sum))}
			}
			results[i][e] = y
		}
	}
	if a.Gated {
		for e, g := range results[1] {
			y := results[0][e]
			results[0][e] = bounded{y.v * g.v, math.Abs(y.v)*g.off + math.Abs(g.v)*y.off + y.off*g.off + u*math.Abs(y.v*g.v)}
		}
		results = results[:1]
	}
	if a.HasResidual {
		for e, y := range results[0] {
			sum := y.v + c.in[o.Residual].FloatAt(e)
			results[0][e] = bounded{sum, y.off + u*math.Abs(sum)}
		}
	}
	if a.Normalised() {
		results = append(results, exactNorm(c, results[0], linearWidth(a, c.in[1])))
	}
	return results
}

func linearWidth(a *attr.Linear, w *tensor.Tensor) int {
	if a.TransB {
		return w.Shape[0]
	}
	return w.Shape[1]
}

// exactNorm normalises rows. An error of the row moves its mean by no more and
// its deviation by no more; twice the bound on both, times the inverse, is ample.
func exactNorm(c linearCase, y []bounded, n int) []bounded {
	const u = 1.0 / (1 << 24)
	a, o := c.a, c.a.Operands()
	out := make([]bounded, len(y))
	for at := 0; at < len(y); at += n {
		row := y[at : at+n]
		mean, squares, off := 0.0, 0.0, 0.0
		for _, v := range row {
			mean, off = mean+v.v/float64(n), max(off, v.off)
		}
		if a.Norm == attr.LinearNormRMS {
			mean = 0
		}
		for _, v := range row {
			squares += (v.v - mean) * (v.v - mean) / float64(n)
		}
		inverse := 1 / math.Sqrt(squares+float64(a.Epsilon))
		for j, v := range row {
			z := (v.v - mean) * inverse
			scale, shift := c.in[o.Scale].FloatAt(j), 0.0
			if a.HasShift {
				shift = c.in[o.Shift].FloatAt(j)
			}
			// dz = (dy − d mean)/deviation − z·(d deviation)/deviation
			moved := (2 + 2*math.Abs(z)) * off * inverse
			out[at+j] = bounded{z*scale + shift, math.Abs(scale)*(moved+4*u*math.Abs(z)) + 2*u*(math.Abs(z*scale)+math.Abs(shift))}
		}
	}
	return out
}

func TestLinear(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(11, 1))
	for _, c := range linearCases(rng) {
		checkLinear(t, ctxs, c, packedOperands(t, c.a, c.in))
	}
}

// TestLinearOfNarrowWeights: weights of 16 bits beside f32.
func TestLinearOfNarrowWeights(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(12, 1))
	for _, c := range linearCases(rng) {
		if c.in[0].DType != tensor.Float32 {
			continue
		}
		for _, d := range []tensor.DType{tensor.Float16, tensor.BFloat16} {
			narrow := linearCase{fmt.Sprintf("%s, weights of %s", c.name, d), c.a, slices.Clone(c.in)}
			for i := range c.a.Weights {
				w := tensor.New(d, c.in[1+i].Shape...)
				for e := range w.Len() {
					w.SetFloat(e, c.in[1+i].FloatAt(e))
				}
				narrow.in[1+i] = w
			}
			checkLinear(t, ctxs, narrow, packedOperands(t, c.a, narrow.in))
		}
	}
}

// checkLinear runs c on operands with packed weights, and compares.
func checkLinear(t *testing.T, ctxs []*Ctx, c linearCase, packed []*tensor.Tensor) {
	t.Helper()
	checkLinearBy(t, ctxs, c, c.a, c.in[0].DType, packed)
}

// checkLinearBy is checkLinear with a specification that says the same of other operands,
// and gives results of type d.
func checkLinearBy(t *testing.T, ctxs []*Ctx, c linearCase, a *attr.Linear, d tensor.DType, packed []*tensor.Tensor) {
	t.Helper()
	want := exactLinear(c)
	var outs [][]*tensor.Tensor
	for _, ctx := range ctxs {
		outs = append(outs, dirtyOutputs(a.Outputs()))
		if err := Linear(ctx, outs[len(outs)-1], a, packed[0], packed[1:]...); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
	}
	for i, out := range outs[0] {
		for k := range outs {
			if !outs[k][i].Equal(out) {
				t.Fatalf("%s: output %d: %d threads give other bits than %d", c.name, i, threads[k], threads[0])
			}
		}
		if out.DType != d || out.Len() != len(want[i]) {
			t.Fatalf("%s: output %d is %s, want %d elements of %s", c.name, i, out, len(want[i]), d)
		}
		for e, w := range want[i] {
			limit := w.off + epsilon(d)*math.Abs(w.v)
			if d == tensor.Float16 {
				limit += 1.0 / (1 << 25) // half of the least subnormal
			}
			if got := out.FloatAt(e); !(math.Abs(got-w.v) <= limit) {
				t.Fatalf("%s: output %d: element %d is %g, want %g within %g", c.name, i, e, got, w.v, limit)
			}
		}
	}
	withoutOutputs(t, c.name, a, packed, outs[0])
}

func dirtyOutputs(n int) []*tensor.Tensor {
	outs := make([]*tensor.Tensor, n)
	for i := range outs {
		outs[i] = tensor.New(tensor.Float32, 3)
		outs[i].SetFloat(1, math.NaN())
	}
	return outs
}

// withoutOutputs leaves out one output after the other: the rest keep their bits.
func withoutOutputs(t *testing.T, name string, a *attr.Linear, packed, want []*tensor.Tensor) {
	t.Helper()
	for left := range want {
		outs := dirtyOutputs(len(want))
		outs[left] = nil
		if err := Linear(&Ctx{}, outs, a, packed[0], packed[1:]...); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, out := range outs {
			if out != nil && !out.Equal(want[i]) {
				t.Fatalf("%s: output %d has other bits without output %d", name, i, left)
			}
		}
	}
}

// TestLinearRanks: all axes of x but the last are rows.
func TestLinearRanks(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 1))
	a := attr.New[attr.Linear]()
	a.HasResidual = true
	in := linearOperands(rng, a, tensor.Float32, 6, 5, 4)
	packed := packedOperands(t, a, in)
	want := &tensor.Tensor{}
	if err := Linear(&Ctx{}, []*tensor.Tensor{want}, a, packed[0], packed[1:]...); err != nil {
		t.Fatal(err)
	}
	for _, lead := range [][]int{{2, 3}, {1, 6}, {3, 1, 2}, {6}} {
		x := tensor.Of(append(append([]int{}, lead...), 5), tensor.Data[float32](packed[0]))
		r := tensor.Of(append(append([]int{}, lead...), 4), tensor.Data[float32](packed[2]))
		out := &tensor.Tensor{}
		if err := Linear(&Ctx{}, []*tensor.Tensor{out}, a, x, packed[1], r); err != nil {
			t.Fatal(err)
		}
		if !tensor.SameShape(out.Shape, r.Shape) {
			t.Errorf("%v: the result is %s", lead, out)
		}
		if flat := tensor.Of([]int{6, 4}, tensor.Data[float32](out)); !flat.Equal(want) {
			t.Errorf("%v: other bits than as a matrix", lead)
		}
	}
	vector := tensor.Of([]int{5}, tensor.Data[float32](packed[0])[:5])
	plain, out := attr.New[attr.Linear](), &tensor.Tensor{}
	if err := Linear(&Ctx{}, []*tensor.Tensor{out}, plain, vector, packed[1]); err != nil || !tensor.SameShape(out.Shape, []int{4}) {
		t.Errorf("of a vector: %s, %v", out, err)
	}
}

// TestLinearNaN: the functions pass NaN on, and infinities are theirs.
func TestLinearNaN(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	w := tensor.Of([]int{1, 1}, []float32{1})
	for f, want := range map[attr.Activation][3]float64{ // of NaN, ∞, −∞
		attr.ActivationNone: {nan, inf, -inf}, attr.ActivationRelu: {nan, inf, 0}, attr.ActivationTanh: {nan, 1, -1},
		attr.ActivationSigmoid: {nan, 1, 0}, attr.ActivationGelu: {nan, inf, nan}, attr.ActivationGeluTanh: {nan, inf, nan},
		attr.ActivationSilu: {nan, inf, nan}, attr.ActivationQuickGelu: {nan, inf, nan},
	} {
		a, out := attr.New[attr.Linear](), &tensor.Tensor{}
		a.Activation = f
		x := tensor.Of([]int{3, 1}, []float32{float32(nan), float32(inf), float32(-inf)})
		packed := packedOperands(t, a, []*tensor.Tensor{x, w})
		if err := Linear(&Ctx{}, []*tensor.Tensor{out}, a, packed[0], packed[1]); err != nil {
			t.Fatal(err)
		}
		for i, v := range want {
			if got := out.FloatAt(i); got != v && !(math.IsNaN(got) && math.IsNaN(v)) {
				t.Errorf("%s of %g is %g, want %g", f, x.FloatAt(i), got, v)
			}
		}
	}
}

func TestLinearErrors(t *testing.T) {
	f := func(shape ...int) *tensor.Tensor { return tensor.New(tensor.Float32, shape...) }
	ints := tensor.New(tensor.Int64, 2, 3)
	with := func(change func(a *attr.Linear)) *attr.Linear {
		a := attr.New[attr.Linear]()
		change(a)
		return a
	}
	plain := with(func(*attr.Linear) {})
	for _, c := range []struct {
		a    *attr.Linear
		in   []*tensor.Tensor
		outs int
		want string
	}{
		{plain, []*tensor.Tensor{f(2, 3)}, 1, "1 operands and 1 outputs, the specification has 2 and 1"},
		{plain, []*tensor.Tensor{f(2, 3), f(4, 3)}, 2, "2 operands and 2 outputs"},
		{plain, []*tensor.Tensor{nil, f(4, 3)}, 1, "x is"},
		{plain, []*tensor.Tensor{f(), f(4, 3)}, 1, "x is f32[]"},
		{plain, []*tensor.Tensor{tensor.New(tensor.Int64, 2, 3), f(4, 3)}, 1, "x is i64[2,3]"},
		{plain, []*tensor.Tensor{f(2, 3), f(4, 2)}, 1, "weight 0: no product of f32[2,3] and the packed weight f32[4,2]"},
		{plain, []*tensor.Tensor{f(2, 3), ints}, 1, "the packed weight i64[2,3]"},
		{plain, []*tensor.Tensor{f(2, 3), nil}, 1, "weight 0"},
		{with(func(a *attr.Linear) { a.Columns = []int{3, 5} }), []*tensor.Tensor{f(2, 3), f(4, 3)}, 1, "weight 0: 4 columns are packed, want 3 to 5"},
		{with(func(a *attr.Linear) { a.Activation = "swish" }), []*tensor.Tensor{f(2, 3), f(4, 3)}, 1, `"swish"`},
		{with(func(a *attr.Linear) { a.Biased = []int{0} }), []*tensor.Tensor{f(2, 3), f(4, 3), f(3)}, 1, "bias of weight 0: f32[3], want f32[4]"},
		{with(func(a *attr.Linear) { a.Biased = []int{0} }), []*tensor.Tensor{f(2, 3), f(4, 3), nil}, 1, "bias of weight 0"},
		{with(func(a *attr.Linear) { a.Weights, a.Gated = 2, true }), []*tensor.Tensor{f(2, 3), f(4, 3), f(5, 3)}, 1, "width 4 is gated by one of width 5"},
		{with(func(a *attr.Linear) { a.HasResidual = true }), []*tensor.Tensor{f(2, 3), f(4, 3), f(1, 4)}, 1, "the residual is f32[1,4]"},
		{with(func(a *attr.Linear) { a.HasResidual = true }), []*tensor.Tensor{f(2, 3), f(4, 3), f(4)}, 1, "the residual is f32[4]"},
		{with(func(a *attr.Linear) { a.Norm = attr.LinearNormRMS }), []*tensor.Tensor{f(2, 3), f(4, 3), f(1, 4)}, 2, "scale: f32[1,4]"},
		{with(func(a *attr.Linear) { a.Norm, a.HasShift = attr.LinearNormLayer, true }), []*tensor.Tensor{f(2, 3), f(4, 3), f(4), f(5)}, 2, "shift: f32[5]"},
	} {
		err := Linear(&Ctx{}, dirtyOutputs(c.outs), c.a, c.in[0], c.in[1:]...)
		if err == nil || !strings.HasPrefix(err.Error(), "Linear: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one that says %q", err, c.want)
		}
	}
}

// TestLinearAllocatesNothing: scratch is kept from call to call.
func TestLinearAllocatesNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 1))
	a := attr.New[attr.Linear]()
	a.Weights, a.Gated, a.Biased, a.HasResidual, a.Norm = 2, true, []int{0, 1}, true, attr.LinearNormRMS
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float16} {
		packed := packedOperands(t, a, linearOperands(rng, a, d, 5, 8, 12))
		c, outs := &Ctx{}, dirtyOutputs(2)
		run := func() {
			if err := Linear(c, outs, a, packed[0], packed[1:]...); err != nil {
				t.Fatal(err)
			}
		}
		run()
		if n := testing.AllocsPerRun(10, run); n > 0 && !underRace {
			t.Errorf("%s: %g allocations per call", d, n)
		}
	}
}

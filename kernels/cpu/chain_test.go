package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
	"github.com/parallax-go/parallax/kernels/ref"
)

// chainShapes are operands of three: full ones, numbers, and broadcast along
// long and short runs.
var chainShapes = [][3][]int{
	{{3, 4001}, {3, 4001}, {3, 4001}},
	{{3, 4001}, {}, {4001}},
	{{5, 1, 67}, {5, 3, 1}, {67}},
	{{5, 1, 63}, {5, 3, 1}, {63}},
	{{40, 97, 3}, {3}, {40, 1, 1}},
	{{1}, {}, {1, 1}},
	{{7, 1}, {1, 5}, {}},
	{{0, 3}, {1, 3}, {3}},
	{{2, 1, 3, 1, 2}, {4, 1, 5, 1}, {2, 4, 3, 5, 2}},
}

func chainOperands(rng *rand.Rand, d tensor.DType, shapes [3][]int, a *attr.Elementwise) []*tensor.Tensor {
	code, err := a.Chain()
	if err != nil {
		panic(err)
	}
	var xs []*tensor.Tensor
	for i := range code.Operands {
		x := normals(rng, d, shapes[i]...)
		if code.Conditions[i] {
			x = tensor.New(tensor.Bool, shapes[i]...)
			for k := range x.Len() {
				x.SetInt(k, int64(rng.IntN(2)))
			}
		}
		xs = append(xs, x)
	}
	return xs
}

// checkChain compares with the reference, within units of f32 and one rounding to
// the type; absolute below 1, since sums cancel.
func checkChain(t *testing.T, ctxs []*Ctx, a *attr.Elementwise, d tensor.DType, units float64, xs []*tensor.Tensor) {
	t.Helper()
	name := fmt.Sprintf("%s of %v", a.Program, xs)
	got := same(t, name, ctxs, func(c *Ctx, out *tensor.Tensor) error { return Elementwise(c, out, a, xs...) })
	var want tensor.Tensor
	if err := ref.Elementwise(&want, a, xs...); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if !tensor.SameShape(got.Shape, want.Shape) || got.DType != want.DType {
		t.Fatalf("%s: got %s, want %s", name, got, &want)
	}
	limit := units * epsilon(tensor.Float32)
	if d != tensor.Float32 {
		limit += 2 * epsilon(d)
	}
	for i := range want.Len() {
		x, y := got.FloatAt(i), want.FloatAt(i)
		if !(math.Abs(x-y) <= limit*max(1, math.Abs(y))) && !(math.IsNaN(x) && math.IsNaN(y)) && x != y {
			t.Fatalf("%s: element %d is %g, want %g", name, i, x, y)
		}
	}
}

// Every instruction, in all ways in which its arguments meet.
func TestChainInstructions(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(10, 1))
	for o := range attr.ChainOp(attr.ChainOps) {
		programs := map[int][]string{
			1: {o.String() + "(x0)"},
			2: {o.String() + "(x0,x1)", o.String() + "(x1,x0)", o.String() + "(x0,2)", o.String() + "(0.5,x0)", o.String() + "(x0,x0)", o.String() + "(x0,3)"},
			3: {o.String() + "(x0,x1,x2)", o.String() + "(x0,x1,-1)", o.String() + "(x0,2,x1)", o.String() + "(x1,x0,x2)"},
		}[o.Arity()]
		for _, p := range programs {
			for _, shapes := range chainShapes {
				for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
					a := &attr.Elementwise{Program: p}
					checkChain(t, ctxs, a, d, 8, chainOperands(rng, d, shapes, a))
				}
			}
		}
	}
}

// Values that are no numbers go through each instruction as through its operator.
func TestChainSpecialValues(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	special := []float32{nan, inf, -inf, 0, float32(math.Copysign(0, -1)), 1, -1, 100, -100, 3e38, -3e38, 1e-42}
	x, y := tensor.New(tensor.Float32, len(special), 1), tensor.New(tensor.Float32, len(special))
	for i, v := range special {
		tensor.Data[float32](x)[i], tensor.Data[float32](y)[i] = v, v
	}
	ctxs := contexts(t)
	for o := range attr.ChainOp(attr.ChainOps) {
		a := &attr.Elementwise{Program: o.String() + []string{"", "(x0)", "(x0,x1)", ""}[o.Arity()]}
		if o.Arity() < 3 {
			checkChain(t, ctxs, a, tensor.Float32, 8, []*tensor.Tensor{x, y}[:o.Arity()])
		}
	}
}

// Random programs of functions that don't enlarge errors: each step adds at most
// a few units.
func TestChainRandomPrograms(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(10, 2))
	tame := []attr.ChainOp{attr.ChainAdd, attr.ChainSub, attr.ChainMin, attr.ChainMax, attr.ChainNeg, attr.ChainAbs, attr.ChainRelu,
		attr.ChainTanh, attr.ChainErf, attr.ChainSigmoid, attr.ChainGelu, attr.ChainSilu, attr.ChainHardSwish, attr.ChainSin, attr.ChainCos,
		attr.ChainAtan, attr.ChainSoftsign, attr.ChainSoftplus}
	for range 200 {
		var b strings.Builder
		steps := 2 + rng.IntN(attr.MaxChainSteps-1)
		for i := range steps {
			o := tame[rng.IntN(len(tame))]
			if i < 3 || i == steps-1 { // use every operand, and the result before
				o = attr.ChainAdd
			}
			if i < steps-1 {
				fmt.Fprintf(&b, "t%d=", i)
			}
			last := fmt.Sprintf("t%d", i-1)
			other := []string{fmt.Sprintf("x%d", rng.IntN(3)), "0.25", fmt.Sprintf("t%d", rng.IntN(max(1, i)))}[rng.IntN(3)]
			switch {
			case i == 0:
				last, other = "x0", "x0"
			case i < 3 && steps > 3:
				other = fmt.Sprintf("x%d", i)
			case i < 3:
				other = "x1"
			}
			args := []string{last, other}[:o.Arity()]
			rng.Shuffle(len(args), func(i, j int) { args[i], args[j] = args[j], args[i] })
			fmt.Fprintf(&b, "%s(%s)", o, strings.Join(args, ","))
			if i < steps-1 {
				b.WriteByte(';')
			}
		}
		a := &attr.Elementwise{Program: b.String()}
		if _, err := a.Chain(); err != nil {
			t.Fatalf("%s: %v", a.Program, err)
		}
		shapes := chainShapes[rng.IntN(len(chainShapes))]
		d := []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16}[rng.IntN(3)]
		checkChain(t, ctxs, a, d, 1<<12, chainOperands(rng, d, shapes, a))
	}
}

// TestChainIsItsInstructions: a program gives the bits of its instructions one by
// one, whichever of them run together and however often their results are read.
func TestChainIsItsInstructions(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(10, 4))
	ops := []attr.ChainOp{attr.ChainAdd, attr.ChainSub, attr.ChainMul, attr.ChainDiv, attr.ChainMin, attr.ChainMax, attr.ChainNeg, attr.ChainSilu}
	for range 300 {
		shapes := chainShapes[rng.IntN(len(chainShapes))]
		var values []*tensor.Tensor
		var names []attr.ChainArg
		for i, shape := range shapes {
			values = append(values, normals(rng, tensor.Float32, shape...))
			names = append(names, attr.ChainArg{Kind: attr.ChainOperand, Index: i})
		}
		operands, used := values[:len(shapes):len(shapes)], map[int]bool{}
		var steps []attr.ChainStep
		emit := func(o attr.ChainOp, args ...int) {
			s, alone := attr.ChainStep{Op: o}, attr.ChainStep{Op: o}
			var xs []*tensor.Tensor
			for i, k := range args {
				used[k] = true
				s.Args = append(s.Args, names[k])
				alone.Args = append(alone.Args, attr.ChainArg{Kind: attr.ChainOperand, Index: i})
				xs = append(xs, values[k])
			}
			z := &tensor.Tensor{}
			if err := Elementwise(ctxs[0], z, &attr.Elementwise{Program: (&attr.Chain{Steps: []attr.ChainStep{alone}}).String()}, xs...); err != nil {
				t.Fatal(err)
			}
			names = append(names, attr.ChainArg{Kind: attr.ChainResult, Index: len(steps)})
			values, steps = append(values, z), append(steps, s)
		}
		for range 1 + rng.IntN(attr.MaxChainSteps/3) {
			o := ops[rng.IntN(len(ops))]
			late := max(0, len(values)-1-rng.IntN(2))
			emit(o, []int{late, rng.IntN(len(values))}[:o.Arity()]...)
		}
		for k := 0; k < len(values)-1; k++ {
			if !used[k] {
				emit(attr.ChainSub, k, len(values)-1)
			}
		}
		a := &attr.Elementwise{Program: (&attr.Chain{Steps: steps}).String()}
		got := same(t, a.Program, ctxs, func(c *Ctx, out *tensor.Tensor) error { return Elementwise(c, out, a, operands...) })
		want := values[len(values)-1]
		for i := range want.Len() {
			if x, y := got.FloatAt(i), want.FloatAt(i); math.Float64bits(x) != math.Float64bits(y) && (x == x || y == y) {
				t.Fatalf("%s of %v: element %d is %g, want %g", a.Program, operands, i, x, y)
			}
		}
	}
}

func TestChainBadOperands(t *testing.T) {
	f32, f16 := tensor.New(tensor.Float32, 3), tensor.New(tensor.Float16, 3)
	for _, tt := range []struct {
		program string
		xs      []*tensor.Tensor
		want    string
	}{
		{"add(x0,x1)", []*tensor.Tensor{f32, f16}, "operand 1"},
		{"add(x0,x1)", []*tensor.Tensor{f32}, "1 operands for a program of 2"},
		{"add(x0,x1)", []*tensor.Tensor{f32, tensor.New(tensor.Float32, 4)}, "broadcast"},
		{"where(x0,x1,0)", []*tensor.Tensor{f32, f32}, "want bool"},
		{"neg(x0)", []*tensor.Tensor{tensor.New(tensor.Float64, 3)}, "operand 0"},
		{"neg(y0)", []*tensor.Tensor{f32}, "program"},
	} {
		err := Elementwise(&Ctx{}, &tensor.Tensor{}, &attr.Elementwise{Program: tt.program}, tt.xs...)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s of %v: error %v, want %q", tt.program, tt.xs, err, tt.want)
		}
	}
}

func TestChainAllocatesNothing(t *testing.T) {
	pool := par.New(2)
	defer pool.Close()
	c, rng := NewCtx(pool), rand.New(rand.NewPCG(10, 3))
	a := &attr.Elementwise{Program: "t0=mul(x0,x1);t1=silu(t0);t2=add(t1,x2);mul(t2,0.5)"}
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float16} {
		for _, n := range []int{3, 300} {
			x, y, w := normals(rng, d, 3000/n, 10, n), normals(rng, d, n), normals(rng, d, 10, 1)
			var z tensor.Tensor
			if got := testing.AllocsPerRun(50, func() { _ = Elementwise(c, &z, a, x, y, w) }); got >= 1 && !underRace {
				t.Errorf("%s, runs of %d: %g allocations", d, n, got)
			}
		}
	}
}

func BenchmarkChain(b *testing.B) {
	c := NewCtx(par.New(1))
	rng := rand.New(rand.NewPCG(9, 9))
	x, y, w := normals(rng, tensor.Float32, 512, 768), normals(rng, tensor.Float32, 512, 768), normals(rng, tensor.Float32, 768)
	var z tensor.Tensor
	for _, program := range []string{"t0=add(x0,x1);mul(t0,x2)", "t0=add(x0,x1);t1=mul(t0,x2);t2=add(t1,x0);t3=relu(t2);mul(t3,0.5)", "t0=silu(x0);mul(t0,x1)"} {
		a := &attr.Elementwise{Program: program}
		code, err := a.Chain()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(program, func(b *testing.B) {
			for b.Loop() {
				if err := Elementwise(c, &z, a, []*tensor.Tensor{x, y, w}[:code.Operands]...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(x.Len())*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gelem/s")
		})
	}
	b.Run("the first as two operators", func(b *testing.B) {
		var s tensor.Tensor
		for b.Loop() {
			if Add(c, &s, x, y) != nil || Mul(c, &z, &s, w) != nil {
				b.Fatal("failed")
			}
		}
		b.ReportMetric(float64(x.Len())*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gelem/s")
	})
}

package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/catalog"
	"github.com/parallax-go/parallax/kernels/cpu"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/runtime/host"
	"github.com/parallax-go/parallax/runtime/rt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func shaped(d tensor.DType, shape string) ir.Type {
	s, err := sym.ParseShape(shape)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return ir.TensorOf(d, s)
}

// build makes a graph of the nodes that f makes; its results are the outputs.
func build(t testing.TB, f func(g *ir.Graph, b *ir.Builder) []*ir.Value) *ir.Graph {
	t.Helper()
	g := ir.NewGraph("test")
	fill(t, g, f)
	return g
}

func fill(t testing.TB, g *ir.Graph, f func(g *ir.Graph, b *ir.Builder) []*ir.Value) {
	t.Helper()
	b := ir.NewBuilder(g)
	outputs := f(g, b)
	if b.Err() != nil {
		t.Fatal(b.Err())
	}
	b.Commit(nil)
	for _, v := range outputs {
		g.AddOutput(v)
	}
}

// open makes a session, which is closed when the test ends.
func open(t testing.TB, g *ir.Graph, target kernels.Target, o Options) *Session {
	t.Helper()
	p, err := codegen.Lower(g, codegen.Options{Catalog: catalog.New(), Target: target})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(p, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// random makes a tensor of small values, reproducible by seed.
func random(seed uint64, shape ...int) *tensor.Tensor {
	r := rand.New(rand.NewPCG(seed, 7))
	t := tensor.New(tensor.Float32, shape...)
	for i := range t.Len() {
		t.SetFloat(i, r.Float64()*2-1)
	}
	return t
}

// block is one layer of an encoder: product, normalisation, attention by hand.
func block(t testing.TB) *ir.Graph {
	return build(t, func(g *ir.Graph, b *ir.Builder) []*ir.Value {
		x := g.NewInput("x", shaped(tensor.Float32, "[batch, seq, 8]"))
		w := b.Const(random(1, 8, 24))
		qkv := b.Ops(op.Split, &attr.Axis{Axis: 2}, 3, b.Op(op.MatMul, nil, x, w), b.Ints(8, 8, 8))
		size := b.Op(op.Shape, &attr.Shape{Start: 0, End: 2}, x)
		heads := func(v *ir.Value) *ir.Value {
			split := b.Op(op.Reshape, &attr.Reshape{}, v, b.Op(op.Concat, &attr.Axis{}, size, b.Ints(2, 4)))
			return b.Op(op.Transpose, &attr.Transpose{Perm: []int{0, 2, 1, 3}}, split)
		}
		scores := b.Op(op.MatMul, nil, heads(qkv[0]), b.Op(op.Transpose, &attr.Transpose{Perm: []int{0, 1, 3, 2}}, heads(qkv[1])))
		p := b.Op(op.Softmax, &attr.Axis{Axis: -1}, scores)
		o := b.Op(op.Transpose, &attr.Transpose{Perm: []int{0, 2, 1, 3}}, b.Op(op.MatMul, nil, p, heads(qkv[2])))
		flat := b.Op(op.Reshape, &attr.Reshape{}, o, b.Op(op.Concat, &attr.Axis{}, size, b.Ints(8)))
		y := b.Op(op.Add, nil, x, flat)
		y.Name = "y"
		return []*ir.Value{y}
	})
}

var targets = []kernels.Target{kernels.Ref, kernels.CPU}

// check compares a session's outputs with those of the reference evaluator.
func check(t *testing.T, g *ir.Graph, s *Session, in ...*tensor.Tensor) {
	t.Helper()
	want, err := eval.Graph(g, in)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*tensor.Tensor{}
	for i, v := range g.Inputs {
		byName[v.Name] = in[i]
	}
	got, err := s.Run(t.Context(), byName)
	if err != nil {
		t.Fatal(err)
	}
	for i := range g.Outputs() {
		if err := near(got[g.OutputName(i)], want[i]); err != nil {
			t.Errorf("output %q: %v", g.OutputName(i), err)
		}
	}
}

// near allows for sums of a few dozen float32 products in another order.
func near(got, want *tensor.Tensor) error {
	if got.DType != want.DType || !tensor.SameShape(got.Shape, want.Shape) {
		return fmt.Errorf("got %s, want %s", got, want)
	}
	if got.DType == tensor.String || !got.DType.IsFloat() {
		if !got.Equal(want) {
			return fmt.Errorf("contents differ")
		}
		return nil
	}
	for i := range got.Len() {
		if a, b := got.FloatAt(i), want.FloatAt(i); a-b > 1e-5 || b-a > 1e-5 || a != a != (b != b) {
			return fmt.Errorf("element %d is %v, want %v", i, a, b)
		}
	}
	return nil
}

func TestRunOfEverySize(t *testing.T) {
	for _, target := range targets {
		g := block(t)
		s := open(t, g, target, Options{})
		for _, size := range [][2]int{{1, 1}, {2, 5}, {3, 0}, {2, 17}, {1, 2}, {2, 17}} {
			check(t, g, s, random(uint64(size[1]), size[0], size[1], 8))
		}
	}
}

func TestSameBitsEveryTime(t *testing.T) {
	s := open(t, block(t), kernels.CPU, Options{})
	var wg sync.WaitGroup
	x := random(3, 2, 33, 8)
	first, err := s.Run(t.Context(), map[string]*tensor.Tensor{"x": x})
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		wg.Go(func() {
			for range 5 {
				out, err := s.Run(context.Background(), map[string]*tensor.Tensor{"x": x})
				if err != nil || !out["y"].Equal(first["y"]) {
					t.Errorf("another run gave other bits, or failed: %v", err)
				}
			}
		})
	}
	wg.Wait()
}

func TestWrongInputs(t *testing.T) {
	s := open(t, block(t), kernels.Ref, Options{})
	tests := []struct {
		name string
		in   map[string]*tensor.Tensor
		err  error
		text string
	}{
		{"missing", nil, rt.ErrInputMissing, `input "x": input is missing, want f32[batch,seq,8]`},
		{"nil", map[string]*tensor.Tensor{"x": nil}, rt.ErrInputMissing, `input "x": input is missing, want f32[batch,seq,8]`},
		{"unknown", map[string]*tensor.Tensor{"x": random(1, 1, 1, 8), "z": random(1)}, rt.ErrInputUnknown, `input "z": there is no such input (the inputs are ["x"])`},
		{"type", map[string]*tensor.Tensor{"x": tensor.New(tensor.Int64, 1, 1, 8)}, rt.ErrInputType, `input "x": wrong element type: got i64[1,1,8], want f32[batch,seq,8]`},
		{"shape", map[string]*tensor.Tensor{"x": random(1, 1, 1, 9)}, rt.ErrInputShape, `input "x": wrong shape: got f32[1,1,9], want f32[batch,seq,8] (axis 2 is 9, want 8)`},
	}
	for _, test := range tests {
		_, err := s.Run(t.Context(), test.in)
		if !errors.Is(err, rt.ErrInput) || !errors.Is(err, test.err) || err.Error() != test.text {
			t.Errorf("%s: got error %v, want %s", test.name, err, test.text)
		}
	}
	x := map[string]*tensor.Tensor{"x": random(1, 1, 1, 8)}
	if err := s.RunInto(t.Context(), x, nil); !errors.Is(err, rt.ErrOutput) {
		t.Errorf("no output tensor: got error %v", err)
	}
}

// TestRunIntoAllocatesNothing uses kernels that allocate nothing themselves.
func TestRunIntoAllocatesNothing(t *testing.T) {
	table := only("ref.Relu", func(_ *cpu.Ctx, _ any, out, in []*tensor.Tensor) error {
		out[0].Reset(tensor.Float32, in[0].Shape...)
		copy(out[0].Bytes(), in[0].Bytes())
		return nil
	})
	s := open(t, chain(t, 10), kernels.Ref, Options{Kernels: table})
	in := map[string]*tensor.Tensor{"x": random(1, 3, 4)}
	out := map[string]*tensor.Tensor{"y": {}}
	allocs := testing.AllocsPerRun(100, func() {
		if err := s.RunInto(context.Background(), in, out); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations per run, want 0", allocs)
	}
}

// only is a table of one kernel.
func only(id string, f host.Func) *host.Table {
	return &host.Table{Kernels: map[string]host.Func{id: f}}
}

// chain is n Relus one after the other.
func chain(t testing.TB, n int) *ir.Graph {
	return build(t, func(g *ir.Graph, b *ir.Builder) []*ir.Value {
		v := g.NewInput("x", shaped(tensor.Float32, "[n, 4]"))
		for range n {
			v = b.Op(op.Relu, nil, v)
		}
		v.Name = "y"
		return []*ir.Value{v}
	})
}

// BenchmarkStep measures what a step costs beyond its kernel: here one that does
// nothing but give its output a shape.
func BenchmarkStep(b *testing.B) {
	const steps = 1000
	table := only("ref.Relu", func(_ *cpu.Ctx, _ any, out, in []*tensor.Tensor) error {
		out[0].Reset(tensor.Float32, in[0].Shape...)
		return nil
	})
	for _, moving := range []bool{false, true} {
		b.Run(fmt.Sprintf("moving=%t", moving), func(b *testing.B) {
			s := open(b, chain(b, steps), kernels.Ref, Options{Kernels: table})
			sizes := []map[string]*tensor.Tensor{{"x": random(1, 3, 4)}, {"x": random(1, 3, 4)}}
			if moving {
				sizes[1]["x"] = random(1, 2, 4)
			}
			out := map[string]*tensor.Tensor{"y": {}}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := s.RunInto(ctx, sizes[i%2], out); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/steps, "ns/step")
		})
	}
}

func TestHookSeesEveryStep(t *testing.T) {
	steps, outputs := map[string]int{}, 0
	s := open(t, block(t), kernels.Ref, Options{Hook: func(e Event) {
		steps[e.Step.Op]++
		for _, t := range e.Outputs {
			if t != nil && t.DType.Valid() {
				outputs++
			}
		}
	}})
	if _, err := s.Run(t.Context(), map[string]*tensor.Tensor{"x": random(1, 2, 3, 8)}); err != nil {
		t.Fatal(err)
	}
	if steps["MatMul"] != 3 || steps["Softmax"] != 1 || outputs < 8 {
		t.Errorf("the hook saw %v and %d outputs", steps, outputs)
	}
}

func TestCancelledRun(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := open(t, chain(t, 20), kernels.Ref, Options{Hook: func(Event) { cancel() }})
	_, err := s.Run(ctx, map[string]*tensor.Tensor{"x": random(1, 1, 4)})
	if !errors.Is(err, rt.ErrCancelled) || !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want ErrCancelled and context.Canceled", err)
	}
}

package attention

import (
	"fmt"
	"math"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu"
	"github.com/parallax-go/parallax/kernels/par"
	"github.com/parallax-go/parallax/kernels/ref"
)

// streaming is a kernel of attention.
type streaming func(c *cpu.Ctx, o, presentK, presentV *tensor.Tensor, a *attr.Attention, in ...*tensor.Tensor) error

// streamed is [streaming.run] for the kernel in f32.
func streamed(t *testing.T, name string, a *attr.Attention, in []*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	return streaming(cpu.Parallax).run(t, name, a, in)
}

// run runs a kernel with 1, 2, 3 and 7 threads and checks that the bits agree.
func (kernel streaming) run(t *testing.T, name string, a *attr.Attention, in []*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	var first []*tensor.Tensor
	for _, c := range contexts(t) {
		out := []*tensor.Tensor{{}, nil, nil}
		if a.HasPresent {
			out[1], out[2] = &tensor.Tensor{}, &tensor.Tensor{}
		}
		if err := kernel(c, out[0], out[1], out[2], a, in...); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = out[:a.Outputs()]
		if first == nil {
			first = out
			continue
		}
		for i := range out {
			if !out[i].Equal(first[i]) {
				t.Fatalf("%s: output %d: %d threads give other bits than 1", name, i, c.Pool.Threads())
			}
		}
	}
	return first
}

var shared []*cpu.Ctx

// contexts returns a context for each count of threads; all tests share them,
// so that scratch is dirty.
func contexts(t testing.TB) []*cpu.Ctx {
	if shared == nil {
		for _, n := range []int{1, 2, 3, 7} {
			shared = append(shared, cpu.NewCtx(par.New(n)))
		}
	}
	return shared
}

func TestStreamingOnFixtures(t *testing.T) {
	for _, f := range fixtures(t) {
		if f.Kind != "parallax" {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			a, in := f.spec(tensor.Float32)
			checkNear(t, "o", streamed(t, f.Name, a, in)[0], f.arrays["o_ref"], f.Tol.F32)
			plain, operands := withoutProbe(a, in)
			checkNear(t, "o_softmax", streamed(t, f.Name, plain, operands)[0], f.arrays["o_softmax"], f.Tol.F32)
			if d := f.dtype(); d != tensor.Float32 {
				a, in = f.spec(d)
				checkNear(t, d.String(), streamed(t, f.Name, a, in)[0], f.arrays["o_ref"], f.Tol.Low)
			}
		})
	}
}

// The state after all keys, and those of the recorded splits.
func TestStatesOnFixtures(t *testing.T) {
	for _, f := range fixtures(t) {
		if f.Kind != "parallax" {
			continue
		}
		a, in := f.spec(tensor.Float32)
		c := contexts(t)[0]
		whole := partial(t, c, a, 0, f.Lkv, in)
		checkState(t, f, f.Name, whole, "", 0)
		if f.Splits == nil {
			continue
		}
		var merged *cpu.State
		for s := range len(f.Splits) - 1 {
			part := partial(t, c, a, f.Splits[s], f.Splits[s+1], in)
			checkState(t, f, fmt.Sprintf("%s, split %d", f.Name, s), part, "split_", s)
			if merged == nil {
				merged = part
			} else if err := merged.Merge(part); err != nil {
				t.Fatal(err)
			}
		}
		checkState(t, f, f.Name+", merged", merged, "", 0)
		var o tensor.Tensor
		if err := cpu.ParallaxFinish(c, &o, merged, a, in...); err != nil {
			t.Fatal(err)
		}
		checkNear(t, f.Name+", merged", &o, f.arrays["o_ref"], f.Tol.F32)
	}
}

func partial(t *testing.T, c *cpu.Ctx, a *attr.Attention, from, to int, in []*tensor.Tensor) *cpu.State {
	t.Helper()
	s := &cpu.State{}
	if err := cpu.ParallaxPartial(c, s, a, from, to, in...); err != nil {
		t.Fatal(err)
	}
	return s
}

// checkState compares with the arrays prefix+m, …, entry number entry of them.
func checkState(t *testing.T, f fixture, name string, s *cpu.State, prefix string, entry int) {
	t.Helper()
	entryOf := func(array string, like *tensor.Tensor) *tensor.Tensor {
		all := f.arrays[prefix+array]
		if all == nil || prefix == "" {
			return all
		}
		n := like.Len()
		return tensor.Of(like.Shape, tensor.Data[float32](all)[entry*n:][:n])
	}
	checkNear(t, name+": m", &s.M, entryOf("m", &s.M), f.Tol.M)
	checkNear(t, name+": d2", &s.D2, entryOf("d2", &s.D2), f.Tol.D2)
	d1 := entryOf("d1", &s.D1)
	for i := range d1.Len() {
		if got, want := s.D1.FloatAt(i), d1.FloatAt(i); math.Abs(got-want) > f.Tol.RelD*want {
			t.Errorf("%s: d1 %d is %g, want %g", name, i, got, want)
		}
	}
	// Sums of the same kind as d1 and d2, over values of unit size.
	if o1 := entryOf("o1", &s.O1); o1 != nil {
		checkNear(t, name+": O1", &s.O1, o1, 10*f.Tol.F32)
		checkNear(t, name+": O2", &s.O2, entryOf("o2", &s.O2), 10*f.Tol.D2)
	}
}

// Every feature against the reference. Errors grow with the weights, which for
// Parallax may be far above 1: the tolerance follows the sum of their sizes.
func TestStreamingOnGrid(t *testing.T) {
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
		g := newGenerator(uint64(11 + d))
		for i := range 300 {
			c := g.next(i, false)
			if d != tensor.Float32 {
				c = narrowed(c, d)
			}
			want := evalReference(t, c)
			got := streamed(t, c.name, c.a, c.in)
			checkNear(t, c.name, got[0], want[0], gridTolerance(d, want[0]))
			for k := 1; k < len(got); k++ {
				if !got[k].Equal(want[k]) {
					t.Errorf("%s: output %d differs", c.name, k)
				}
			}
			if t.Failed() {
				return
			}
		}
	}
}

// gridTolerance is 2e-5 of the greatest element and of the values that were
// summed, and the rounding of the result to its type; f16 rounds the scores of
// filled rows, which moves them by up to 2⁻¹⁰ of 16.
func gridTolerance(d tensor.DType, want *tensor.Tensor) float64 {
	top := 4.0
	for i := range want.Len() {
		if x := math.Abs(want.FloatAt(i)); !math.IsNaN(x) {
			top = max(top, x)
		}
	}
	switch d {
	case tensor.Float16:
		return 2e-5*top + top/1024
	case tensor.BFloat16:
		return 2e-5*top + top/128
	}
	return 2e-5 * top
}

// narrowed rounds the rows of a case to type d. Filled rows are left out: there
// one unit of a 16-bit score decides.
func narrowed(c gridCase, d tensor.DType) gridCase {
	at := c.a.Operands()
	if c.a.EmptyRow == attr.EmptyRowFilled {
		c.a.EmptyRow = attr.EmptyRowZero
	}
	in := append([]*tensor.Tensor{}, c.in...)
	for _, i := range []int{at.Q, at.K, at.V, at.R, at.PastK, at.PastV} {
		if i >= 0 {
			in[i] = cast(in[i], d)
		}
	}
	return gridCase{c.name + " " + d.String(), c.a, in}
}

// A sequence gives the same bits alone as in a batch, and with few queries as
// with many.
func TestStreamingDoesNotDependOnBatch(t *testing.T) {
	g := newGenerator(5)
	a := attr.New[attr.Attention]()
	a.Heads, a.KVHeads, a.Scale, a.Probe, a.HasProbe = 4, 2, 0.25, attr.ProbeLearned, true
	a.Causal = attr.CausalBottomRight
	q, k, v, r := g.floats(3, 4, 37, 16), g.floats(3, 2, 1100, 16), g.floats(3, 2, 1100, 24), g.floats(3, 4, 37, 16)
	whole := streamed(t, "batch", a, []*tensor.Tensor{q, k, v, r})[0]
	for b := range 3 {
		own := func(x *tensor.Tensor) *tensor.Tensor { return part(x, b, 0, x.Shape[2]) }
		alone := streamed(t, "alone", a, []*tensor.Tensor{own(q), own(k), own(v), own(r)})[0]
		if !alone.Equal(own(whole)) {
			t.Errorf("entry %d alone gives other bits than in a batch", b)
		}
		last := func(x *tensor.Tensor) *tensor.Tensor { return part(x, b, x.Shape[2]-1, x.Shape[2]) } // of the queries
		decoded := streamed(t, "decode", a, []*tensor.Tensor{last(q), own(k), own(v), last(r)})[0]
		if !decoded.Equal(last(whole)) {
			t.Errorf("entry %d: the last query alone gives other bits", b)
		}
	}
}

// Keys that positions hide are not read into sums, whatever they hold.
func TestStreamingIgnoresPadding(t *testing.T) {
	for _, f := range fixtures(t) {
		if f.Kind != "parallax" || f.Lengths == nil {
			continue
		}
		a, in := f.spec(tensor.Float32)
		for _, i := range []int{1, 2} {
			x := in[i].Clone()
			row := x.Shape[3]
			for at := range x.Len() / row {
				b, j := at/(x.Shape[1]*x.Shape[2]), at%x.Shape[2]
				if int64(j) >= f.Lengths[b] {
					for d := range row {
						x.SetFloat(at*row+d, math.NaN())
					}
				}
			}
			in[i] = x
		}
		checkNear(t, f.Name, streamed(t, f.Name, a, in)[0], f.arrays["o_ref"], f.Tol.F32)
	}
}

func TestStreamingAccepts(t *testing.T) {
	exact, uniform := attr.New[attr.Attention](), attr.New[attr.Attention]()
	exact.Probe, uniform.Weights = attr.ProbeExact, attr.WeightsUniform
	f32 := tensor.Float32
	for name, err := range map[string]error{
		"exact":   cpu.ParallaxAccepts(exact, f32, f32, f32),
		"uniform": cpu.ParallaxAccepts(uniform, f32, f32, f32),
		"f64":     cpu.ParallaxAccepts(attr.New[attr.Attention](), tensor.Float64, tensor.Float64, tensor.Float64),
	} {
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if err := cpu.ParallaxAccepts(attr.New[attr.Attention](), f32, f32, f32); err != nil {
		t.Error(err)
	}
}

func TestStreamingAllocatesNothing(t *testing.T) {
	g := newGenerator(6)
	a := attr.New[attr.Attention]()
	a.Heads, a.KVHeads, a.Scale, a.Causal, a.Biases = 4, 2, 0.25, attr.CausalBottomRight, 1
	in := []*tensor.Tensor{g.floats(1, 4, 40, 16), g.floats(1, 2, 600, 16), g.floats(1, 2, 600, 16), g.floats(600)}
	var o tensor.Tensor
	c := contexts(t)[1]
	// Below 1, not 0: a garbage collection may empty the pool's list of jobs.
	if n := testing.AllocsPerRun(20, func() { _ = cpu.Parallax(c, &o, nil, nil, a, in...) }); n >= 1 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkAttention(b *testing.B) {
	g := newGenerator(1)
	for _, s := range []struct {
		name                string
		heads, kv, t, s, d  int
		causal, probe, slow bool
	}{
		{"prefill-128", 12, 12, 128, 128, 64, false, false, true},
		{"prefill-128-parallax", 12, 12, 128, 128, 64, false, true, true},
		{"causal-512", 12, 12, 512, 512, 64, true, false, false},
		{"decode-4096", 8, 8, 1, 4096, 64, true, false, false},
		{"decode-4096-parallax", 8, 8, 1, 4096, 64, true, true, false},
		{"decode-4096-grouped", 32, 8, 1, 4096, 64, true, false, false},
	} {
		a := attr.New[attr.Attention]()
		a.Heads, a.KVHeads, a.Scale = s.heads, s.kv, 0.125
		in := []*tensor.Tensor{g.floats(1, s.heads, s.t, s.d), g.floats(1, s.kv, s.s, s.d), g.floats(1, s.kv, s.s, s.d)}
		flops := 4 * s.heads * s.t * s.s * s.d
		if s.causal {
			a.Causal = attr.CausalBottomRight
			flops = flops * (2*s.s - s.t + 1) / (2 * s.s)
		}
		if s.probe {
			a.Probe, a.HasProbe, flops = attr.ProbeLearned, true, 2*flops
			in = append(in, g.floats(1, s.heads, s.t, s.d))
		}
		var o tensor.Tensor
		run := func(name string, f func() error) {
			b.Run(s.name+"/"+name, func(b *testing.B) {
				for b.Loop() {
					if err := f(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(flops)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
		run("1", func() error { return cpu.Parallax(contexts(b)[0], &o, nil, nil, a, in...) })
		run("2", func() error { return cpu.Parallax(contexts(b)[1], &o, nil, nil, a, in...) })
		if s.slow {
			run("reference", func() error { return ref.Parallax(&o, nil, nil, a, in...) })
		}
	}
}

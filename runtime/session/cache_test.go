package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/text"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/catalog"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/std"
	"github.com/parallax-go/parallax/runtime/rt"
)

// cacheForms are steps of attention, the keys and values of which lie in the
// file in different ways; p is the past.
var cacheForms = []struct {
	name   string
	caches int // in place; 0: the state has two buffers
	src    string
}{
	{"heads first", 2, `graph {
  input %x : f32[b,4,t,8]
  input %past_k : f32[b,2,p,8]
  input %past_v : f32[b,2,p,8]
  %k, %v = Split(%x, i64 = [2, 2]) {axis=1}
  %present_k = Concat(%past_k, %k) {axis=2}
  %present_v = Concat(%past_v, %v) {axis=2}
  %o = ai.parallax.Parallax(%x, %present_k, %present_v) {heads=4, kv_heads=2, scale=0.5, causal=bottom_right}
  output %o
  output %present_k
  output %present_v
}`},
	{"half precision", 2, `graph {
  input %x : f16[b,4,t,8]
  input %past_k : f16[b,4,p,8]
  input %past_v : f16[b,4,p,8]
  %v = Neg(%x)
  %present_k = Concat(%past_k, %x) {axis=2}
  %present_v = Concat(%past_v, %v) {axis=2}
  %o = ai.parallax.Parallax(%x, %present_k, %present_v) {heads=4, kv_heads=4, scale=0.5}
  output %o
  output %present_k
  output %present_v
}`},
	{"positions first, keys transposed", 2, `graph {
  input %x : f32[b,t,4,8]
  input %past_k : f32[b,4,8,p]
  input %past_v : f32[b,p,4,8]
  %kt = Transpose(%x) {perm=[0,2,3,1]}
  %q = Transpose(%x) {perm=[0,2,1,3]}
  %present_k = Concat(%past_k, %kt) {axis=3}
  %present_v = Concat(%past_v, %x) {axis=1}
  %k = Transpose(%present_k) {perm=[0,1,3,2]}
  %v = Transpose(%present_v) {perm=[0,2,1,3]}
  %o = ai.parallax.Parallax(%q, %k, %v) {heads=4, kv_heads=4, scale=0.5, causal=bottom_right}
  output %o
  output %present_k
  output %present_v
}`},
	{"packed", 2, `graph {
  input %x : f32[b,t,16]
  input %past_k : f32[b,p,16]
  input %past_v : f32[b,p,16]
  %v = Neg(%x)
  %present_k = Concat(%past_k, %x) {axis=1}
  %present_v = Concat(%past_v, %v) {axis=1}
  %o = ai.parallax.Parallax(%x, %present_k, %present_v) {heads=2, kv_heads=2, scale=0.5, layout=bsd}
  output %o
  output %present_k
  output %present_v
}`},
	{"stacked", 2, `graph {
  input %x : f32[b,4,t,8]
  input %past : f32[2,b,4,p,8]
  %past_k = Gather(%past, i64 = 0)
  %past_v = Gather(%past, i64 = 1)
  %v = Neg(%x)
  %ks = Concat(%past_k, %x) {axis=2}
  %vs = Concat(%past_v, %v) {axis=2}
  %o = ai.parallax.Parallax(%x, %ks, %vs) {heads=4, kv_heads=4, scale=0.5, causal=bottom_right}
  %k5 = Unsqueeze(%ks, i64 = [0])
  %v5 = Unsqueeze(%vs, i64 = [0])
  %present = Concat(%k5, %v5)
  output %o
  output %present
}`},
	{"stacked and split", 2, `graph {
  input %x : f32[b,4,t,8]
  input %past : f32[2,b,4,p,8]
  %k5, %v5 = Split(%past, i64 = [1, 1])
  %past_k = Squeeze(%k5, i64 = [0])
  %past_v = Squeeze(%v5, i64 = [0])
  %v = Neg(%x)
  %ks = Concat(%past_k, %x) {axis=2}
  %vs = Concat(%past_v, %v) {axis=2}
  %o = ai.parallax.Parallax(%x, %ks, %vs) {heads=4, kv_heads=4, scale=0.5, causal=bottom_right}
  %ku = Unsqueeze(%ks, i64 = [0])
  %vu = Unsqueeze(%vs, i64 = [0])
  %present = Concat(%ku, %vu)
  output %o
  output %present
}`},
	{"written out", 2, `graph {
  input %x : f32[b,t,32]
  input %past_k : f32[b,4,p,8]
  input %past_v : f32[b,4,p,8]
  %x4 = Reshape(%x, i64 = [0, 0, 4, 8])
  %q = Transpose(%x4) {perm=[0,2,1,3]}
  %v = Neg(%q)
  %present_k = Concat(%past_k, %q) {axis=2}
  %present_v = Concat(%past_v, %v) {axis=2}
  %kt = Transpose(%present_k) {perm=[0,1,3,2]}
  %s = MatMul(%q, %kt)
  %scaled = Mul(%s, f32 = 0.35)
  %w = Softmax(%scaled)
  %y = MatMul(%w, %present_v)
  %yt = Transpose(%y) {perm=[0,2,1,3]}
  %o = Reshape(%yt, i64 = [0, 0, 32])
  output %o
  output %present_k
  output %present_v
}`},
	{"heads in the batch", 0, `graph {
  input %x : f32[b,4,t,8]
  input %past_k : f32[b*4,p,8]
  input %past_v : f32[b*4,p,8]
  %sizes = Shape(%x)
  %b = Slice(%sizes, i64 = [0], i64 = [1])
  %t = Slice(%sizes, i64 = [2], i64 = [3])
  %three = Concat(i64 = [-1], %t, i64 = [8])
  %k = Reshape(%x, %three)
  %v = Neg(%k)
  %present_k = Concat(%past_k, %k) {axis=1}
  %present_v = Concat(%past_v, %v) {axis=1}
  %four = Concat(%b, i64 = [4, -1, 8])
  %k4 = Reshape(%present_k, %four)
  %v4 = Reshape(%present_v, %four)
  %o = ai.parallax.Parallax(%x, %k4, %v4) {heads=4, kv_heads=4, scale=0.5}
  output %o
  output %present_k
  output %present_v
}`},
	{"the past is read", 0, `graph {
  input %x : f32[b,4,t,8]
  input %past_k : f32[b,4,p,8]
  input %past_v : f32[b,4,p,8]
  %v = Neg(%x)
  %present_k = Concat(%past_k, %x) {axis=2}
  %present_v = Concat(%past_v, %v) {axis=2}
  %o1 = ai.parallax.Parallax(%x, %present_k, %present_v) {heads=4, kv_heads=4, scale=0.5}
  %sum = ReduceSum(%past_k, i64 = [2])
  %o = Add(%o1, %sum)
  output %o
  output %present_k
  output %present_v
}`},
	{"the present is read", 0, `graph {
  input %x : f32[b,4,t,8]
  input %past_k : f32[b,4,p,8]
  input %past_v : f32[b,4,p,8]
  %v = Neg(%x)
  %present_k = Concat(%past_k, %x) {axis=2}
  %present_v = Concat(%past_v, %v) {axis=2}
  %o1 = ai.parallax.Parallax(%x, %present_k, %present_v) {heads=4, kv_heads=4, scale=0.5}
  %most = ReduceMax(%present_k, i64 = [2])
  %o = Add(%o1, %most)
  output %o
  output %present_k
  output %present_v
}`},
}

// cached parses a form and compiles it.
func cached(t testing.TB, src string) *ir.Graph {
	t.Helper()
	g, err := text.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := passes.Run(context.Background(), g, std.Passes(), &passes.Options{Verify: true}); err != nil {
		t.Fatal(err)
	}
	return g
}

// TestCaches drives states at random through everything that can be done with
// them, and compares with runs that are handed the past.
func TestCaches(t *testing.T) {
	for _, form := range cacheForms {
		t.Run(form.name, func(t *testing.T) {
			var d *driver
			s := open(t, cached(t, form.src), kernels.CPU, Options{Hook: func(e Event) {
				for _, x := range slices.Concat(e.Inputs, e.Outputs) {
					if x != nil && x.Len() > 0 {
						x.FloatAt(x.Len() - 1) // all that is told of is there
					}
				}
				d.cancel()
			}})
			if n := len(s.Program().Caches); n != form.caches {
				t.Fatalf("%d caches in place, want %d\n%s", n, form.caches, s.Program())
			}
			for seed := range uint64(12) {
				d = newDriver(t, s, seed)
				d.drive(25)
			}
		})
	}
}

// driver has a state and, beside it, what it should hold.
type driver struct {
	t     *testing.T
	s     *Session
	rng   *rand.Rand
	state *State
	past  map[string]*tensor.Tensor // by input
	batch int
	done  []string
	// cancel is called after every kernel.
	cancel context.CancelFunc
}

func newDriver(t *testing.T, s *Session, seed uint64) *driver {
	d := &driver{t: t, s: s, rng: rand.New(rand.NewPCG(seed, 9)), batch: 2, cancel: func() {}}
	var err error
	if d.state, err = s.NewState(); err != nil {
		t.Fatal(err)
	}
	d.reset()
	return d
}

// bindings are the sizes of a step of n positions after p.
func (d *driver) bindings(n, p int) map[string]int64 {
	return map[string]int64{"b": int64(d.batch), "t": int64(n), "p": int64(p)}
}

func (d *driver) tensor(p codegen.Port, sizes map[string]int64) *tensor.Tensor {
	shape, err := p.Type.Shape.Eval(sizes)
	if err != nil {
		d.t.Fatal(err)
	}
	x := tensor.New(p.Type.DType, shape...)
	for i := range x.Len() {
		x.SetFloat(i, d.rng.NormFloat64())
	}
	return x
}

func (d *driver) reset() {
	d.past = map[string]*tensor.Tensor{}
	for _, p := range d.s.Program().States {
		in := d.s.Inputs()[p.Input]
		d.past[in.Name] = d.tensor(in, d.bindings(1, 0))
	}
}

func (d *driver) drive(actions int) {
	for range actions {
		switch action := d.rng.IntN(11); {
		case action < 5:
			d.step()
		case action == 5:
			d.fail()
		case action == 6:
			d.truncate()
		case action == 7:
			d.reorder()
		case action == 8:
			d.done = append(d.done, "clone")
			clone := d.state.Clone()
			d.scribble()
			d.state = clone
		case action == 9:
			d.done = append(d.done, "continuation")
			d.scribble()
			if err := d.state.Continue(d.past); err != nil {
				d.t.Fatal(err)
			}
		default:
			d.done = append(d.done, "reset")
			d.state.Reset()
			d.batch = 1 + d.rng.IntN(3)
			d.reset()
		}
		d.compare()
		if d.t.Failed() {
			d.t.Fatalf("after %s", strings.Join(d.done, ", "))
		}
	}
}

func (d *driver) step() {
	n := 1 + d.rng.IntN(3)*d.rng.IntN(12)
	d.done = append(d.done, fmt.Sprintf("step of %d", n))
	x := d.tensor(d.s.Inputs()[0], d.bindings(n, 0))
	got, err := d.state.Run(context.Background(), map[string]*tensor.Tensor{"x": x})
	if err != nil {
		d.t.Fatal(err)
	}
	all := map[string]*tensor.Tensor{"x": x}
	for name, past := range d.past {
		all[name] = past
	}
	want, err := d.s.Run(context.Background(), all)
	if err != nil {
		d.t.Fatal(err)
	}
	if !got["o"].Equal(want["o"]) {
		d.t.Error("the step gives another result")
	}
	for _, p := range d.s.Program().States {
		d.past[d.s.Inputs()[p.Input].Name] = want[d.s.Outputs()[p.Output].Name]
	}
}

// scribble goes on with a state that is given up: a clone must not see it.
func (d *driver) scribble() {
	x := d.tensor(d.s.Inputs()[0], d.bindings(2, 0))
	if _, err := d.state.Run(context.Background(), map[string]*tensor.Tensor{"x": x}); err != nil {
		d.t.Fatal(err)
	}
}

// fail runs a step that is cancelled on the way, the attention being the last
// kernel or one of the last.
func (d *driver) fail() {
	d.done = append(d.done, "failing step")
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	defer func() { d.cancel = func() {} }()
	x := d.tensor(d.s.Inputs()[0], d.bindings(3, 0))
	if _, err := d.state.Run(ctx, map[string]*tensor.Tensor{"x": x}); !errors.Is(err, rt.ErrCancelled) {
		d.t.Errorf("error %v, want a cancelled run", err)
	}
}

func (d *driver) truncate() {
	n := d.rng.IntN(d.state.Len() + 1)
	d.done = append(d.done, fmt.Sprintf("truncation to %d", n))
	if err := d.state.Truncate(n); err != nil {
		d.t.Fatal(err)
	}
	for _, p := range d.s.Program().States {
		name := d.s.Inputs()[p.Input].Name
		d.past[name] = taken(d.past[name], p.Axis, n, func(i int) int { return i })
	}
}

// reorder is meant for states whose batch is the first axis, or the second of
// stacks in place.
func (d *driver) reorder() {
	for _, past := range d.past {
		if d.state.Len() == 0 || past.Shape[past.Rank()/5] != d.batch {
			return
		}
	}
	order := make([]int, 1+d.rng.IntN(3))
	for i := range order {
		order[i] = d.rng.IntN(d.batch)
	}
	d.done = append(d.done, fmt.Sprintf("order %d", order))
	if err := d.state.Reorder(order); err != nil {
		d.t.Fatal(err)
	}
	d.batch = len(order)
	for name, past := range d.past {
		d.past[name] = taken(past, past.Rank()/5, len(order), func(i int) int { return order[i] })
	}
}

func (d *driver) compare() {
	present := d.state.Present()
	for _, p := range d.s.Program().States {
		in, out := d.s.Inputs()[p.Input].Name, d.s.Outputs()[p.Output].Name
		if d.past[in].Shape[p.Axis] != d.state.Len() {
			d.t.Errorf("length %d, want %d", d.state.Len(), d.past[in].Shape[p.Axis])
		}
		if present != nil && !present[out].Equal(d.past[in]) {
			d.t.Errorf("%s is not as it should be", out)
		}
	}
}

// taken is x with entries from(0), …, from(n−1) along an axis.
func taken(x *tensor.Tensor, axis, n int, from func(i int) int) *tensor.Tensor {
	shape := slices.Clone(x.Shape)
	shape[axis] = n
	y := tensor.New(x.DType, shape...)
	inner := 1
	for _, m := range x.Shape[axis+1:] {
		inner *= m
	}
	for i := range y.Len() {
		outer, at, rest := i/(n*inner), i/inner%n, i%inner
		y.SetFloat(i, x.FloatAt((outer*x.Shape[axis]+from(at))*inner+rest))
	}
	return y
}

// TestStatesAtOnce: states of one model step at once, beside runs without state,
// and each gets what it gets alone.
func TestStatesAtOnce(t *testing.T) {
	s := open(t, cached(t, cacheForms[3].src), kernels.CPU, Options{})
	sequence := func(seed uint64) []*tensor.Tensor {
		var outs []*tensor.Tensor
		state, err := s.NewState()
		if err != nil {
			t.Error(err)
			return nil
		}
		for step := range 20 {
			x := random(seed*100+uint64(step), 1+int(seed)%2, 1+step%3, 16)
			out, err := state.Run(context.Background(), map[string]*tensor.Tensor{"x": x})
			if err != nil {
				t.Error(err)
				return nil
			}
			outs = append(outs, out["o"])
			plain := map[string]*tensor.Tensor{"x": x, "past_k": random(seed, x.Shape[0], 9, 16), "past_v": random(seed, x.Shape[0], 9, 16)}
			if _, err := s.Run(context.Background(), plain); err != nil {
				t.Error(err)
			}
		}
		return outs
	}
	var alone, together [6][]*tensor.Tensor
	for i := range alone {
		alone[i] = sequence(uint64(i))
	}
	var all sync.WaitGroup
	for i := range together {
		all.Go(func() { together[i] = sequence(uint64(i)) })
	}
	all.Wait()
	for i := range alone {
		for k := range alone[i] {
			if !together[i][k].Equal(alone[i][k]) {
				t.Fatalf("state %d, step %d: another result", i, k)
			}
		}
	}
}

func TestContinueRefuses(t *testing.T) {
	s := open(t, cached(t, cacheForms[0].src), kernels.CPU, Options{})
	state, err := s.NewState()
	if err != nil {
		t.Fatal(err)
	}
	x, good := random(1, 2, 4, 3, 8), random(2, 2, 2, 5, 8)
	want, err := state.Run(context.Background(), map[string]*tensor.Tensor{"x": x})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		past map[string]*tensor.Tensor
		want error
	}{
		{map[string]*tensor.Tensor{"past_k": good}, rt.ErrInputMissing},
		{map[string]*tensor.Tensor{"past_k": good, "past_v": random(1, 2, 2, 8)}, rt.ErrInputShape},
		{map[string]*tensor.Tensor{"past_k": good, "past_v": random(1, 2, 3, 5, 8)}, rt.ErrInputShape},
		{map[string]*tensor.Tensor{"past_k": good, "past_v": tensor.New(tensor.Float16, 2, 2, 5, 8)}, rt.ErrInputType},
	} {
		if err := state.Continue(c.past); !errors.Is(err, c.want) {
			t.Errorf("error %v, want %v", err, c.want)
		}
	}
	if err := state.Truncate(0); err != nil {
		t.Fatal(err)
	}
	got, err := state.Run(context.Background(), map[string]*tensor.Tensor{"x": x})
	if err != nil || !got["o"].Equal(want["o"]) {
		t.Errorf("error %v, or another result: the state has changed", err)
	}
	other := map[string]*tensor.Tensor{"past_k": good, "past_v": random(3, 2, 2, 4, 8)}
	if err := state.Continue(other); err != nil {
		t.Fatal(err)
	}
	if _, err := state.Run(context.Background(), map[string]*tensor.Tensor{"x": x}); !errors.Is(err, rt.ErrInput) {
		t.Errorf("caches of different lengths: error %v, want a wrong input", err)
	}
}

// decoder is one layer whose cache is long: what a step costs is what it reads.
const decoder = `graph {
  input %x : f32[b,8,t,64]
  input %past_k : f32[b,8,p,64]
  input %past_v : f32[b,8,p,64]
  %v = Neg(%x)
  %present_k = Concat(%past_k, %x) {axis=2}
  %present_v = Concat(%past_v, %v) {axis=2}
  %o = ai.parallax.Parallax(%x, %present_k, %present_v) {heads=8, kv_heads=8, scale=0.125, causal=bottom_right, window_left=63}
  output %o
  output %present_k
  output %present_v
}`

// begun returns a state of n positions.
func begun(t testing.TB, s *Session, n int) *rt.State {
	t.Helper()
	state, err := s.model.NewState()
	if err != nil {
		t.Fatal(err)
	}
	if err := state.Run(context.Background(), []*tensor.Tensor{random(1, 1, 8, n, 64), nil, nil}, make([]*tensor.Tensor, 3)); err == nil {
		t.Fatal("no tensor to write to")
	}
	out := []*tensor.Tensor{{}, nil, nil}
	if err := state.Run(context.Background(), []*tensor.Tensor{random(1, 1, 8, n, 64), nil, nil}, out); err != nil {
		t.Fatal(err)
	}
	return state
}

// TestStepsAllocateNothing: a step into memory that is there allocates nothing,
// unless a cache is full.
func TestStepsAllocateNothing(t *testing.T) {
	s := open(t, cached(t, decoder), kernels.CPU, Options{})
	state := begun(t, s, 1000)
	in, out := []*tensor.Tensor{random(2, 1, 8, 1, 64), nil, nil}, []*tensor.Tensor{{}, nil, nil}
	step := func() {
		if err := state.Run(context.Background(), in, out); err != nil {
			t.Fatal(err)
		}
	}
	step()
	if n := testing.AllocsPerRun(200, step); n > 0 {
		t.Errorf("%g allocations per step", n)
	}
}

// BenchmarkCachedStep: the window limits what a step reads, so that a copy of the
// past would show as time that grows with it.
func BenchmarkCachedStep(b *testing.B) {
	g := cached(b, decoder)
	for _, n := range []int{1 << 10, 1 << 13, 1 << 16} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p, err := codegen.Lower(g, codegen.Options{Catalog: catalog.New(), Target: kernels.CPU})
			if err != nil {
				b.Fatal(err)
			}
			s, err := New(p, Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			state := begun(b, s, n)
			in, out := []*tensor.Tensor{random(2, 1, 8, 1, 64), nil, nil}, []*tensor.Tensor{{}, nil, nil}
			b.ReportAllocs()
			for b.Loop() {
				if err := state.Run(context.Background(), in, out); err != nil {
					b.Fatal(err)
				}
				if state.Len() > n+n/4 {
					if err := state.Truncate(n); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

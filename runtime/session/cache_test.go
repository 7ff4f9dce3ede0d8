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
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/std"
	"github.com/parallax-go/parallax/runtime/rt"
)

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

func (d *driver) reorder() {
	for _, p := range d.s.Program().States {
		if d.state.Len() == 0 || d.past[d.s.Inputs()[p.Input].Name].Shape[p.Batch] != d.batch {
			return // the batch is no axis of its own
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
	for _, p := range d.s.Program().States {
		name := d.s.Inputs()[p.Input].Name
		d.past[name] = taken(d.past[name], p.Batch, len(order), func(i int) int { return order[i] })
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

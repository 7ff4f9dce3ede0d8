package rt

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/parallax-go/parallax/ir/tensor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// double is a kernel: out = 2·x.
func double(out, x *tensor.Tensor) error {
	out.Reset(x.DType, x.Shape...)
	for i, v := range tensor.Data[float32](x) {
		tensor.Data[float32](out)[i] = 2 * v
	}
	return nil
}

// concat is a kernel: rows of a, then rows of b.
func concat(out, a, b *tensor.Tensor) error {
	out.Reset(a.DType, a.Shape[0], a.Shape[1]+b.Shape[1])
	for i := range a.Shape[0] {
		row := tensor.Data[float32](out)[i*out.Shape[1]:]
		n := copy(row, tensor.Data[float32](a)[i*a.Shape[1]:(i+1)*a.Shape[1]])
		copy(row[n:], tensor.Data[float32](b)[i*b.Shape[1]:(i+1)*b.Shape[1]])
	}
	return nil
}

// doubles is y = 4·x by two steps, with mask of one column more than x: numbers
// are batch, seq and seq+1.
func doubles() *Spec {
	return &Spec{
		Name: "doubles", Numbers: 3,
		Binds:  []Bind{{0, 0, 0}, {1, 0, 0}},
		Solves: []Solve{{Input: 1, Axis: 1, Number: 1, Dim: func(n []int64) int64 { return n[1] + 1 }}},
		Cuts:   []Cut{{Derive: func(n []int64) { n[2] = n[1] + 1 }}},
		Slots: []Slot{
			{Kind: Input}, {Kind: Input},
			{Kind: Arena, DType: tensor.Float32, Shape: []Dim{Num(0), Num(1)}, First: 0, Last: 1},
			{Kind: Output},
		},
		Inputs: []Port{
			{Name: "x", Slot: 0, DType: tensor.Float32, Shape: []Dim{Num(0), Num(1)}, Type: "f32[batch,seq]"},
			{Name: "mask", Slot: 1, DType: tensor.Bool, Shape: []Dim{Num(0), Num(2)}, Type: "bool[batch,seq+1]"},
		},
		Outputs: []Port{{Name: "y", Slot: 3, DType: tensor.Float32}},
		Steps:   []Step{{Name: "first", Op: "Double"}, {Name: "second", Op: "Double"}},
		Run: func(f *Frame) error {
			if err := f.Done(0, double(f.T(2), f.T(0))); err != nil {
				return err
			}
			return f.Done(1, double(f.T(3), f.T(2)))
		},
	}
}

func noConsts(s *Spec) []*tensor.Tensor { return make([]*tensor.Tensor, len(s.Slots)) }

func load(t testing.TB, spec *Spec, o Options) *Model {
	t.Helper()
	m := NewModel(spec, noConsts, nil, o)
	t.Cleanup(func() { m.Close() })
	return m
}

func ramp(shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Float32, shape...)
	for i := range t.Len() {
		t.SetFloat(i, float64(i))
	}
	return t
}

func TestRun(t *testing.T) {
	m := load(t, doubles(), Options{})
	for _, size := range [][2]int{{2, 3}, {1, 1}, {0, 4}, {5, 9}, {5, 10}, {2, 3}} {
		x := ramp(size[0], size[1])
		y := &tensor.Tensor{}
		if err := m.Run(t.Context(), []*tensor.Tensor{x, tensor.New(tensor.Bool, size[0], size[1]+1)}, []*tensor.Tensor{y}); err != nil {
			t.Fatal(err)
		}
		want := ramp(size[0], size[1])
		for i := range want.Len() {
			want.SetFloat(i, float64(4*i))
		}
		if !y.Equal(want) {
			t.Errorf("%v: got %v, want %v", size, tensor.Data[float32](y), tensor.Data[float32](want))
		}
	}
}

func TestWrongInputs(t *testing.T) {
	m := load(t, doubles(), Options{})
	mask := func(b, s int) *tensor.Tensor { return tensor.New(tensor.Bool, b, s) }
	tests := []struct {
		name string
		in   []*tensor.Tensor
		err  error
		text string
	}{
		{"missing", []*tensor.Tensor{ramp(2, 3), nil}, ErrInputMissing, `input "mask": input is missing, want bool[batch,seq+1]`},
		{"type", []*tensor.Tensor{tensor.New(tensor.Int64, 2, 3), mask(2, 4)}, ErrInputType, `input "x": wrong element type: got i64[2,3], want f32[batch,seq]`},
		{"rank", []*tensor.Tensor{ramp(6), mask(2, 4)}, ErrInputShape, `input "x": wrong shape: got f32[6], want f32[batch,seq] (rank 1, want 2)`},
		{"axis", []*tensor.Tensor{ramp(2, 3), mask(3, 4)}, ErrInputShape, `input "mask": wrong shape: got bool[3,4], want bool[batch,seq+1] (axis 0 is 3, want 2)`},
		{"solved", []*tensor.Tensor{ramp(2, 3), mask(2, 5)}, ErrInputShape, `input "x": wrong shape: got f32[2,3], want f32[batch,seq] (axis 1 is 3, want 4)`},
		{"negative", []*tensor.Tensor{ramp(2, 0), mask(2, 0)}, ErrInputShape, `input "mask": wrong shape: got bool[2,0], want bool[batch,seq+1] (axis 1 is 0, too small)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := m.Run(t.Context(), test.in, []*tensor.Tensor{{}})
			if !errors.Is(err, test.err) || !errors.Is(err, ErrInput) {
				t.Errorf("got error %v, want %v", err, test.err)
			}
			var typed *InputError
			if !errors.As(err, &typed) {
				t.Fatalf("got %T, want *InputError", err)
			}
			if diff := cmp.Diff(test.text, err.Error()); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOutputsShareNothing(t *testing.T) {
	m := load(t, doubles(), Options{})
	x := ramp(2, 3)
	err := m.Run(t.Context(), []*tensor.Tensor{x, tensor.New(tensor.Bool, 2, 4)}, []*tensor.Tensor{x.Reshaped(6)})
	if !errors.Is(err, ErrOutput) {
		t.Errorf("an output in the memory of an input: got error %v, want ErrOutput", err)
	}
	y := &tensor.Tensor{}
	for range 3 { // each run must leave the outputs of those before alone
		z := &tensor.Tensor{}
		if err := m.Run(t.Context(), []*tensor.Tensor{x, tensor.New(tensor.Bool, 2, 4)}, []*tensor.Tensor{z}); err != nil {
			t.Fatal(err)
		}
		if y.DType.Valid() && overlap(y, z) {
			t.Error("two runs gave outputs that share memory")
		}
		y = z
	}
}

func TestMemoryLimit(t *testing.T) {
	spec := doubles()
	spec.Slots[3].DType, spec.Slots[3].Shape = tensor.Float32, spec.Slots[2].Shape
	m := load(t, spec, Options{MemoryLimit: 1 << 10})
	run := func(n int) error {
		return m.Run(t.Context(), []*tensor.Tensor{ramp(1, n), tensor.New(tensor.Bool, 1, n+1)}, []*tensor.Tensor{{}})
	}
	if err := run(250); err != nil { // 1000 bytes: the exact layout fits, the rounded one does not
		t.Error(err)
	}
	if err := run(300); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got error %v, want ErrTooLarge", err)
	}
	// Sizes beyond the machine, and beyond any: refused before anything is allocated.
	for _, factor := range []Dim{1 << 45, 1 << 60} {
		spec := doubles()
		spec.Slots[2].Shape = []Dim{Num(0), factor}
		m := load(t, spec, Options{})
		if err := m.Run(t.Context(), []*tensor.Tensor{ramp(2, 3), tensor.New(tensor.Bool, 2, 4)}, []*tensor.Tensor{{}}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("factor %d: got error %v, want ErrTooLarge", factor, err)
		}
	}
}

// TestBudget: what only a kernel can size is counted with what was planned, and
// given back when it goes to the caller.
func TestBudget(t *testing.T) {
	m := load(t, doubles(), Options{MemoryLimit: 1 << 10})
	run := func(n int) error {
		return m.Run(t.Context(), []*tensor.Tensor{ramp(1, n), tensor.New(tensor.Bool, 1, n+1)}, []*tensor.Tensor{{}})
	}
	for range 5 {
		if err := run(100); err != nil {
			t.Fatal(err)
		}
	}
	err := run(200)
	var e *StepError
	if !errors.Is(err, ErrTooLarge) || !errors.As(err, &e) || e.Step.Name != "second" {
		t.Errorf("got error %v, want ErrTooLarge of the second step", err)
	}
	if err := run(100); err != nil {
		t.Errorf("after a run that failed: %v", err)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	steps := 0
	m := load(t, doubles(), Options{})
	m.spec.Run = func(f *Frame) error {
		for {
			steps++
			if steps == 5 {
				cancel()
			}
			if err := f.Done(0, nil); err != nil {
				return err
			}
		}
	}
	in := []*tensor.Tensor{ramp(2, 3), tensor.New(tensor.Bool, 2, 4)}
	err := m.Run(ctx, in, []*tensor.Tensor{{}})
	if !errors.Is(err, ErrCancelled) || !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want ErrCancelled and context.Canceled", err)
	}
	if steps != 5 {
		t.Errorf("stopped after %d steps, want 5", steps)
	}
	if err := m.Run(ctx, in, []*tensor.Tensor{{}}); !errors.Is(err, ErrCancelled) {
		t.Errorf("a run that begins cancelled: got error %v", err)
	}
}

func TestConcurrentRunsAndClose(t *testing.T) {
	m := load(t, doubles(), Options{})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 50 {
				x := ramp(1+g, 1+i%7)
				y := &tensor.Tensor{}
				if err := m.Run(t.Context(), []*tensor.Tensor{x, tensor.New(tensor.Bool, 1+g, 2+i%7)}, []*tensor.Tensor{y}); err != nil {
					t.Error(err)
					return
				}
				if last := x.Len() - 1; y.FloatAt(last) != float64(4*last) {
					t.Errorf("got %v at %d", y.FloatAt(last), last)
				}
			}
		})
	}
	wg.Wait()
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if err := m.Run(t.Context(), []*tensor.Tensor{ramp(1, 1), tensor.New(tensor.Bool, 1, 2)}, []*tensor.Tensor{{}}); !errors.Is(err, ErrClosed) {
		t.Errorf("a run after Close: got error %v, want ErrClosed", err)
	}
}

func TestSteadyRunAllocatesNothing(t *testing.T) {
	m := load(t, doubles(), Options{})
	in := []*tensor.Tensor{ramp(3, 5), tensor.New(tensor.Bool, 3, 6)}
	out := []*tensor.Tensor{{}}
	other := []*tensor.Tensor{ramp(3, 4), tensor.New(tensor.Bool, 3, 5)}
	allocs := testing.AllocsPerRun(100, func() {
		for _, in := range [][]*tensor.Tensor{in, other} {
			if err := m.Run(context.Background(), in, out); err != nil {
				t.Fatal(err)
			}
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations per run, want 0", allocs)
	}
}

func TestStepErrorNamesTheNode(t *testing.T) {
	m := load(t, doubles(), Options{})
	m.spec.Run = func(f *Frame) error { return f.Done(1, errors.New("no")) }
	err := m.Run(t.Context(), []*tensor.Tensor{ramp(2, 3), tensor.New(tensor.Bool, 2, 4)}, []*tensor.Tensor{{}})
	if err == nil || err.Error() != `node "second" (Double): no` {
		t.Errorf("got error %v", err)
	}
}

func TestRoundUp(t *testing.T) {
	for n := range int64(5000) {
		r := roundUp(n)
		if r < n || 8*r > 9*n+8 {
			t.Fatalf("roundUp(%d) = %d", n, r)
		}
		if roundUp(r) != r {
			t.Fatalf("roundUp(%d) = %d is rounded up to %d", n, r, roundUp(r))
		}
	}
}

// TestArrange checks on random lifetimes that slots in use at the same step
// never overlap, and that memory is used again.
func TestArrange(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		spec := &Spec{}
		sizes, sum := []int64{}, int64(0)
		for i := range 40 {
			first := r.IntN(30)
			spec.Slots = append(spec.Slots, Slot{Kind: Arena, First: first, Last: first + r.IntN(5)})
			if i%9 == 0 {
				spec.Slots[i].Kind = Heap
			}
			sizes = append(sizes, int64(r.IntN(1000)))
			sum += padded(sizes[i])
		}
		l := arrange(spec, sizes)
		for i, a := range spec.Slots {
			for j, b := range spec.Slots[:i] {
				if a.Kind != Arena || b.Kind != Arena || a.Last < b.First || b.Last < a.First {
					continue
				}
				if l.offset[i] < l.offset[j]+sizes[j] && l.offset[j] < l.offset[i]+sizes[i] {
					t.Fatalf("slots %d (steps %d to %d) and %d (steps %d to %d) overlap", i, a.First, a.Last, j, b.First, b.Last)
				}
			}
			if a.Kind == Arena && l.offset[i]+sizes[i] > l.total {
				t.Fatalf("slot %d ends at %d, the arena at %d", i, l.offset[i]+sizes[i], l.total)
			}
		}
		if l.total > sum*2/3 {
			t.Errorf("%d bytes for slots of %d bytes: memory is hardly used again", l.total, sum)
		}
	}
}

// decoder is present = concat(past, x), y = 2·present; numbers are batch, past,
// seq and past+seq.
func decoder() *Spec {
	return &Spec{
		Name: "decoder", Numbers: 4,
		Binds: []Bind{{0, 0, 0}, {0, 1, 1}, {1, 0, 0}, {1, 1, 2}},
		Cuts:  []Cut{{Derive: func(n []int64) { n[3] = n[1] + n[2] }}},
		Slots: []Slot{{Kind: Kept}, {Kind: Input}, {Kind: Kept, DType: tensor.Float32, Shape: []Dim{Num(0), Num(3)}}, {Kind: Output}},
		Inputs: []Port{
			{Name: "past", Slot: 0, DType: tensor.Float32, Shape: []Dim{Num(0), Num(1)}},
			{Name: "x", Slot: 1, DType: tensor.Float32, Shape: []Dim{Num(0), Num(2)}},
		},
		Outputs: []Port{{Name: "present", Slot: 2}, {Name: "y", Slot: 3}},
		States:  []StatePair{{Input: 0, Output: 0, Axis: 1}},
		Steps:   []Step{{Name: "concat"}, {Name: "double"}},
		Run: func(f *Frame) error {
			if err := f.Done(0, concat(f.T(2), f.T(0), f.T(1))); err != nil {
				return err
			}
			return f.Done(1, double(f.T(3), f.T(2)))
		},
	}
}

func TestState(t *testing.T) {
	m := load(t, decoder(), Options{})
	s, err := m.NewState()
	if err != nil {
		t.Fatal(err)
	}
	step := func(s *State, values ...float32) string {
		y := &tensor.Tensor{}
		if err := s.Run(t.Context(), []*tensor.Tensor{nil, tensor.Of([]int{2, len(values) / 2}, values)}, []*tensor.Tensor{nil, y}); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(tensor.Data[float32](y))
	}
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
	check("first", step(s, 1, 2, 3, 4), "[2 4 6 8]")
	check("second", step(s, 5, 6), "[2 4 10 6 8 12]")
	if s.Len() != 3 {
		t.Errorf("length %d, want 3", s.Len())
	}
	c := s.Clone()
	if err := s.Truncate(1); err != nil {
		t.Fatal(err)
	}
	check("truncated", step(s, 7, 8), "[2 14 6 16]")
	check("clone", step(c, 0, 0), "[2 4 10 0 6 8 12 0]")
	if err := c.Reorder([]int{1, 1}); err != nil {
		t.Fatal(err)
	}
	check("reordered", step(c, 9, 9), "[6 8 12 0 18 6 8 12 0 18]")
	if err := c.Reorder([]int{2}); !errors.Is(err, ErrState) {
		t.Errorf("reorder by a sequence that is not there: got error %v", err)
	}
	if err := s.Truncate(9); !errors.Is(err, ErrState) {
		t.Errorf("truncate beyond the end: got error %v", err)
	}
	s.Reset()
	if s.Len() != 0 {
		t.Errorf("length %d after Reset", s.Len())
	}
	check("after reset", step(s, 1, 2), "[2 4]")
}

func TestStateGrowsGeometrically(t *testing.T) {
	m := load(t, decoder(), Options{})
	s, err := m.NewState()
	if err != nil {
		t.Fatal(err)
	}
	x, y := ramp(2, 1), &tensor.Tensor{}
	y.Reset(tensor.Float32, 2, 4096)
	in, out := []*tensor.Tensor{nil, x}, []*tensor.Tensor{nil, y}
	allocs := testing.AllocsPerRun(1000, func() {
		if err := s.Run(context.Background(), in, out); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 0.2 {
		t.Errorf("%v allocations per step, want next to none", allocs)
	}
}

func TestFailedRunLeavesTheState(t *testing.T) {
	m := load(t, decoder(), Options{})
	s, _ := m.NewState()
	run := func(x *tensor.Tensor) error {
		return s.Run(t.Context(), []*tensor.Tensor{nil, x}, []*tensor.Tensor{nil, {}})
	}
	if err := run(ramp(2, 3)); err != nil {
		t.Fatal(err)
	}
	if err := run(ramp(5, 1)); !errors.Is(err, ErrInputShape) {
		t.Errorf("another batch: got error %v, want ErrInputShape", err)
	}
	if s.Len() != 3 {
		t.Errorf("length %d after a failed run, want 3", s.Len())
	}
	if _, err := load(t, doubles(), Options{}).NewState(); !errors.Is(err, ErrState) || !strings.Contains(err.Error(), "doubles") {
		t.Errorf("a state of a model without pairs: got error %v", err)
	}
}

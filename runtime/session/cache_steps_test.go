package session

import (
	"context"
	"fmt"
	"testing"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/catalog"
	"github.com/parallax-go/parallax/runtime/rt"
)

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

package models

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/passes"
)

// TestRun compares every model with its recorded outputs, on every target, as it
// is and optimised.
func TestRun(t *testing.T) {
	for _, c := range all(t) {
		for _, target := range []kernels.Target{kernels.CPU, kernels.Ref} {
			for _, spec := range []string{"std", "none"} {
				t.Run(fmt.Sprintf("%s/%s/%s", c.Name, target, spec), func(t *testing.T) {
					t.Parallel()
					m, err := parallax.Load(c.Model, parallax.WithTarget(target), parallax.WithPasses(spec), parallax.WithVerifyPasses())
					if err != nil {
						t.Fatal(err)
					}
					defer m.Close()
					checkSets(t, c, func(in map[string]*tensor.Tensor) (map[string]*tensor.Tensor, error) {
						return m.Run(context.Background(), in)
					})
				})
			}
		}
	}
}

// TestVerdicts checks that every attention is found, and nothing else is.
func TestVerdicts(t *testing.T) {
	for _, c := range all(t) {
		t.Run(c.Name, func(t *testing.T) {
			remarks, err := parallax.Explain(c.Model)
			if err != nil {
				t.Fatal(err)
			}
			attention, probed := count(remarks)
			most := c.Parallax
			if c.ParallaxMax != nil {
				most = max(most, *c.ParallaxMax)
			}
			if attention < c.Attention || attention > c.Attention+c.Optional {
				t.Errorf("%d attentions fused, want %d and at most %d more", attention, c.Attention, c.Optional)
			}
			if probed < c.Parallax || probed > most {
				t.Errorf("%d Parallax fused, want %d to %d", probed, c.Parallax, most)
			}
			for _, r := range remarks {
				if r.Verdict == passes.Refused && (r.Reason == nil || r.Reason.Check == "" || r.Remedy == "") {
					t.Errorf("%s is refused without a reason and a remedy: %+v", r.Anchor, r)
				}
			}
		})
	}
}

func count(remarks []passes.Remark) (attention, probed int) {
	for _, r := range remarks {
		switch {
		case r.Verdict == passes.Refused:
		case r.Kind == passes.KindParallax:
			probed++
		default:
			attention++
		}
	}
	return attention, probed
}

// TestThreads checks the determinism contract: the number of threads changes no
// bit.
func TestThreads(t *testing.T) {
	for _, c := range all(t) {
		t.Run(c.Name, func(t *testing.T) {
			sets, err := c.Sets()
			if err != nil {
				t.Fatal(err)
			}
			var first []map[string]*tensor.Tensor
			for _, threads := range []int{1, 2, 3, 7} {
				m, err := parallax.Load(c.Model, parallax.WithThreads(threads))
				if err != nil {
					t.Fatal(err)
				}
				for i, set := range sets {
					got, err := m.Run(context.Background(), set.Inputs)
					if err != nil {
						t.Fatal(err)
					}
					if threads == 1 {
						first = append(first, got)
						continue
					}
					for name, want := range first[i] {
						if !got[name].Equal(want) {
							t.Errorf("%s, output %s: %d threads give other bits than one", set.Name, name, threads)
						}
					}
				}
				m.Close()
			}
		})
	}
}

func all(t *testing.T) []Case {
	t.Helper()
	cases, err := Cases()
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

func checkSets(t *testing.T, c Case, run func(map[string]*tensor.Tensor) (map[string]*tensor.Tensor, error)) {
	t.Helper()
	sets, err := c.Sets()
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range sets {
		got, err := run(set.Inputs)
		if err != nil {
			t.Errorf("%s: %v", set.Name, err)
			continue
		}
		for name, want := range set.Outputs {
			if err := near(got[name], want, c.RTol, c.ATol); err != nil {
				t.Errorf("%s, output %s: %v", set.Name, name, err)
			}
		}
	}
}

// near compares as the fixtures' README says: |got − want| ≤ atol + rtol·|want|.
func near(got, want *tensor.Tensor, rtol, atol float64) error {
	switch {
	case got == nil:
		return fmt.Errorf("missing")
	case got.DType != want.DType || !tensor.SameShape(got.Shape, want.Shape):
		return fmt.Errorf("got %s, want %s", got, want)
	}
	for i := range want.Len() {
		g, w := got.FloatAt(i), want.FloatAt(i)
		if g == w || math.IsNaN(g) && math.IsNaN(w) {
			continue
		}
		if !(math.Abs(g-w) <= atol+rtol*math.Abs(w)) {
			return fmt.Errorf("element %d is %g, want %g", i, g, w)
		}
	}
	return nil
}

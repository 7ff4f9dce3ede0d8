package fuseattn_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/fuseattn"
	"github.com/parallax-go/parallax/passes/std"
)

// hostile are graphs made to make recognition explode, of any size n.
var hostile = []struct {
	name  string
	check string // that refuses the anchor; "": fused
	write func(n int) string
}{
	{"a sum of many scores", "work", func(n int) string {
		s := "%s0"
		lines := "  %s0 = MatMul(%q, %kt)\n"
		for i := range n {
			lines += fmt.Sprintf("  input %%b%d : f32[b,8,t,s]\n  %%c%d = Relu(%%b%d)\n  %%s%d = Add(%%c%d, %s)\n", i, i, i, i+1, i, s)
			s = fmt.Sprintf("%%s%d", i+1)
		}
		return lines + "  %p = Softmax(" + s + ")\n  %o = MatMul(%p, %v)\n  output %o"
	}},
	{"a tree of sums without scores", "work", func(n int) string {
		lines, level := "", []string{}
		for i := range n {
			lines += fmt.Sprintf("  input %%b%d : f32[b,8,t,s]\n", i)
			level = append(level, fmt.Sprintf("%%b%d", i))
		}
		for depth := 0; len(level) > 1; depth++ {
			var next []string
			for i := 0; i+1 < len(level); i += 2 {
				v := fmt.Sprintf("%%s%d_%d", depth, i)
				lines += fmt.Sprintf("  %s = Add(%s, %s)\n", v, level[i], level[i+1])
				next = append(next, v)
			}
			level = next
		}
		return lines + "  %p = Softmax(" + level[0] + ")\n  %o = MatMul(%p, %v)\n  output %o"
	}},
	{"probabilities with many readers", "work", func(n int) string {
		lines := "  %s = MatMul(%q, %kt)\n  %p = Softmax(%s)\n"
		for i := range n {
			lines += fmt.Sprintf("  %%o%d = MatMul(%%p, %%v)\n  output %%o%d\n", i, i)
		}
		return lines
	}},
	{"probabilities squared again and again", "output", func(n int) string {
		lines := "  %s = MatMul(%q, %kt)\n  %p = Softmax(%s)\n  %x0 = Add(%p, f32 = 1)\n"
		for i := range min(n, 200) {
			lines += fmt.Sprintf("  %%x%d = Mul(%%x%d, %%x%d)\n", i+1, i, i)
		}
		return lines + fmt.Sprintf("  %%o = MatMul(%%x%d, %%v)\n  output %%o", min(n, 200))
	}},
	{"a scale doubled again and again", "scale", func(n int) string {
		lines := "  input %c0 : f32[b,1,t,s]\n"
		for i := range n {
			lines += fmt.Sprintf("  %%c%d = Add(%%c%d, %%c%d)\n", i+1, i, i)
		}
		return lines + fmt.Sprintf("  %%s = MatMul(%%q, %%kt)\n  %%x = Mul(%%s, %%c%d)\n  %%p = Softmax(%%x)\n  %%o = MatMul(%%p, %%v)\n  output %%o", n)
	}},
	{"queries reshaped again and again", "", func(n int) string {
		lines, v := "", "%q"
		for i := range n {
			lines += fmt.Sprintf("  %%r%d = Reshape(%s, i64 = [0, 2, 4, -1, 64])\n  %%u%d = Reshape(%%r%d, i64 = [0, 8, -1, 64])\n", i, v, i, i)
			v = fmt.Sprintf("%%u%d", i)
		}
		return lines + "  %s = MatMul(" + v + ", %kt)\n  %p = Softmax(%s)\n  %o = MatMul(%p, %v)\n  output %o"
	}},
}

// TestWork checks that such graphs are refused for what they are, and that the
// work grows no faster than they do.
func TestWork(t *testing.T) {
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			work := func(n int) int {
				g := parse(t, operands+h.write(n)+"\n}")
				r, err := passes.Run(context.Background(), g, std.Passes(), nil)
				if err != nil {
					t.Fatal(err)
				}
				m := r.Remarks[0]
				if fused := m.Verdict == passes.Fused; fused != (h.check == "") || !fused && m.Reason.Check != h.check {
					t.Errorf("%s, want check %q", verdicts(r), h.check)
				}
				sum := 0
				for _, s := range r.Stats {
					sum += s.Work
				}
				return sum
			}
			if small, large := work(1100), work(3300); large > 4*small {
				t.Errorf("%d steps for 1100, %d for 3300", small, large)
			}
		})
	}
}

// TestWorkWithoutCleaning: without the other passes nothing is small, either.
func TestWorkWithoutCleaning(t *testing.T) {
	for _, h := range hostile {
		g := parse(t, operands+h.write(1100)+"\n}")
		if _, err := passes.Run(context.Background(), g, []passes.Pass{fuseattn.Pass}, nil); err != nil {
			t.Errorf("%s: %v", h.name, err)
		}
	}
}

package contest

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/tests/bench/zoo"
)

// fused is how many attentions and Parallax nodes a case should have, told by its
// name.
func fused(name string) (attention, probed int) {
	switch {
	case strings.HasPrefix(name, "encoder"), strings.HasPrefix(name, "decoder"), strings.HasPrefix(name, "ViT"):
		return 4, 0
	case strings.HasPrefix(name, "attention"):
		return 1, 0
	case strings.HasPrefix(name, "Parallax"):
		return 0, 1
	}
	return 0, 0
}

// small bounds the sizes of a test's inputs, but for what the model fixes.
func small(c *Case) *Case {
	s := *c
	s.Dims = map[string]int64{}
	for name, n := range c.Dims {
		s.Dims[name] = min(n, 4)
	}
	if s.Fill["attention_mask"] != nil {
		s.Fill = map[string]fill{"attention_mask": lengths(4, 4, 3)}
	}
	if _, concat := c.Dims["past"]; concat && c.Steps == 0 {
		s.Dims["past"], s.Dims["seq"] = 2, 4
	}
	return &s
}

// TestCases builds every model, and runs it with few positions.
func TestCases(t *testing.T) {
	rows, err := Rows("", true)
	if err != nil {
		t.Fatal(err)
	}
	built := map[string]bool{}
	for i := range rows {
		c := rows[i].Case
		model := c.Model.Nodes + c.Model.Inputs
		if built[model] {
			continue
		}
		built[model] = true
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			build(t, c)
		})
	}
}

func build(t *testing.T, c *Case) {
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := c.Model.Write(path); err != nil {
		t.Fatal(err)
	}
	m, err := parallax.Load(path, parallax.WithThreads(1))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	attention, probed := fused(strings.TrimPrefix(strings.TrimPrefix(c.Name, "load of the "), "peak memory of the "))
	count := map[passes.Kind]int{}
	for _, r := range m.Remarks() {
		if r.Verdict == passes.Fused {
			count[r.Kind]++
		}
	}
	if count[passes.KindAttention] != attention || count[passes.KindParallax] != probed {
		t.Errorf("%d attentions and %d Parallax nodes are fused, want %d and %d", count[passes.KindAttention], count[passes.KindParallax], attention, probed)
	}
	in, _, err := small(c).tensors()
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range out {
		for i := range x.Len() {
			if v := x.FloatAt(i); math.IsNaN(v) || math.IsInf(v, 0) || v != 0 && math.Abs(v) < 1e-30 {
				t.Fatalf("%s: element %d is %g", name, i, v)
			}
		}
	}
	if n := len(m.Program().States); c.Steps > 0 && n != 2*decoderSizes.Layers {
		t.Errorf("%d pairs of past and present, want %d", n, 2*decoderSizes.Layers)
	}
}

// TestCopies: no copy of an operator is folded, merged with another or left out,
// though neighbours may become one step in chains of arithmetic.
func TestCopies(t *testing.T) {
	for _, o := range zoo.Ops {
		path := filepath.Join(t.TempDir(), "model.onnx")
		if err := o.Copies(7).Write(path); err != nil {
			t.Fatal(err)
		}
		m, err := parallax.Load(path, parallax.WithThreads(1))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(m.Program().Steps); n < 7 && o.Name != "Add/Mul chain" {
			t.Errorf("%s: %d steps of 7 copies\n%s", o.Name, n, m.Program())
		}
		m.Close()
	}
}

// TestRows: titles are the keys of -rows and of what holds a row back.
func TestRows(t *testing.T) {
	rows, err := Rows("", false)
	if err != nil {
		t.Fatal(err)
	}
	rows = append(rows, Ablations(func(string) bool { return true })...)
	seen := map[string]bool{}
	for i, r := range rows {
		if seen[r.Title()] {
			t.Errorf("two rows are called %s", r.Title())
		}
		seen[r.Title()] = true
		if i > 0 && r.Case != rows[i-1].Case {
			for _, before := range rows[:i-1] {
				if before.Case == r.Case {
					t.Errorf("the rows of %s don't follow each other: it would be measured twice", r.Case.Name)
				}
			}
		}
	}
	if n := len(Ablations(func(string) bool { return false })); n != 0 {
		t.Errorf("%d rows without passes", n)
	}
}

func TestInputs(t *testing.T) {
	c := attention("x", zoo.Attention{Padding: true}, 3, 4, 2)
	c.Fill = map[string]fill{"attention_mask": lengths(4, 4, 1)}
	in, steps, err := c.tensors()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{1, 1, 1, 1, 1, 0, 0, 0}, tensor.Data[int64](in["attention_mask"])); diff != "" {
		t.Errorf("mask (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{2, 12, 3, 64}, in["q"].Shape); diff != "" || len(steps) > 0 {
		t.Errorf("q (-want +got):\n%s\nsteps %v", diff, steps)
	}
	delete(c.Dims, "keys")
	if _, _, err := c.tensors(); err == nil || !strings.Contains(err.Error(), "keys") {
		t.Errorf("error %v, want one about keys", err)
	}
	d := decoders()[0].Case
	if in, steps, err = d.tensors(); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(in["h.0"].Shape, in["past_key_values.3.key"].Shape, steps["h.0"].Shape, len(steps)); got != "[1 256 768] [1 4 0 64] [64 1 1 768] 1" {
		t.Errorf("the decoder's inputs are %s", got)
	}
}

package kernels

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

func TestSelect(t *testing.T) {
	ofRank := func(n int) func(Case) error {
		return func(c Case) error {
			if got := c.Operand(0).Rank(); got != n {
				return fmt.Errorf("rank %d, want %d", got, n)
			}
			return nil
		}
	}
	c := &Catalog{}
	c.Add(CPU, Kernel{ID: "cpu.Two", Op: "Neg", Accepts: ofRank(2)}, Kernel{ID: "cpu.Three", Op: "Neg", Accepts: ofRank(3)})
	c.Add(CPU, Kernel{ID: "ref.Neg", Op: "Neg"})
	c.Add(Ref, Kernel{ID: "ref.Neg", Op: "Neg"}, Kernel{ID: "ref.Two", Op: "Abs", Accepts: ofRank(2)})
	use := func(op string, shape ...int) Case {
		return Case{Op: op, In: []Operand{{Present: true, DType: tensor.Float32, HasRank: true, Shape: sym.ShapeOf(shape...)}}}
	}
	tests := []struct {
		target   Target
		use      Case
		want     string
		refusals []string
	}{
		{CPU, use("Neg", 1, 2), "cpu.Two", nil},
		{CPU, use("Neg", 1, 2, 3), "cpu.Three", []string{"cpu.Two: rank 3, want 2"}},
		{CPU, use("Neg"), "ref.Neg", []string{"cpu.Two: rank 0, want 2", "cpu.Three: rank 0, want 3"}},
		{CPU, Case{Op: "Neg"}, "ref.Neg", []string{"cpu.Two: rank -1, want 2", "cpu.Three: rank -1, want 3"}},
		{Ref, use("Neg", 1), "ref.Neg", nil},
		{Ref, use("Abs", 1), "", []string{"ref.Two: rank 1, want 2"}},
		{Ref, use("Sin", 1), "", nil},
		{"none", use("Neg", 1), "", nil},
	}
	for _, test := range tests {
		k, refusals := c.Select(test.target, test.use)
		var got []string
		for _, r := range refusals {
			got = append(got, r.String())
		}
		if k.ID != test.want || !cmp.Equal(got, test.refusals) {
			t.Errorf("%s on %s: got %q after %q, want %q after %q", test.use, test.target, k.ID, got, test.want, test.refusals)
		}
	}
	if diff := cmp.Diff([]Target{CPU, Ref}, c.Targets()); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
	if all := c.Kernels(CPU); len(all) != 3 || all[0].ID != "cpu.Two" {
		t.Errorf("kernels of the CPU: %v", all)
	}
}

func TestNoKernelErrorTellsWhy(t *testing.T) {
	use := Case{Op: "Softmax", In: []Operand{{Present: true, DType: tensor.Float32, HasRank: true, Shape: sym.Shape{sym.Symbol("n")}}, {}, {Present: true, DType: tensor.Int64}}}
	tests := []struct {
		err  error
		want string
	}{
		{&NoKernelError{Target: CPU, Case: use}, "target cpu has no kernel for Softmax"},
		{&NoKernelError{Target: CPU, Case: use, Refusals: []Refusal{{"cpu.Softmax", errors.New("no")}}}, "target cpu has no kernel for Softmax(f32[n], _, i64[*]) (cpu.Softmax: no)"},
	}
	for _, test := range tests {
		if test.err.Error() != test.want {
			t.Errorf("got %q, want %q", test.err, test.want)
		}
	}
}

package fuserope_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/fuserope"
	"github.com/parallax-go/parallax/passes/passtest"
)

// near writes a graph that rotates pairs of lanes, or nearly does: each choice is
// the right one but for one or two.
func near(r *rand.Rand) string {
	mistakes := r.IntN(3)
	choose := func(right, others int) int {
		if mistakes > 0 && r.IntN(8) == 0 {
			mistakes--
			return r.IntN(others)
		}
		return right
	}
	var b strings.Builder
	b.WriteString("graph {\n  input %x : f32[2,2,3,4]\n  input %c : f32[1,1,3,2]\n  input %s : f32[1,1,3,2]\n")
	lane := func(name, of string, at int) {
		fmt.Fprintf(&b, "  %%%s = Slice(%%%s, i64[1] = [%d], i64[1] = [%d], i64[1] = [3])\n", name, of, at, at+1)
	}
	for i := range 4 {
		lane(fmt.Sprint("x", i), "x", i)
	}
	for i := range 2 {
		lane(fmt.Sprint("c", i), "c", i)
		lane(fmt.Sprint("s", i), "s", i)
	}
	first, second := []int{0, 1}, []int{2, 3} // the lanes of the pairs
	if r.IntN(2) == 0 {
		first, second = []int{0, 2}, []int{1, 3}
	}
	names := make([]string, 4)
	for i := range 2 {
		a, z := first[i], second[i]
		for _, t := range []struct {
			out, x, y int
			op        string
		}{{a, a, z, []string{"Sub", "Add"}[choose(0, 2)]}, {z, z, a, []string{"Sub", "Add"}[choose(1, 2)]}} {
			fmt.Fprintf(&b, "  %%p%d = Mul(%%x%d, %%c%d)\n", t.out, choose(t.x, 4), choose(i, 2))
			fmt.Fprintf(&b, "  %%q%d = Mul(%%s%d, %%x%d)\n", t.out, choose(i, 2), choose(t.y, 4))
			fmt.Fprintf(&b, "  %%y%d = %s(%%p%d, %%q%d)\n", t.out, t.op, t.out, t.out)
		}
	}
	for i := range names {
		names[i] = fmt.Sprint("%y", choose(i, 4))
	}
	fmt.Fprintf(&b, "  %%y = Concat(%s) {axis=3}\n  output %%y\n}\n", strings.Join(names, ", "))
	return b.String()
}

// TestNearRotations: what is made a rotation is one, whatever it looks like.
func TestNearRotations(t *testing.T) {
	fused := 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		src := near(r)
		in := []*tensor.Tensor{tensor.New(tensor.Float32, 2, 2, 3, 4), tensor.New(tensor.Float32, 1, 1, 3, 2), tensor.New(tensor.Float32, 1, 1, 3, 2)}
		for _, x := range in {
			for i := range x.Len() {
				x.SetFloat(i, r.NormFloat64())
			}
		}
		want := evaluated(t, passtest.Parse(t, src), in)
		g := passtest.Parse(t, src)
		if _, err := passes.Run(context.Background(), g, []passes.Pass{fuserope.Pass}, &passes.Options{Verify: true}); err != nil {
			t.Fatal(err)
		}
		for n := range g.Nodes() {
			if n.Op == op.RotaryEmbedding {
				fused++
			}
		}
		got := evaluated(t, g, in)
		for i := range want.Len() {
			if math.Abs(want.FloatAt(i)-got.FloatAt(i)) > 1e-6 {
				t.Fatalf("seed %d: element %d is %v, want %v\n%s", seed, i, got.FloatAt(i), want.FloatAt(i), src)
			}
		}
	}
	if fused < 100 || fused > 390 {
		t.Errorf("%d of 400 are rotations", fused)
	}
}

func evaluated(t *testing.T, g *ir.Graph, in []*tensor.Tensor) *tensor.Tensor {
	t.Helper()
	out, err := eval.Graph(g, in)
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

package fuseattn_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/passes/fuseattn"
	"github.com/parallax-go/parallax/passes/passtest"
)

func TestForms(t *testing.T) { passtest.Files(t, fuseattn.Pass) }

// TestFormsCompute checks that each form of the text cases is fused and gives the
// same numbers, rows that see no key included.
func TestFormsCompute(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/forms.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		name, before := strings.CutSuffix(f.Name, " before")
		if before {
			t.Run(name, func(t *testing.T) { computesTheSame(t, string(f.Data)) })
		}
	}
}

func computesTheSame(t *testing.T, src string) {
	before, after := parse(t, src), passtest.Apply(t, fuseattn.Pass, src)
	fused := 0
	for n := range after.All() {
		if n.Op == op.Parallax {
			fused++
		}
	}
	if fused != 1 {
		t.Fatalf("%d fused nodes\n%s", fused, after)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	sizes := map[string]int64{"b": 2, "t": 3, "s": 5, "n": 4, "past": 4, "total": 7}
	var inputs []*tensor.Tensor
	for _, v := range before.Inputs {
		shape, err := v.Type.Shape.Eval(sizes)
		if err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, random(rng, v.Type.DType, shape))
	}
	want, err := eval.Graph(before, inputs)
	if err != nil {
		t.Fatal(err)
	}
	got, err := eval.Graph(after, inputs)
	if err != nil {
		t.Fatal(err)
	}
	tolerance := 1e-4 // of sums of 64 products in f32
	if want[0].DType == tensor.Float16 {
		tolerance = 1e-2
	}
	for i := range want {
		if err := equal(got[i], want[i], tolerance); err != nil {
			t.Errorf("output %d: %v", i, err)
		}
	}
}

// random makes numbers of size 1/4, so that products of 64 of them differ but
// don't saturate the softmax, and booleans with a row that is all false.
func random(rng *rand.Rand, d tensor.DType, shape []int) *tensor.Tensor {
	x := tensor.New(d, shape...)
	last := max(1, shape[len(shape)-1])
	for i := range x.Len() {
		if d == tensor.Bool {
			x.SetInt(i, int64(min(i/last, rng.IntN(2))))
			continue
		}
		x.SetFloat(i, rng.NormFloat64()/4)
	}
	return x
}

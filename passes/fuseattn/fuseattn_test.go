package fuseattn_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/fuseattn"
	"github.com/parallax-go/parallax/passes/fuseparallax"
	"github.com/parallax-go/parallax/passes/passtest"
)

func TestForms(t *testing.T) { passtest.Files(t, fuseattn.Pass) }

// TestFormsCompute checks that each form of the text cases gives the same numbers
// when it is fused, rows that see no key included, and that all are fused that
// have a section for it.
func TestFormsCompute(t *testing.T) {
	for file, pass := range map[string]passes.Pass{
		"testdata/forms.txtar":                 fuseattn.Pass,
		"../fuseparallax/testdata/forms.txtar": fuseparallax.Pass,
	} {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range archive.Files {
			name, before := strings.CutSuffix(f.Name, " before")
			if !before {
				continue
			}
			fused := 0
			if i+1 < len(archive.Files) && archive.Files[i+1].Name == name+" after" {
				fused = 1
			}
			t.Run(name, func(t *testing.T) { computesTheSame(t, pass, string(f.Data), fused) })
		}
	}
}

func computesTheSame(t *testing.T, pass passes.Pass, src string, want int) {
	before, after := parse(t, src), passtest.Apply(t, pass, src)
	fused := 0
	for n := range after.All() {
		if n.Op == op.Parallax {
			fused++
		}
	}
	if fused != want {
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
	results, err := eval.Graph(before, inputs)
	if err != nil {
		t.Fatal(err)
	}
	got, err := eval.Graph(after, inputs)
	if err != nil {
		t.Fatal(err)
	}
	tolerance := 1e-4 // of sums of 64 products in f32
	if results[0].DType == tensor.Float16 {
		tolerance = 1e-2
	}
	for i := range results {
		if err := equal(got[i], results[i], tolerance); err != nil {
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

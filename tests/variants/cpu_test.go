package variants

import (
	"context"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/catalog"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/std"
	"github.com/parallax-go/parallax/runtime/session"
)

// TestOnCPU runs the graphs in f32 on the CPU's kernels, and compares with the
// graphs as they are written.
func TestOnCPU(t *testing.T) {
	for _, v := range readVariants(t) {
		for _, c := range v.cases {
			t.Run(v.id+"/"+c.name, func(t *testing.T) { runsOnCPU(t, c.graph) })
		}
	}
}

func runsOnCPU(t *testing.T, src string) {
	single := strings.ReplaceAll(src, "f64", "f32")
	s := load(t, single)
	defer s.Close()
	for seed, dims := range sizes {
		in := inputs(t, single, parse(t, single), dims, uint64(seed))
		names := map[string]*tensor.Tensor{}
		for i, p := range s.Inputs() {
			names[p.Name] = in[i]
		}
		got, err := s.Run(context.Background(), names)
		if err != nil {
			t.Fatalf("%v: %v", dims, err)
		}
		for i, want := range written(t, src, in) {
			x := got[s.Outputs()[i].Name]
			if err := equal(x, converted(want, x.DType), onCPU(src)); err != nil {
				t.Errorf("%v: output %d: %v", dims, i, err)
			}
		}
	}
}

func load(t *testing.T, src string) *session.Session {
	t.Helper()
	g, rows := parse(t, src), catalog.New()
	if _, err := passes.Run(context.Background(), g, std.Passes(), &passes.Options{Catalog: rows, Target: kernels.CPU}); err != nil {
		t.Fatal(err)
	}
	p, err := codegen.Lower(g, codegen.Options{Catalog: rows, Target: kernels.CPU})
	if err != nil {
		t.Fatal(err)
	}
	s, err := session.New(p, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// written computes src as it is written, on inputs in its own types.
func written(t *testing.T, src string, in []*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	g := parse(t, src)
	var own []*tensor.Tensor
	for i, v := range g.Inputs {
		own = append(own, converted(in[i], v.Type.DType))
	}
	out, err := eval.Graph(g, own)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func converted(x *tensor.Tensor, d tensor.DType) *tensor.Tensor {
	if x.DType == d {
		return x
	}
	y := tensor.New(d, x.Shape...)
	for i := range x.Len() {
		y.SetFloat(i, x.FloatAt(i))
	}
	return y
}

// onCPU is the tolerance of a graph in f32, or of f16 if it is written in that.
// Scores of projections reach some tens, of which f32 keeps 2⁻¹⁹, and weights are
// off by as much. A mask that adds −10000 leaves 2⁻¹¹ of a score, in all weights of
// a row that sees no other key.
func onCPU(src string) float64 {
	switch {
	case strings.Contains(src, "f16"):
		return tolerances[tensor.Float16]
	case strings.Contains(src, "10000"):
		return 4e-3
	}
	return 1e-4
}

package host

import (
	"strings"
	"testing"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/catalog"
	"github.com/parallax-go/parallax/kernels/cpu"
	"github.com/parallax-go/parallax/kernels/par"
	"github.com/parallax-go/parallax/runtime/rt"
)

// TestEveryKernelIsThere: a row of the catalog without its function would only
// be found by the model that needs it.
func TestEveryKernelIsThere(t *testing.T) {
	all, table := catalog.New(), Kernels()
	for _, target := range []kernels.Target{kernels.Ref, kernels.CPU} {
		for _, k := range all.Kernels(target) {
			if table.Kernels[k.ID] == nil {
				t.Errorf("target %s lists kernel %s, of which this build has no function", target, k.ID)
			}
		}
	}
}

// scaled is x·w with a kernel that wants its weight doubled beforehand.
func scaled(t *testing.T) (*codegen.Program, *tensor.Tensor) {
	g := ir.NewGraph("scaled")
	x := g.NewInput("x", ir.TensorOf(tensor.Float32, sym.Shape{sym.Symbol("n")}))
	w := tensor.Of([]int{1}, []float32{3})
	n, err := g.Add(op.Mul, nil, 1, x, g.NewConst("w", w))
	if err != nil {
		t.Fatal(err)
	}
	g.AddNamedOutput("y", n.Out[0])
	c := &kernels.Catalog{}
	c.Add(kernels.CPU, kernels.Kernel{ID: "test.Mul", Op: "Mul", Pack: func(use kernels.Case) []kernels.Packing {
		return []kernels.Packing{{Operand: 1, Layout: "test.Double"}}
	}})
	p, err := codegen.Lower(g, codegen.Options{Catalog: c, Target: kernels.CPU})
	if err != nil {
		t.Fatal(err)
	}
	return p, w
}

func TestWeightsArePacked(t *testing.T) {
	p, w := scaled(t)
	pool := par.New(2)
	defer pool.Close()
	var released []*tensor.Tensor
	table := &Table{
		Kernels: map[string]Func{"test.Mul": func(_ *cpu.Ctx, _ any, out, in []*tensor.Tensor) error {
			out[0].Reset(tensor.Float32, in[0].Shape...)
			for i, v := range tensor.Data[float32](in[0]) {
				tensor.Data[float32](out[0])[i] = v * tensor.Data[float32](in[1])[0]
			}
			return nil
		}},
		Packers: map[string]Packer{"test.Double": func(_ *par.Pool, packed, weight *tensor.Tensor) error {
			packed.Reset(tensor.Float32, 1)
			packed.SetFloat(0, 2*weight.FloatAt(0))
			return nil
		}},
	}
	store := &rt.WeightStore{}
	m, err := Load(p, table, rt.Options{Pool: pool, Weights: store, Packed: func(t *tensor.Tensor) { released = append(released, t) }})
	if err != nil {
		t.Fatal(err)
	}
	if len(released) != 0 || store.Bytes() != 0 {
		t.Error("weights are packed before the first run")
	}
	y := &tensor.Tensor{}
	if err := m.Run(t.Context(), []*tensor.Tensor{tensor.Of([]int{2}, []float32{1, 10})}, []*tensor.Tensor{y}); err != nil {
		t.Fatal(err)
	}
	if got := tensor.Data[float32](y); got[0] != 6 || got[1] != 60 {
		t.Errorf("got %v, want [6 60]", got)
	}
	if len(released) != 1 || released[0] != w {
		t.Errorf("told of %d packed constants, want the weight", len(released))
	}
	if store.Bytes() != 4 {
		t.Errorf("the store holds %d bytes, want 4", store.Bytes())
	}
	if err := m.Close(); err != nil || store.Bytes() != 0 {
		t.Errorf("after Close the store holds %d bytes, error %v", store.Bytes(), err)
	}
}

func TestMissingFunctionsAreNamed(t *testing.T) {
	p, _ := scaled(t)
	_, err := Load(p, &Table{}, rt.Options{})
	for _, want := range []string{"kernel test.Mul is not in this build", `weight "w": layout test.Double is not in this build`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q in it", err, want)
		}
	}
}

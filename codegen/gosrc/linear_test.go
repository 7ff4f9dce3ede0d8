package gosrc_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/codegen/gosrc"
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/text"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/catalog"
)

// TestLinear shows how a fused product is printed: lists in its attributes, an
// output that is left out, and its weights packed.
func TestLinear(t *testing.T) {
	g, err := text.Parse(`graph {
  input %x : f32[n,2]
  const %w : f32[2,2] = [1, 2, 3, 4]
  const %b : f32[2] = [5, 6]
  _, %z = ai.parallax.Linear(%x, %w, %b, %b) {biased=[0], activation=gelu, norm=rms}
  %p, %q = ai.parallax.Linear(%z, %w, %w, %b) {weights=2, trans_b=true, biased=[1]}
  %r = ai.parallax.Linear(%z, %w) {columns=[1,2]}
  output %p
  output %q
  output %r
}`)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, g, kernels.F32,
		"attr.Linear{Weights: 1, Activation: \"gelu\", Norm: \"rms\", Epsilon: 1e-05, Steps: \"none\", Biased: []int{0}}",
		"attr.Linear{Weights: 2, TransB: true, Activation: \"none\", Norm: \"none\", Epsilon: 1e-05, Steps: \"none\", Biased: []int{1}}",
		"cpu.Linear(ctx, []*tensor.Tensor{nil, f.T(",
		"Pack: cpu.PackB, Layout: \"cpu.PackB\"",
		"Pack: cpu.PackColumns(1, 2), Layout: \"cpu.PackColumns(1, 2)\"",
		"Pack: cpu.PackBT, Layout: \"cpu.PackBT\"",
	)
	expect(t, g, kernels.BF16,
		"Pack: cpu.PackBrain, Layout: \"cpu.PackBrain\"",
		"Pack: cpu.PackBrainColumns(1, 2), Layout: \"cpu.PackBrainColumns(1, 2)\"",
		"Pack: cpu.PackBrainT, Layout: \"cpu.PackBrainT\"",
	)
}

// TestFusedConv: operands that the specification doesn't have are left out.
func TestFusedConv(t *testing.T) {
	g, err := text.Parse(`graph {
  input %x : f32[n,2,s]
  const %w : f32[2,2,1] = [1, 2, 3, 4]
  %y = ai.parallax.FusedConv(%x, %w, %x) {activation=clip, beta=6, has_residual=true}
  output %y
}`)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, g, kernels.F32,
		`attr.FusedConv{AutoPad: "NOTSET", Group: 1, Activation: "clip", Beta: 6, HasResidual: true}`,
		"cpu.FusedConv(ctx, f.T(",
	)
}

// TestFusedConvLast: filters of rows of channels are packed.
func TestFusedConvLast(t *testing.T) {
	g, err := text.Parse(`graph {
  input %x : f32[n,s,2]
  const %w : f32[2,1,3] = [1, 2, 3, 4, 5, 6]
  const %b : f32[2] = [1, 2]
  %y = ai.parallax.FusedConv(%x, %w, %b) {group=2, channels_last=true, has_bias=true}
  output %y
}`)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, g, kernels.F32, `ChannelsLast: true, HasBias: true}`, "cpu.FusedConvLast(ctx, f.T(", "cpu.PackTaps")
}

// expect looks for texts in what is printed of g.
func expect(t *testing.T, g *ir.Graph, precision kernels.Precision, texts ...string) {
	t.Helper()
	p, err := codegen.Lower(g, codegen.Options{Catalog: catalog.New(), Target: kernels.CPU, Precision: precision})
	if err != nil {
		t.Fatal(err)
	}
	files, err := gosrc.Emit(p, gosrc.Options{Dir: filepath.Join(t.TempDir(), "pkg")})
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		all.Write(f.Data)
	}
	for _, want := range texts {
		if !strings.Contains(all.String(), want) {
			t.Errorf("nothing reads %s in\n%s", want, all.String())
		}
	}
}

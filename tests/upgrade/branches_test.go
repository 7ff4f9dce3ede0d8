package upgrade

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/text"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/models"
)

// branch is a layer of attention; the second scales by another phrasing, so that
// the branches are not alike.
const branch = ` region {
  capture %xN : f32[b,t,8] = %x
  %qN = MatMul(%xN, f32[8,8] = fill 0.1)
  %kN = MatMul(%xN, f32[8,8] = fill 0.2)
  %vN = MatMul(%xN, f32[8,8] = fill 0.3)
  %q4N = Reshape(%qN, i64 = [0, 0, 2, 4])
  %k4N = Reshape(%kN, i64 = [0, 0, 2, 4])
  %v4N = Reshape(%vN, i64 = [0, 0, 2, 4])
  %qtN = Transpose(%q4N) {perm=[0,2,1,3]}
  %ktN = Transpose(%k4N) {perm=[0,2,3,1]}
  %vtN = Transpose(%v4N) {perm=[0,2,1,3]}
  %sN = MatMul(%qtN, %ktN)
  %scaledN = OP(%sN, f32 = 0.5)
  %pN = Softmax(%scaledN)
  %oN = MatMul(%pN, %vtN)
  %otN = Transpose(%oN) {perm=[0,2,1,3]}
  %yN = Reshape(%otN, i64 = [0, 0, 8])
  output %yN
}`

// TestBranches upgrades a model whose attention is in the branches of an If that
// share their weights, as those of a decoder with and without a past: one W_R
// serves both.
func TestBranches(t *testing.T) {
	part := func(n, op string) string { return strings.NewReplacer("N", n, "OP", op).Replace(branch) }
	g, err := text.Parse("graph {\n  input %c : bool[]\n  input %x : f32[b,t,8]\n  %y = If(%c)" + part("1", "Mul") + part("2", "Div") + "\n  output %y\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	weights := map[string]*tensor.Tensor{}
	for n := range g.All() {
		if w := n.Operand(1); n.Op.Name == "MatMul" && w.Const != nil {
			name := n.Out[0].Name[:1]
			if weights[name] == nil {
				weights[name] = random(len(weights), 8, 8)
			}
			w.Const, w.Name = weights[name], "layer."+name
		}
	}
	model := filepath.Join(t.TempDir(), "model.onnx")
	save(t, g, model)

	out, w := convert(t, model, "function", nil)
	if len(w.Upgrade.Upgraded) != 2 {
		t.Fatalf("%+v", w.Upgrade)
	}
	readsBack(t, model, out, w)
	for i := range 2 {
		if name := w.Upgrade.Upgraded[i].Parameters[0].Name; name != "layer.q.W_R" {
			t.Errorf("attention %d has %s", i, name)
		}
	}
	trained := map[string]*tensor.Tensor{"layer.q.W_R": random(7, 8, 8)}
	changed, _ := convert(t, model, "function", trained)
	for _, c := range []bool{true, false} {
		cond := tensor.New(tensor.Bool)
		tensor.Data[bool](cond)[0] = c
		sets := []models.Set{{Name: "branch", Inputs: map[string]*tensor.Tensor{"c": cond, "x": random(5, 2, 3, 8)}}}
		for _, target := range []kernels.Target{kernels.CPU, kernels.Ref} {
			same(t, model, out, target, sets, models.Case{})
		}
		before, after := run(t, model, kernels.CPU, sets[0].Inputs), run(t, changed, kernels.CPU, sets[0].Inputs)
		if firstDifference(after["y"], before["y"], 1e-3, 1e-3) == "" {
			t.Errorf("branch %t: the weights change nothing", c)
		}
	}
}

// random makes numbers between −1 and 1.
func random(seed int, shape ...int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, shape...)
	state := uint32(seed)*2654435761 + 1
	for i := range x.Len() {
		state = state*1664525 + 1013904223
		x.SetFloat(i, float64(state>>8)/(1<<23)-1)
	}
	return x
}

func save(t *testing.T, g *ir.Graph, path string) {
	t.Helper()
	m, err := onnx.Export(g, onnx.ExportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := wire.EncodeTo(&buf, m); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

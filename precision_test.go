package parallax_test

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/onnxtest"
)

// blocksModel writes y = x·w for weights of 4 bits in blocks, too large to be folded, and
// returns its path.
func blocksModel(t *testing.T) string {
	t.Helper()
	const k, n, size = 160, 256, 32
	rng := rand.New(rand.NewPCG(3, 3))
	w, scales := make([]byte, n*k/2), make([]float32, n*k/size)
	for i := range w {
		w[i] = byte(rng.Uint32())
	}
	for i := range scales {
		scales[i] = rng.Float32()
	}
	g := &wire.Graph{
		Name: "blocks",
		Node: []*wire.Node{onnxtest.In("com.microsoft", onnxtest.Node("MatMulNBits", "x w s", "y",
			onnxtest.Int("K", k), onnxtest.Int("N", n), onnxtest.Int("bits", 4), onnxtest.Int("block_size", size)))},
		Initializer: []*wire.Tensor{
			{Name: "w", DataType: wire.Uint8, Dims: []int64{n, k / size, size / 2}, RawData: w},
			onnxtest.Floats("s", []int64{int64(len(scales))}, scales...),
		},
		Input:  []*wire.ValueInfo{onnxtest.Value("x", "f32[rows,160]")},
		Output: []*wire.ValueInfo{onnxtest.Value("y", "f32[rows,256]")},
	}
	m := onnxtest.Model(21, g)
	m.OpsetImport = append(m.OpsetImport[:1], &wire.OperatorSetID{Domain: "com.microsoft", Version: 1})
	path := filepath.Join(t.TempDir(), "blocks.onnx")
	data, err := wire.Encode(m)
	if err == nil {
		err = os.WriteFile(path, data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestInt8 compares products in int8 with those in f32: near, and said to be as precise as
// bf16. What is generated packs weights for them.
func TestInt8(t *testing.T) {
	path := blocksModel(t)
	x := tensor.New(tensor.Float32, 9, 160)
	rng := rand.New(rand.NewPCG(4, 4))
	for i := range x.Len() {
		x.SetFloat(i, rng.NormFloat64())
	}
	outputs := map[kernels.Precision]*tensor.Tensor{}
	for precision, want := range map[kernels.Precision]tensor.DType{kernels.F32: tensor.Float32, kernels.INT8: tensor.BFloat16} {
		m, err := parallax.Load(path, parallax.WithPrecision(precision))
		if err != nil {
			t.Fatal(err)
		}
		if m.Precision() != want {
			t.Errorf("a model in %s is as precise as %s, want %s", precision, m.Precision(), want)
		}
		out, err := m.Run(t.Context(), map[string]*tensor.Tensor{"x": x})
		if err != nil {
			t.Fatal(err)
		}
		outputs[precision] = out["y"]
		m.Close()
	}
	got, exact := outputs[kernels.INT8], outputs[kernels.F32]
	apart, top := 0.0, 0.0
	for i := range exact.Len() {
		apart, top = max(apart, math.Abs(got.FloatAt(i)-exact.FloatAt(i))), max(top, math.Abs(exact.FloatAt(i)))
	}
	// Half a step is 1/254 of the greatest number of a block, and errors add up as the
	// products do, at random.
	if !(apart < top/100) {
		t.Errorf("int8 and f32 are %g apart, the greatest number is %g", apart, top)
	}

	s, err := parallax.Open(path, parallax.WithPrecision(kernels.INT8))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	folder := filepath.Join(t.TempDir(), "blocks")
	if _, err := s.Compile(t.Context(), folder, parallax.CompileOptions{Target: "go"}); err != nil {
		t.Fatal(err)
	}
	plan, err := os.ReadFile(filepath.Join(folder, "plan.go"))
	if err != nil || !strings.Contains(string(plan), "cpu.PackBlockQuads") {
		t.Errorf("error %v; the generated plan doesn't pack for products in int8", err)
	}
}

package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
)

func operand(t *testing.T, d tensor.DType, shape string) kernels.Operand {
	t.Helper()
	s, err := sym.ParseShape(shape)
	if err != nil {
		t.Fatal(err)
	}
	return kernels.Operand{Present: true, DType: d, HasRank: true, Shape: s}
}

// TestSelectOnCPU shows which kernel serves which case.
func TestSelectOnCPU(t *testing.T) {
	f32 := func(shape string) kernels.Operand { return operand(t, tensor.Float32, shape) }
	ints := func(shape string) kernels.Operand { return operand(t, tensor.Int64, shape) }
	weight := f32("[8,16]")
	weight.Const = tensor.New(tensor.Float32, 8, 16)
	filters := f32("[4,8,3]")
	filters.Const = tensor.New(tensor.Float32, 4, 8, 3)
	taps := f32("[8,1,3]")
	taps.Const = tensor.New(tensor.Float32, 8, 1, 3)
	unranked := kernels.Operand{Present: true, DType: tensor.Float32}
	axes := func(list ...int64) kernels.Operand {
		o := ints("[2]")
		o.Const = tensor.Of([]int{len(list)}, list)
		return o
	}
	norm, in := attr.New[attr.LayerNormalization](), f32("[b,s,8]")
	tests := []struct {
		op   string
		attr any
		in   []kernels.Operand
		out  []kernels.Operand
		want string
	}{
		{"MatMul", nil, []kernels.Operand{in, weight}, nil, "cpu.MatMulPacked"},
		{"MatMul", nil, []kernels.Operand{in, f32("[b,8,s]")}, nil, "cpu.MatMul"},
		{"MatMul", nil, []kernels.Operand{unranked, weight}, nil, "ref.MatMul"},
		{"MatMul", nil, []kernels.Operand{ints("[2,2]"), ints("[2,2]")}, nil, "ref.MatMul"},
		{"MatMul", nil, []kernels.Operand{operand(t, tensor.Float16, "[2,2]"), operand(t, tensor.Float16, "[2,2]")}, nil, "cpu.MatMul"},
		{"Gemm", &attr.Gemm{Alpha: 1}, []kernels.Operand{f32("[b,8]"), weight, {}}, nil, "cpu.GemmPacked"},
		{"Gemm", &attr.Gemm{Alpha: 1, TransA: true}, []kernels.Operand{f32("[8,b]"), weight}, nil, "cpu.Gemm"},
		{"Einsum", &attr.Einsum{Equation: "bsk,bks->bs"}, []kernels.Operand{in, f32("[b,8,s]")}, []kernels.Operand{f32("[b,s]")}, "cpu.Einsum"},
		{"Einsum", &attr.Einsum{Equation: "bsk,brs->bs"}, []kernels.Operand{in, f32("[b,8,s]")}, []kernels.Operand{f32("[b,s]")}, "ref.Einsum"},
		{"Einsum", &attr.Einsum{Equation: "ij->ji"}, []kernels.Operand{weight}, []kernels.Operand{f32("[16,8]")}, "ref.Einsum"},
		{"ai.parallax.FusedConv", &attr.FusedConv{}, []kernels.Operand{f32("[b,3,s]"), f32("[8,3,1]")}, nil, "cpu.FusedConv"},
		{"ai.parallax.FusedConv", &attr.FusedConv{}, []kernels.Operand{operand(t, tensor.Float16, "[b,3,s]"), operand(t, tensor.Float16, "[8,3,1]")}, nil, "ref.FusedConv"},
		{"ai.parallax.FusedConv", &attr.FusedConv{ChannelsLast: true, Group: 8}, []kernels.Operand{f32("[b,s,8]"), taps}, nil, "cpu.FusedConvLast"},
		{"ai.parallax.FusedConv", &attr.FusedConv{ChannelsLast: true, Group: 8}, []kernels.Operand{f32("[b,s,8]"), f32("[8,1,3]")}, nil, "ref.FusedConv"},
		{"ai.parallax.FusedConv", &attr.FusedConv{ChannelsLast: true, Group: 4}, []kernels.Operand{f32("[b,s,4]"), taps}, nil, "ref.FusedConv"},
		{"ai.parallax.FusedConv", &attr.FusedConv{ChannelsLast: true, Group: 8}, []kernels.Operand{operand(t, tensor.BFloat16, "[b,s,8]"), taps}, nil, "ref.FusedConv"},
		{"ai.parallax.Linear", &attr.Linear{Weights: 2}, []kernels.Operand{in, weight, weight}, nil, "cpu.Linear"},
		{"ai.parallax.Linear", &attr.Linear{Weights: 2}, []kernels.Operand{in, weight, f32("[8,16]")}, nil, "ref.Linear"},
		{"ai.parallax.Linear", &attr.Linear{Weights: 1, HasResidual: true}, []kernels.Operand{in, weight, operand(t, tensor.Float16, "[b,s,16]")}, nil, "ref.Linear"},
		{"Conv", &attr.Conv{Group: 1, Kernel: []int{3}}, []kernels.Operand{in, filters, {}}, nil, "cpu.Conv"},
		{"Conv", &attr.Conv{Group: 1}, []kernels.Operand{in, filters}, nil, "cpu.Conv"},
		{"Conv", &attr.Conv{Group: 2, Kernel: []int{3}}, []kernels.Operand{in, filters}, nil, "cpu.Conv"},
		{"Conv", &attr.Conv{Group: 1}, []kernels.Operand{f32("[1,2,3,4,5,6]"), f32("[1,2,3,4,5,6]")}, nil, "ref.Conv"},
		{"Add", nil, []kernels.Operand{in, f32("[8]")}, nil, "cpu.Add"},
		{"ai.parallax.Elementwise", &attr.Elementwise{Program: "add(x0,x1)"}, []kernels.Operand{in, f32("[8]")}, nil, "cpu.Elementwise"},
		{"ai.parallax.Elementwise", &attr.Elementwise{Program: "neg(x0)"}, []kernels.Operand{unranked}, nil, "ref.Elementwise"},
		{"Add", nil, []kernels.Operand{ints("[b]"), ints("[]")}, nil, "ref.Add"},
		{"Pow", nil, []kernels.Operand{in, ints("[]")}, nil, "ref.Pow"},
		{"Relu", nil, []kernels.Operand{unranked}, nil, "cpu.Relu"},
		{"Cast", &attr.Cast{To: tensor.Float16}, []kernels.Operand{in}, nil, "cpu.Cast"},
		{"Cast", &attr.Cast{To: tensor.Int64}, []kernels.Operand{in}, nil, "cpu.Cast"},
		{"Cast", &attr.Cast{To: tensor.String}, []kernels.Operand{in}, nil, "ref.Cast"},
		{"Max", nil, []kernels.Operand{in, in}, nil, "cpu.Max"},
		{"Max", nil, []kernels.Operand{in, in, in}, nil, "ref.Max"},
		{"Swish", &attr.Unary{Alpha: 1.702}, []kernels.Operand{in}, nil, "cpu.Swish"},
		{"Swish", &attr.Unary{Alpha: 1.5}, []kernels.Operand{in}, nil, "ref.Swish"},
		{"Equal", nil, []kernels.Operand{operand(t, tensor.Bool, "[b]"), operand(t, tensor.Bool, "[]")}, nil, "cpu.Equal"},
		{"Less", nil, []kernels.Operand{ints("[b]"), ints("[]")}, nil, "cpu.Less"},
		{"Less", nil, []kernels.Operand{operand(t, tensor.Float16, "[b]"), operand(t, tensor.Float16, "[]")}, nil, "ref.Less"},
		{"Tile", nil, []kernels.Operand{in, ints("[3]")}, nil, "cpu.Tile"},
		{"Tile", nil, []kernels.Operand{f32("[1,1,1,1,1]"), ints("[5]")}, nil, "ref.Tile"},
		{"LayerNormalization", norm, []kernels.Operand{in, f32("[8]"), f32("[8]")}, []kernels.Operand{in}, "cpu.LayerNormalization"},
		{"LayerNormalization", norm, []kernels.Operand{in, f32("[8]")}, []kernels.Operand{in, {}, in}, "ref.LayerNormalization"},
		{"LayerNormalization", norm, []kernels.Operand{in, f32("[1]")}, []kernels.Operand{in}, "ref.LayerNormalization"},
		{"RMSNormalization", norm, []kernels.Operand{in, f32("[1,8]")}, []kernels.Operand{in}, "cpu.RMSNormalization"},
		{"GroupNormalization", &attr.GroupNormalization{Groups: 2}, []kernels.Operand{f32("[b,8,9]"), f32("[8]"), f32("[8]")}, nil, "cpu.GroupNormalization"},
		{"InstanceNormalization", nil, []kernels.Operand{ints("[b,8,9]"), f32("[8]"), f32("[8]")}, nil, "ref.InstanceNormalization"},
		{"Gather", attr.New[attr.Axis](), []kernels.Operand{ints("[9]"), ints("[b]")}, []kernels.Operand{ints("[b]")}, "cpu.Gather"},
		{"Gather", attr.New[attr.Axis](), []kernels.Operand{f32("[1,1,1,1,1]"), ints("[1,1,1,1]")}, []kernels.Operand{f32("[1,1,1,1,1,1,1,1]")}, "ref.Gather"},
		{"GatherElements", attr.New[attr.Axis](), []kernels.Operand{in, ints("[b,s,4]")}, nil, "cpu.GatherElements"},
		{"GatherElements", attr.New[attr.Axis](), []kernels.Operand{in, operand(t, tensor.Int8, "[b,s,4]")}, nil, "ref.GatherElements"},
		{"GatherND", attr.New[attr.GatherND](), []kernels.Operand{in, ints("[n,1]")}, []kernels.Operand{f32("[n,s,8]")}, "cpu.GatherND"},
		{"ScatterND", attr.New[attr.ScatterND](), []kernels.Operand{in, ints("[n,1]"), f32("[n,s,8]")}, nil, "cpu.ScatterND"},
		{"ScatterND", &attr.ScatterND{Reduction: "add"}, []kernels.Operand{in, ints("[n,1]"), f32("[n,s,8]")}, nil, "ref.ScatterND"},
		{"DepthToSpace", &attr.DepthSpace{BlockSize: 2, Mode: "CRD"}, []kernels.Operand{f32("[b,4,h,w]")}, nil, "cpu.DepthToSpace"},
		{"SpaceToDepth", &attr.DepthSpace{BlockSize: 2}, []kernels.Operand{f32("[b,4,h,w]")}, nil, "cpu.SpaceToDepth"},
		{"Pad", attr.New[attr.Pad](), []kernels.Operand{in, ints("[6]"), {}, {}}, nil, "cpu.Pad"},
		{"Pad", attr.New[attr.Pad](), []kernels.Operand{operand(t, tensor.Complex128, "[b]"), ints("[2]")}, nil, "ref.Pad"},
		{"Resize", attr.New[attr.Resize](), []kernels.Operand{in, {}, {}, ints("[3]")}, nil, "cpu.Resize"},
		{"Resize", attr.New[attr.Resize](), []kernels.Operand{ints("[b]"), {}, {}, ints("[1]")}, nil, "ref.Resize"},
		{"Concat", attr.New[attr.Axis](), []kernels.Operand{operand(t, tensor.String, "[b]"), operand(t, tensor.String, "[b]")}, nil, "ref.Concat"},
		{"Where", nil, []kernels.Operand{operand(t, tensor.Bool, "[b]"), ints("[b]"), ints("[]")}, nil, "cpu.Where"},
		{"LogSoftmax", &attr.Axis{Axis: 2}, []kernels.Operand{in}, nil, "cpu.LogSoftmax"},
		{"LogSoftmax", &attr.Axis{Axis: 1}, []kernels.Operand{in}, nil, "ref.LogSoftmax"},
		{"ArgMax", &attr.ArgReduce{Axis: -1}, []kernels.Operand{in}, nil, "cpu.ArgMax"},
		{"ArgMin", &attr.ArgReduce{Axis: 0}, []kernels.Operand{in}, nil, "ref.ArgMin"},
		{"ReduceLogSumExp", &attr.Reduce{}, []kernels.Operand{in}, nil, "cpu.ReduceLogSumExp"},
		{"ReduceLogSumExp", &attr.Reduce{}, []kernels.Operand{in, axes(-1, 1)}, nil, "cpu.ReduceLogSumExp"},
		{"ReduceLogSumExp", &attr.Reduce{}, []kernels.Operand{in, axes(2, 0)}, nil, "ref.ReduceLogSumExp"},
		{"ReduceLogSumExp", &attr.Reduce{}, []kernels.Operand{in, ints("[1]")}, nil, "ref.ReduceLogSumExp"},
		{"ReduceProd", nil, []kernels.Operand{in}, nil, "ref.ReduceProd"},
	}
	c := New()
	for _, test := range tests {
		use := kernels.Case{Op: test.op, Attr: test.attr, In: test.in, Out: test.out}
		if k, refusals := c.Select(kernels.CPU, use); k.ID != test.want {
			t.Errorf("%s: got %s after %v, want %s", use, k.ID, refusals, test.want)
		}
		if k, _ := c.Select(kernels.Ref, use); k.ID != RefPrefix+test.op[strings.LastIndexByte(test.op, '.')+1:] {
			t.Errorf("%s on ref: got %s", use, k.ID)
		}
	}
}

// TestRowsNameOperators: a misspelt operator would never be asked for.
func TestRowsNameOperators(t *testing.T) {
	c := New()
	for _, target := range c.Targets() {
		for _, k := range c.Kernels(target) {
			if op.ByName(k.Op) == nil {
				t.Errorf("kernel %s is of operator %q, which does not exist", k.ID, k.Op)
			}
		}
	}
}

// TestPrecisionChoosesLayouts: products in bf16 are those of weights packed for it;
// f16 stays.
func TestPrecisionChoosesLayouts(t *testing.T) {
	c := New()
	for _, test := range []struct {
		op        string
		attr      any
		d         tensor.DType
		precision kernels.Precision
		want      string
	}{
		{"MatMul", nil, tensor.Float32, "", "cpu.PackB"},
		{"MatMul", nil, tensor.Float32, kernels.F32, "cpu.PackB"},
		{"MatMul", nil, tensor.Float32, kernels.BF16, "cpu.PackBrain"},
		{"MatMul", nil, tensor.BFloat16, kernels.BF16, "cpu.PackBrain"},
		{"MatMul", nil, tensor.Float16, kernels.BF16, "cpu.PackB"},
		{"Gemm", &attr.Gemm{Alpha: 1, TransB: true}, tensor.Float32, kernels.BF16, "cpu.PackBrainT"},
		{"Gemm", &attr.Gemm{Alpha: 1}, tensor.Float32, kernels.BF16, "cpu.PackBrain"},
		{"ai.parallax.Linear", &attr.Linear{Weights: 1, TransB: true}, tensor.Float32, kernels.BF16, "cpu.PackBrainT"},
		{"ai.parallax.Linear", &attr.Linear{Weights: 1}, tensor.Float32, kernels.BF16, "cpu.PackBrain"},
	} {
		weight := operand(t, test.d, "[8,16]")
		weight.Const = tensor.New(test.d, 8, 16)
		use := kernels.Case{Op: test.op, Attr: test.attr, In: []kernels.Operand{operand(t, test.d, "[b,8]"), weight}, Precision: test.precision}
		k, _ := c.Select(kernels.CPU, use)
		if diff := cmp.Diff([]kernels.Packing{{Operand: 1, Layout: test.want}}, k.Pack(use)); diff != "" {
			t.Errorf("%s of %s, precision %q (-want +got):\n%s", test.op, test.d, test.precision, diff)
		}
	}
}

// TestPrecisionChoosesAttention: attention in bf16 has a kernel of its own, and one that
// continues caches; f16 stays.
func TestPrecisionChoosesAttention(t *testing.T) {
	for _, test := range []struct {
		d         tensor.DType
		precision kernels.Precision
		want      string
	}{
		{tensor.Float32, "", "cpu.Parallax"},
		{tensor.Float32, kernels.F32, "cpu.Parallax"},
		{tensor.Float32, kernels.BF16, "cpu.ParallaxBrain"},
		{tensor.BFloat16, kernels.BF16, "cpu.ParallaxBrain"},
		{tensor.BFloat16, "", "cpu.Parallax"},
		{tensor.Float16, kernels.BF16, "cpu.Parallax"},
	} {
		x := operand(t, test.d, "[b,2,s,8]")
		use := kernels.Case{Op: "ai.parallax.Parallax", Attr: attr.New[attr.Attention](), In: []kernels.Operand{x, x, x}, Precision: test.precision}
		k, _ := New().Select(kernels.CPU, use)
		if diff := cmp.Diff([]string{test.want, test.want + "Append"}, []string{k.ID, k.Append}); diff != "" {
			t.Errorf("%s, precision %q (-want +got):\n%s", test.d, test.precision, diff)
		}
	}
}

// TestLinearPacksItsWeights: every one, in the layout of its orientation.
func TestLinearPacksItsWeights(t *testing.T) {
	for _, c := range []struct {
		a         *attr.Linear
		want      []kernels.Packing
		precision kernels.Precision
	}{
		{&attr.Linear{Weights: 1}, []kernels.Packing{{Operand: 1, Layout: "cpu.PackB"}}, ""},
		{&attr.Linear{Weights: 2, Columns: []int{0, 4, 8, 16}}, []kernels.Packing{{Operand: 1, Layout: "cpu.PackColumns(0, 4)"}, {Operand: 2, Layout: "cpu.PackColumns(8, 16)"}}, ""},
		{&attr.Linear{Weights: 1, Columns: []int{4, 8}}, []kernels.Packing{{Operand: 1, Layout: "cpu.PackBrainColumns(4, 8)"}}, kernels.BF16},
		{&attr.Linear{Weights: 2, TransB: true}, []kernels.Packing{{Operand: 1, Layout: "cpu.PackBT"}, {Operand: 2, Layout: "cpu.PackBT"}}, ""},
	} {
		if diff := cmp.Diff(c.want, packWeights(kernels.Case{Attr: c.a, In: make([]kernels.Operand, 1), Precision: c.precision})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", attr.Format(c.a), diff)
		}
	}
}

// TestBlocksInSteps: in int8, if the blocks and the rows are multiples of 16.
func TestBlocksInSteps(t *testing.T) {
	for _, c := range []struct {
		precision kernels.Precision
		size, k   int
		want      string
	}{
		{kernels.INT8, 32, 64, "cpu.PackBlockQuads"},
		{kernels.INT8, 16, 80, "cpu.PackBlockQuads"},
		{kernels.INT8, 8, 64, "cpu.PackBlocks"},
		{kernels.INT8, 32, 72, "cpu.PackBlocks"},
		{kernels.BF16, 32, 64, "cpu.PackBlocks"},
		{kernels.F32, 32, 64, "cpu.PackBlocks"},
	} {
		a := &attr.Linear{Weights: 1, TransB: true, Steps: attr.LinearStepsWeights, BlockSize: c.size, Zeroed: []int{0}}
		w := kernels.Operand{Present: true, Const: tensor.New(tensor.Uint4, 8, c.k)}
		got := packWeights(kernels.Case{Attr: a, In: []kernels.Operand{{}, w}, Precision: c.precision})
		want := []kernels.Packing{{Operand: 1, Layout: c.want}, {Operand: 2, Layout: "cpu.PackBlockSteps"}, {Operand: 3, Layout: "cpu.PackBlockZeros"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s, blocks of %d of %d (-want +got):\n%s", c.precision, c.size, c.k, diff)
		}
	}
}

// TestFiltersOfRowsAreByTaps: in any precision, since they are multiplied in f32.
func TestFiltersOfRowsAreByTaps(t *testing.T) {
	x, w := operand(t, tensor.Float32, "[b,s,8]"), operand(t, tensor.Float32, "[8,1,3]")
	w.Const = tensor.New(tensor.Float32, 8, 1, 3)
	for _, precision := range []kernels.Precision{"", kernels.BF16} {
		c := kernels.Case{
			Op: "ai.parallax.FusedConv", Attr: &attr.FusedConv{Group: 8, ChannelsLast: true},
			In: []kernels.Operand{x, w}, Out: []kernels.Operand{{Present: true}}, Precision: precision,
		}
		k, _ := New().Select(kernels.CPU, c)
		if k.Pack == nil {
			t.Fatalf("%s: %s packs nothing", precision, k.ID)
		}
		if diff := cmp.Diff([]kernels.Packing{{Operand: 1, Layout: "cpu.PackTaps"}}, k.Pack(c)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", precision, diff)
		}
	}
}

package onnx_test

import (
	"strings"
	"testing"

	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

// upgrades are nodes of old opsets and the canonical nodes that they become.
var upgrades = []struct {
	name   string
	opset  int64
	inputs string
	node   *wire.Node
	want   string
}{
	{"Add 1 aligned", 6, "x:f32[2,3,4,5] y:f32[3,4]", node("Add", "x y", "z", integer("broadcast", 1), integer("axis", 1)),
		"a = Unsqueeze(y, [2]); b = Add(x, a); → b"},
	{"Mul 6 from the end", 6, "x:f32[2,3,4] y:f32[4]", node("Mul", "x y", "z", integer("broadcast", 1), integer("axis", -1)),
		"a = Mul(x, y); → a"},
	{"Sub 6 suffix", 6, "x:f32[2,3] y:f32[3]", node("Sub", "x y", "z", integer("broadcast", 1)), "a = Sub(x, y); → a"},
	{"Pow 7", 7, "x:f32[2] y:f32[1]", node("Pow", "x y", "z"), "a = Pow(x, y); → a"},
	{"Sum 6", 6, "x:f32[2] y:f32[2]", node("Sum", "x y x", "z"), "a = Sum(x, y, x); → a"},
	{"Max 1", 1, "x:f32[2]", node("Max", "x x", "z", integers("consumed_inputs", 0, 0)), "a = Max(x, x); → a"},
	{"PRelu 6", 6, "x:f32[2,3,4,5] s:f32[3]", node("PRelu", "x s", "z"), "a = Unsqueeze(s, [1 2]); b = PRelu(x, a); → b"},
	{"PRelu 7", 7, "x:f32[2,3,4,3] s:f32[3]", node("PRelu", "x s", "z"), "a = PRelu(x, s); → a"},
	{"Elu default", 6, "x:f32[2]", node("Elu", "x", "z"), "a = Elu(x) {alpha=1}; → a"},
	{"Selu 1", 1, "x:f32[2]", node("Selu", "x", "z", float("gamma", 2)), "a = Selu(x) {alpha=1.6732, beta=2}; → a"},
	{"Shrink", 9, "x:f32[2]", node("Shrink", "x", "z"), "a = Shrink(x) {alpha=0.5}; → a"},
	{"Clip 1 without limits", 1, "x:f32[2]", node("Clip", "x", "z"), "a = Clip(x); → a"},
	{"Clip 6", 6, "x:f32[2]", node("Clip", "x", "z", float("min", 0)), "a = Clip(x, 0, 3.4028235e+38); → a"},
	{"Clip 11", 11, "x:f32[2] m:f32[]", node("Clip", "x _ m", "z"), "a = Clip(x, _, m); → a"},
	{"Cast 1", 1, "x:f32[2]", node("Cast", "x", "z", text("to", "INT64")), "a = Cast(x) {to=i64}; → a"},
	{"Cast 6", 6, "x:f32[2]", node("Cast", "x", "z", integer("to", 10)), "a = Cast(x) {to=f16}; → a"},
	{"Cast 24", 24, "x:f32[2]", node("Cast", "x", "z", integer("to", 24), text("round_mode", "up"), integer("saturate", 0)), "a = Cast(x) {to=f8e8m0, saturate=false}; → a"},
	{"CastLike", 15, "x:f32[2] y:u8[]", node("CastLike", "x y", "z"), "a = Cast(x) {to=u8}; → a"},
	{"BitShift", 11, "x:u8[2] y:u8[]", node("BitShift", "x y", "z", text("direction", "RIGHT")), "a = BitShift(x, y) {left=false}; → a"},
	{"Gelu", 20, "x:f32[2]", node("Gelu", "x", "z", text("approximate", "tanh")), "a = Gelu(x) {approximate=tanh}; → a"},

	{"Squeeze 11", 11, "x:f32[1,2]", node("Squeeze", "x", "z", integers("axes", 0)), "a = Squeeze(x, [0]); → a"},
	{"Squeeze all", 11, "x:f32[1,2]", node("Squeeze", "x", "z"), "a = Squeeze(x); → a"},
	{"Unsqueeze 1", 1, "x:f32[2]", node("Unsqueeze", "x", "z", integers("axes", 0, 2)), "a = Unsqueeze(x, [0 2]); → a"},
	{"Reshape 1", 1, "x:f32[2,3]", node("Reshape", "x", "z", integers("shape", 0, -1)), "a = Reshape(x, [0 -1]); → a"},
	{"Slice 1", 1, "x:f32[4,5]", node("Slice", "x", "z", integers("starts", 1), integers("ends", 3), integers("axes", 1)),
		"a = Slice(x, [1], [3], [1]); → a"},
	{"Split 2", 2, "x:f32[4]", node("Split", "x", "z y", integers("split", 1, 3)), "a,b = Split(x, [1 3]); → a"},
	{"Split 18", 18, "x:f32[5]", node("Split", "x", "z y", integer("num_outputs", 2)), "a,b = Split(x); → a"},
	{"Split with one part unused", 13, "x:f32[4]", node("Split", "x", "z _"), "a,_ = Split(x); → a"},
	{"Pad 2", 2, "x:f32[2]", node("Pad", "x", "z", integers("pads", 1, 1), float("value", 3)), "a = Pad(x, [1 1], 3); → a"},
	{"Pad 1", 1, "x:f32[2]", node("Pad", "x", "z", integers("paddings", 1, 1), text("mode", "edge")), "a = Pad(x, [1 1]) {mode=edge}; → a"},
	{"Concat 1", 1, "x:f32[2,3]", node("Concat", "x x", "z"), "a = Concat(x, x) {axis=1}; → a"},
	{"Scatter 9", 9, "x:f32[3] i:i64[1] u:f32[1]", node("Scatter", "x i u", "z"), "a = ScatterElements(x, i, u); → a"},
	{"Compress flat", 9, "x:f32[2,3] c:bool[6]", node("Compress", "x c", "z"), "a = Reshape(x, [-1]); b = Compress(a, c); → b"},
	{"Compress", 9, "x:f32[2,3] c:bool[3]", node("Compress", "x c", "z", integer("axis", 1)), "a = Compress(x, c) {axis=1}; → a"},
	{"GridSample 16", 16, "x:f32[1,2,3,4] g:f32[1,5,6,2]", node("GridSample", "x g", "z"), "a = GridSample(x, g); → a"},
	{"GridSample 16 of a mode", 19, "x:f32[1,2,3,4] g:f32[1,5,6,2]", node("GridSample", "x g", "z", text("mode", "bicubic"), text("padding_mode", "border")),
		"a = GridSample(x, g) {mode=cubic, padding_mode=border}; → a"},
	{"DFT 17", 17, "x:f32[1,5,6,2]", node("DFT", "x", "z"), "a = DFT(x, _, 1); → a"},
	{"DFT 17 of an axis", 19, "x:f32[1,5,6,2] n:i64[]", node("DFT", "x n", "z", integer("axis", 2), integer("inverse", 1)), "a = DFT(x, n, 2) {inverse=true}; → a"},
	{"HannWindow", 17, "n:i64[]", node("HannWindow", "n", "z", integer("periodic", 0), integer("output_datatype", 11)),
		"a = Cast(n) {to=f64}; b = Sub(a, 1); c = Reshape(n, []); d = Range(0, c, 1); e = Cast(d) {to=f64}; f = Mul(e, 6.283185307179586); g = Reshape(b, []); h = Div(f, g); i = Cos(h); j = Mul(i, 0.5); k = Sub(0.5, j); l = Cast(k) {to=f64}; → l"},
	{"GRU 1", 1, "x:f32[5,1,3] w:f32[1,12,3] r:f32[1,12,4]", node("GRU", "x w r", "_ z", integer("hidden_size", 4), integer("output_sequence", 1)),
		"_,a = GRU(x, w, r) {hidden_size=4}; → a"},
	{"LSTM 14", 14, "x:f32[1,5,3] w:f32[1,16,3] r:f32[1,16,4]", node("LSTM", "x w r", "z", integer("layout", 1), integer("input_forget", 1), float("clip", 2)),
		"a = LSTM(x, w, r) {clip=2, input_forget=true, layout=1}; → a"},
	{"Upsample 7", 7, "x:f32[1,2,3,4]", node("Upsample", "x", "z", text("mode", "linear"), &wire.Attribute{Name: "scales", Type: wire.AttributeFloats, Floats: []float32{1, 1, 2, 0.5}}),
		"a = Resize(x, _, [1 1 2 0.5]) {coordinate_transformation_mode=asymmetric, mode=linear, nearest_mode=floor}; → a"},
	{"Resize 10", 10, "x:f32[4] s:f32[1]", node("Resize", "x s", "z", text("mode", "linear")), "a = Resize(x, _, s) {coordinate_transformation_mode=asymmetric, mode=linear, nearest_mode=floor}; → a"},
	{"CenterCropPad", 18, "x:f32[5,8] s:i64[1]", node("CenterCropPad", "x s", "z", integers("axes", -1)), "a = Shape(x) {end=2}; b = Gather(a, [-1]); c = Sub(b, s); d = Max(c, [0]); e = Div(d, [2]); f = Sub(s, b); g = Max(f, [0]); h = Div(g, [2]); i = Add(e, s); j = Slice(x, e, i, [-1]); k = Sub(g, h); l = Concat(h, k); m = Pad(j, l, _, [-1]); → m"},
	{"ReverseSequence", 10, "x:f32[5,3] n:i64[3]", node("ReverseSequence", "x n", "z"), "a = Shape(x) {end=1}; b = Reshape(a, []); c = Range(0, b, 1); d = Unsqueeze(c, [1]); e = Unsqueeze(n, [0]); f = Sub(e, [1]); g = Less(d, e); h = Sub(f, d); i = Where(g, h, d); j = Shape(x) {end=2}; k = Expand(i, j); l = GatherElements(x, k); → l"},
	{"GlobalLpPool", 2, "x:f32[1,2,3,4]", node("GlobalLpPool", "x", "z", integer("p", 3)), "a = Abs(x); b = Pow(a, 3); c = ReduceSum(b, [2 3]); d = Pow(c, 0.33333334); → d"},
	{"LRN", 13, "x:f32[1,5,2,2]", node("LRN", "x", "z", integer("size", 4)), "a = Mul(x, x); b = Reshape(a, [0 0 -1]); c = Unsqueeze(b, [1]); d = AveragePool(c) {count_include_pad=true, kernel_shape=[4,1], pads=[1,0,2,0]}; e = Shape(x) {end=4}; f = Reshape(d, e) {allowzero=true}; g = Mul(f, 0.0001); h = Add(g, 1); i = Pow(h, 0.75); j = Div(x, i); → j"},
	{"MeanVarianceNormalization", 9, "x:f32[1,5,2,2]", node("MeanVarianceNormalization", "x", "z"), "a = ReduceMean(x, [0 2 3]); b = Sub(x, a); c = Mul(b, b); d = ReduceMean(c, [0 2 3]); e = Sqrt(d); f = Sub(x, a); g = Add(e, 1e-09); h = Div(f, g); → h"},
	{"BatchNormalization in training", 14, "x:f32[2,3] s:f32[3]", node("BatchNormalization", "x s s s s", "z m v", integer("training_mode", 1), float("momentum", 0.75)), "a = ReduceMean(x, [0]); b = Sub(x, a); c = Mul(b, b); d = ReduceMean(c, [0]); e = Reshape(a, [-1]); f = Reshape(d, [-1]); g = BatchNormalization(x, s, s, e, f); h = Mul(s, 0.75); i = Mul(e, 0.25); j = Add(h, i); k = Mul(s, 0.75); l = Mul(f, 0.25); m = Add(k, l); → g"},
	{"Unique flat", 11, "x:f32[2,3]", node("Unique", "x", "z _ i", integer("sorted", 0)), "a = Reshape(x, [-1]); b,_,c = Unique(a) {sorted=false}; → b"},
	{"RoiAlign 10", 10, "x:f32[1,2,8,8] r:f32[3,4] i:i64[3]", node("RoiAlign", "x r i", "z", integer("output_width", 3)),
		"a = RoiAlign(x, r, i) {coordinate_transformation_mode=output_half_pixel, output_width=3}; → a"},
	{"RandomNormal", 9, "x:f32[2]", node("RandomNormal", "", "z", integers("shape", 2, 3), float("mean", 2)), "a = Expand(0, [2 3]); b = RandomNormalLike(a) {dtype=f32, a=2}; → b"},
	{"RandomUniformLike", 9, "x:i64[2]", node("RandomUniformLike", "x", "z", integer("dtype", 1), float("high", 2), float("seed", 3)), "a = RandomUniformLike(x) {dtype=f32, b=2, seed=3}; → a"},
	{"Bernoulli", 15, "x:f32[2]", node("Bernoulli", "x", "z", integer("dtype", 9)), "a = RandomUniformLike(x); b = Less(a, x); c = Cast(b) {to=bool}; → c"},
	{"Shape 15", 15, "x:f32[2,3]", node("Shape", "x", "z", integer("start", -1)), "a = Shape(x) {start=-1}; → a"},
	{"TopK 1", 1, "x:f32[4]", node("TopK", "x", "z i", integer("k", 2)), "a,b = TopK(x, [2]); → a"},
	{"ReduceSum 11", 11, "x:f32[2,3]", node("ReduceSum", "x", "z", integers("axes", -1), integer("keepdims", 0)), "a = ReduceSum(x, [-1]) {keepdims=false}; → a"},
	{"ReduceMean 17", 17, "x:f32[2,3]", node("ReduceMean", "x", "z"), "a = ReduceMean(x); → a"},
	{"ReduceMax 18", 18, "x:f32[2,3]", node("ReduceMax", "x", "z", integer("noop_with_empty_axes", 1)), "a = ReduceMax(x) {noop_with_empty_axes=true}; → a"},
	{"ArgMax 12", 12, "x:f32[2]", node("ArgMax", "x", "z", integer("select_last_index", 1)), "a = ArgMax(x) {select_last=true}; → a"},

	{"Softmax 11", 11, "x:f32[2,3,4]", node("Softmax", "x", "z"),
		"a = Flatten(x) {axis=1}; b = Softmax(a) {axis=-1}; c = Shape(x); d = Reshape(b, c) {allowzero=true}; → d"},
	{"Softmax 11 of the last axis", 11, "x:f32[2,3,4]", node("Softmax", "x", "z", integer("axis", 2)), "a = Softmax(x) {axis=-1}; → a"},
	{"LogSoftmax 13", 13, "x:f32[2,3]", node("LogSoftmax", "x", "z"), "a = LogSoftmax(x) {axis=-1}; → a"},
	{"Hardmax 13", 13, "x:f32[2,3]", node("Hardmax", "x", "z", integer("axis", 0)),
		"a = ArgMax(x) {keepdims=false}; b = Shape(x); c = Gather(b, 0); d = OneHot(a, c, [0 1]); → d"},
	{"Gemm 6", 6, "x:f32[2,3] y:f32[3,4] c:f32[4]", node("Gemm", "x y c", "z", integer("broadcast", 1)), "a = Gemm(x, y, c); → a"},
	{"BatchNormalization 6", 6, "x:f32[2,3] s:f32[3]", node("BatchNormalization", "x s s s s", "z", integer("is_test", 1), float("momentum", 0.5)),
		"a = BatchNormalization(x, s, s, s, s); → a"},
	{"BatchNormalization 14", 14, "x:f32[2,3] s:f32[3]", node("BatchNormalization", "x s s s s", "z", integer("training_mode", 0)),
		"a = BatchNormalization(x, s, s, s, s); → a"},
	{"GroupNormalization 18", 18, "x:f32[1,4,2] s:f32[2]", node("GroupNormalization", "x s s", "z", integer("num_groups", 2)),
		"a = Unsqueeze(s, [1]); b = Expand(a, [2 2]); c = Reshape(b, [4]); d = Unsqueeze(s, [1]); e = Expand(d, [2 2]); f = Reshape(e, [4]); g = GroupNormalization(x, c, f) {num_groups=2}; → g"},
	{"LayerNormalization 17", 17, "x:f32[2,3] s:f32[3]", node("LayerNormalization", "x s _", "z _ _", integer("stash_type", 1)), "a = LayerNormalization(x, s); → a"},

	{"QuantizeLinear 10", 10, "x:f32[2,3] s:f32[] o:i8[]", node("QuantizeLinear", "x s o", "z"), "a = QuantizeLinear(x, s, o); → a"},
	{"QuantizeLinear 13", 13, "x:i32[2,3] s:f32[2]", node("QuantizeLinear", "x s", "z", integer("axis", 0)), "a = QuantizeLinear(x, s) {axis=0}; → a"},
	{"QuantizeLinear 19", 19, "x:f16[2,3] s:f16[] o:f8e5m2[]", node("QuantizeLinear", "x s o", "z", integer("saturate", 0)), "a = QuantizeLinear(x, s, o) {saturate=false}; → a"},
	{"QuantizeLinear 21", 21, "x:f32[2,3] s:f32[2,2]", node("QuantizeLinear", "x s", "z", integer("block_size", 2), integer("output_dtype", 5)), "a = QuantizeLinear(x, s) {block_size=2, output_dtype=i16}; → a"},
	{"QuantizeLinear 23", 23, "x:f32[2,3] s:f16[]", node("QuantizeLinear", "x s", "z", integer("precision", 1), integer("output_dtype", 0)), "a = QuantizeLinear(x, s) {precision=f32}; → a"},
	{"QuantizeLinear 25", 25, "x:f32[2,3] s:f8e8m0[] o:u2[]", node("QuantizeLinear", "x s o", "z"), "a = QuantizeLinear(x, s, o); → a"},
	{"DequantizeLinear 10", 10, "x:u8[2,3] s:f32[] o:u8[]", node("DequantizeLinear", "x s o", "z"), "a = DequantizeLinear(x, s, o); → a"},
	{"DequantizeLinear 19", 19, "x:i32[2,3] s:f16[3]", node("DequantizeLinear", "x s", "z"), "a = DequantizeLinear(x, s); → a"},
	{"DequantizeLinear 21", 21, "x:u4[2,3] s:f32[2,2]", node("DequantizeLinear", "x s", "z", integer("block_size", 2), integer("axis", -1)), "a = DequantizeLinear(x, s) {axis=-1, block_size=2}; → a"},
	{"DequantizeLinear 23", 23, "x:f4e2m1[2,3] s:f32[]", node("DequantizeLinear", "x s", "z", integer("output_dtype", 10)), "a = DequantizeLinear(x, s) {output_dtype=f16}; → a"},
	{"DynamicQuantizeLinear", 11, "x:f32[2,3]", node("DynamicQuantizeLinear", "x", "z s o"), "a,b,c = DynamicQuantizeLinear(x); → a"},
	{"MatMulInteger", 10, "x:u8[2,3] y:i8[3,4] p:i8[4]", node("MatMulInteger", "x y _ p", "z"), "a = MatMulInteger(x, y, _, p); → a"},
	{"ConvInteger", 10, "x:u8[1,2,5] y:i8[4,2,3] o:u8[]", node("ConvInteger", "x y o", "z", integers("strides", 2)), "a = ConvInteger(x, y, o) {strides=[2]}; → a"},
	{"QLinearMatMul", 10, "x:u8[2,3] s:f32[] o:u8[] y:i8[3,4] t:f32[] p:i8[]", node("QLinearMatMul", "x s o y t p s p", "z"),
		"a = MatMulInteger(x, y, o, p); b = Mul(s, t); c = Cast(a) {to=f32}; d = Mul(c, b); e = QuantizeLinear(d, s, p) {axis=-2}; → e"},
	{"QLinearMatMul of rows and columns", 21, "x:u8[2,3] s:f16[2] o:u8[2] y:i8[3,4] t:f16[4] p:i8[4]", node("QLinearMatMul", "x s o y t p s o", "z"),
		"a = Cast(s) {to=f32}; b = Unsqueeze(a, [1]); c = Cast(t) {to=f32}; d = MatMulInteger(x, y, o, p); e = Mul(b, c); f = Cast(d) {to=f32}; g = Mul(f, e); " +
			"h = Cast(s) {to=f32}; i = QuantizeLinear(g, h, o) {axis=-2}; → i"},
	{"QLinearMatMul of matrices", 10, "x:u8[5,2,3] s:f32[5,2,1] o:u8[5,2,1] y:i8[5,3,4] t:f32[1] p:i8[1]", node("QLinearMatMul", "x s o y t p t p", "z"),
		"a = Reshape(t, []); b = MatMulInteger(x, y, o, p); c = Mul(s, a); d = Cast(b) {to=f32}; e = Mul(d, c); f = QuantizeLinear(e, t, p) {axis=-2}; → f"},
	{"QLinearMatMul of float8", 21, "x:f8e4m3fn[2,3] s:f32[] o:f8e4m3fn[] y:f8e4m3fn[3,4]", node("QLinearMatMul", "x s o y s o s o", "z"),
		"a = Cast(o) {to=f32}; b = Cast(o) {to=f32}; c = Cast(x) {to=f32}; d = Sub(c, a); e = Cast(y) {to=f32}; f = Sub(e, b); g = MatMul(d, f); h = Mul(s, s); i = Mul(g, h); " +
			"j = QuantizeLinear(i, s, o) {axis=-2}; → j"},
	{"QLinearConv", 10, "x:u8[1,2,5,5] s:f32[] o:u8[] w:i8[4,2,3,3] t:f32[4] p:i8[4] bias:i32[4]", node("QLinearConv", "x s o w t p s o bias", "z", integers("pads", 1, 1, 1, 1)),
		"a = Unsqueeze(t, [1 2]); b = ConvInteger(x, w, o, p) {pads=[1,1,1,1]}; c = Unsqueeze(bias, [1 2]); d = Add(b, c); e = Mul(s, a); " +
			"f = Cast(d) {to=f32}; g = Mul(f, e); h = QuantizeLinear(g, s, o); → h"},

	{"Parallax", 18, "q:f32[1,2,3,8] k:f32[1,2,5,8]", in("ai.parallax", node("Parallax", "q k k q", "z",
		integer("heads", 2), integer("kv_heads", 2), float("scale", 0.5), text("probe", "learned"), integer("has_r", 1))),
		"a = Parallax(q, k, k, q) {probe=learned, heads=2, kv_heads=2, scale=0.5, has_r=true}; → a"},

	{"Dropout 6", 6, "x:f32[2]", node("Dropout", "x", "z", integer("is_test", 1)), "a = Identity(x); → a"},
	{"Dropout 13 with mask", 13, "x:f32[2]", node("Dropout", "x", "z m", integer("seed", 3)), "a = Identity(x); b = Shape(x); c = Expand(true, b); → a"},
	{"ConstantOfShape", 9, "s:i64[2]", node("ConstantOfShape", "s", "z", tensorOf("value", int64s("", []int64{1}, 7))), "a = Expand(7, s); → a"},
	{"ConstantOfShape default", 9, "s:i64[2]", node("ConstantOfShape", "s", "z"), "a = Expand(0, s); → a"},
	{"Constant", 13, "", node("Constant", "", "z", tensorOf("value", floats("", []int64{2}, 1, 2))), "→ [1 2]"},
	{"Constant float", 12, "", node("Constant", "", "z", float("value_float", 2)), "→ 2"},
	{"Constant floats", 12, "", node("Constant", "", "z", &wire.Attribute{Name: "value_floats", Type: wire.AttributeFloats, Floats: []float32{1, 3}}), "→ [1 3]"},
	{"Constant int", 12, "", node("Constant", "", "z", integer("value_int", -2)), "→ -2"},
	{"Constant ints", 12, "", node("Constant", "", "z", integers("value_ints")), "→ []"},
	{"Constant string", 12, "", node("Constant", "", "z", text("value_string", "a")), `→ "a"`},
	{"Constant strings", 12, "", node("Constant", "", "z", &wire.Attribute{Name: "value_strings", Type: wire.AttributeStrings, Strings: [][]byte{[]byte("a"), []byte("b")}}), `→ ["a" "b"]`},
	{"Constant sparse", 11, "", node("Constant", "", "z", &wire.Attribute{Name: "sparse_value", Type: wire.AttributeSparseTensor, SparseTensor: &wire.SparseTensor{
		Values: floats("", []int64{2}, 5, 6), Indices: int64s("", []int64{2, 2}, 0, 1, 1, 0), Dims: []int64{2, 2}}}), "→ [0 5 6 0]"},
	{"Identity in opset 25", 25, "x:f32[2]", node("Identity", "x", "z"), "a = Identity(x); → a"},
	{"default domain spelled out", 13, "x:f32[2]", in("ai.onnx", node("Relu", "x", "z")), "a = Relu(x); → a"},
}

func TestUpgrades(t *testing.T) {
	for _, c := range upgrades {
		t.Run(c.name, func(t *testing.T) {
			g := imported(t, model(c.opset, graph(c.inputs, "z", c.node)))
			if got := brief(g); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// opaques are nodes that are kept as they are, and why.
var opaques = []struct {
	name   string
	opset  int64
	inputs string
	node   *wire.Node
	why    string
}{
	{"unknown domain", 18, "x:f32[2]", in("local", node("Thing", "x", "z")), "the domain's operator is not known"},
	{"domain without an opset", 18, "x:f32[2]", in("elsewhere", node("Thing", "x", "z")), "the model imports no opset of its domain"},
	{"unknown operator", 18, "x:f32[2]", node("Thing", "x", "z"), "the operator is not supported"},
	{"without a rule", 18, "x:f32[2]", node("MaxRoiPool", "x x", "z"), "the operator is not supported"},
	{"newer than the opset", 18, "x:f32[2]", node("Gelu", "x", "z"), "the operator is newer than the opset"},
	{"opset of the future", 99, "x:f32[2]", node("Relu", "x", "z"), "the opset is newer than those known"},
	{"unknown attribute", 18, "x:f32[2]", node("Relu", "x", "z", integer("slope", 2)), "attribute slope is not known"},
	{"attribute of another version", 13, "x:f32[2] s:i64[1]", node("Reshape", "x s", "z", integer("allowzero", 1)), "attribute allowzero is not known"},
	{"stash type", 17, "x:f32[2] s:f32[2]", node("LayerNormalization", "x s", "z", integer("stash_type", 10)), "attribute stash_type has to be 1"},
	{"training by default", 6, "x:f32[2,3] s:f32[3]", node("BatchNormalization", "x s s s s", "z"), "attribute is_test has to be 1"},
	{"training outputs", 9, "x:f32[2,3] s:f32[3]", node("BatchNormalization", "x s s s s", "z m"), "it has the outputs of training"},
	{"a scale for every matrix of the result", 10, "x:u8[5,2,3] s:f32[] o:u8[] y:u8[3,4] t:f32[5,2,1] p:u8[5,2,1]", node("QLinearMatMul", "x s o y s o t p", "z"), "the result's scales are f32[5,2,1]"},
	{"scales of a vector's rows", 10, "x:u8[3] s:f32[] o:u8[] y:u8[3,4] t:f32[4] p:u8[4]", node("QLinearMatMul", "x s o y t p s o", "z"), "scales f32[4] of rows or columns, where a is u8[3]"},
	{"scale of unknown rank", 10, "x:u8[2,3] s:f32 o:u8[] y:u8[3,4]", node("QLinearMatMul", "x s o y s o s o", "z"), "the rank of an operand, f32[*], is not known"},
	{"scales of channels of x", 10, "x:u8[1,2,5] s:f32[2] o:u8[2] w:i8[4,2,3] t:f32[] p:i8[]", node("QLinearConv", "x s o w t p t o", "z"), "f32[2], where one number for each filter is wanted"},
	{"dropping", 13, "x:f32[2] t:bool[]", node("Dropout", "x _ t", "z"), "it drops elements: training_mode is not constant false"},
	{"broadcast of unknown rank", 6, "x:f32 y:f32[2]", node("Add", "x y", "z", integer("broadcast", 1), integer("axis", 0)), "the rank of operand 0 is not known"},
}

func TestOpaque(t *testing.T) {
	for _, c := range opaques {
		t.Run(c.name, func(t *testing.T) {
			g := graph(c.inputs, "z", c.node)
			g.ValueInfo = values("z:f16[2,n]")
			made := imported(t, model(c.opset, g))
			u := onnx.Unsupported(made)
			if u == nil || len(u.Ops) != 1 {
				t.Fatalf("unsupported: %v", u)
			}
			if got := u.Ops[0]; got.Why != c.why || got.Op != c.node.OpType || got.Nodes[0] != c.node.Name {
				t.Errorf("%+v, want %s", got, c.why)
			}
			if got := made.Outputs()[0].Type.String(); got != "f16[2,n]" {
				t.Errorf("the output is %s, value_info says f16[2,n]", got)
			}
		})
	}
}

func TestUnsupportedListsAll(t *testing.T) {
	g := imported(t, model(18, graph("x:f32[2]", "d",
		in("local", node("A", "x", "a")), in("local", node("A", "a", "b")), node("Det", "b", "c"), node("Relu", "c", "d"))))
	want := `the model uses what is not supported:
  local.A (opset 1): the domain's operator is not known; nodes ["A" "A"]
  Det (opset 18): the operator is not supported; node ["Det"]`
	if got := onnx.Unsupported(g).Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestSameZeroPoints: zero points that are all the same are one.
func TestSameZeroPoints(t *testing.T) {
	for _, c := range []struct {
		zeros []byte
		want  string
	}{
		{[]byte{0, 0}, "0"}, {[]byte{250, 250}, "-6"}, {[]byte{0, 1}, "[0 1]"},
	} {
		g := graph("x:u8[1,1,3] s:f32[] o:u8[] w:i8[2,1,1] t:f32[2]", "z", node("QLinearConv", "x s o w t p s o", "z"))
		g.Initializer = []*wire.Tensor{{Name: "p", DataType: wire.Int8, Dims: []int64{2}, RawData: c.zeros}}
		if got, want := brief(imported(t, model(18, g))), "ConvInteger(x, w, o, "+c.want+")"; !strings.Contains(got, want) {
			t.Errorf("%s has no %s", got, want)
		}
	}
}

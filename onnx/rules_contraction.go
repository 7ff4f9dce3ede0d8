package onnx

import "github.com/parallax-go/parallax/ir/op"

// contractionRules are those of products, convolutions, normalisations and
// attention.
func contractionRules() []rule {
	attention := fields("is_causal", "kv_num_heads", "q_num_heads", "qk_matmul_output_mode", "scale", "softcap", "softmax_precision")
	convolution := fields("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
	return []rule{
		{op: op.MatMul, since: 1},
		{op: op.Gemm, since: 1, known: known{"alpha": field, "beta": field, "transA": field, "transB": field, "broadcast": ignored}},
		{op: op.Gemm, since: 7, known: fields("alpha", "beta", "transA", "transB")},
		{op: op.Einsum, since: 12, known: fields("equation")},

		{op: op.Conv, since: 1, known: convolution},
		{op: op.ConvTranspose, since: 1, known: fields("auto_pad", "dilations", "group", "kernel_shape", "output_padding", "output_shape", "pads", "strides")},
		{op: op.MaxPool, since: 1, known: fields("auto_pad", "kernel_shape", "pads", "strides")},
		{op: op.MaxPool, since: 8, known: fields("auto_pad", "kernel_shape", "pads", "storage_order", "strides")},
		{op: op.MaxPool, since: 10, known: fields("auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides")},
		{op: op.AveragePool, since: 1, known: fields("auto_pad", "kernel_shape", "pads", "strides")},
		{op: op.AveragePool, since: 7, known: fields("auto_pad", "count_include_pad", "kernel_shape", "pads", "strides")},
		{op: op.AveragePool, since: 10, known: fields("auto_pad", "ceil_mode", "count_include_pad", "kernel_shape", "pads", "strides")},
		{op: op.AveragePool, since: 19, known: fields("auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides")},
		{op: op.GlobalAveragePool, since: 1},
		{op: op.GlobalMaxPool, since: 1},

		{op: op.Softmax, since: 1, known: known{"axis": field.or("1")}, build: flattened(lastAxis)},
		{op: op.Softmax, since: 13, known: fields("axis")},
		{op: op.LogSoftmax, since: 1, known: known{"axis": field.or("1")}, build: flattened(lastAxis)},
		{op: op.LogSoftmax, since: 13, known: fields("axis")},
		{name: "Hardmax", since: 1, known: known{"axis": custom}, build: flattened(hardmax)},
		{name: "Hardmax", since: 13, known: known{"axis": custom}, build: hardmaxAlongAxis},

		{op: op.LayerNormalization, since: 17, known: known{"axis": field, "epsilon": field, "stash_type": only(1)}},
		{op: op.RMSNormalization, since: 23, known: known{"axis": field, "epsilon": field, "stash_type": only(1)}},
		{op: op.BatchNormalization, since: 1, known: known{"epsilon": field, "momentum": ignored, "consumed_inputs": ignored, "is_test": must(1), "spatial": only(1)}, build: inference},
		{op: op.BatchNormalization, since: 7, known: known{"epsilon": field, "momentum": ignored, "spatial": only(1)}, build: inference},
		{op: op.BatchNormalization, since: 9, known: known{"epsilon": field, "momentum": ignored}, build: inference},
		{op: op.BatchNormalization, since: 14, known: known{"epsilon": field, "momentum": custom, "training_mode": custom}, build: training, write: writeAsIs},
		{op: op.InstanceNormalization, since: 1, known: known{"epsilon": field, "consumed_inputs": ignored}},
		{op: op.GroupNormalization, since: 18, known: fields("epsilon", "num_groups"), build: scalePerGroup},
		{op: op.GroupNormalization, since: 21, known: known{"epsilon": field, "num_groups": field, "stash_type": only(1)}},
		{op: op.LpNormalization, since: 1, known: fields("axis", "p")},
		{name: "MeanVarianceNormalization", since: 9, known: known{"axes": custom}, build: one(meanVariance)},
		{name: "LRN", since: 1, known: known{"alpha": custom, "beta": custom, "bias": custom, "size": custom}, build: one(localResponse)},
		{name: "GlobalLpPool", since: 2, known: known{"p": custom}, build: one(globalNorm)},

		{op: op.QuantizeLinear, since: 10, known: known{}},
		{op: op.QuantizeLinear, since: 13, known: fields("axis")},
		{op: op.QuantizeLinear, since: 19, known: fields("axis", "saturate")},
		{op: op.QuantizeLinear, since: 21, known: fields("axis", "block_size", "output_dtype", "saturate")},
		{op: op.QuantizeLinear, since: 23, known: fields("axis", "block_size", "output_dtype", "precision", "saturate")},
		{op: op.DequantizeLinear, since: 10, known: known{}},
		{op: op.DequantizeLinear, since: 13, known: fields("axis")},
		{op: op.DequantizeLinear, since: 21, known: fields("axis", "block_size")},
		{op: op.DequantizeLinear, since: 23, known: fields("axis", "block_size", "output_dtype")},
		{op: op.DynamicQuantizeLinear, since: 11},
		{op: op.MatMulInteger, since: 10},
		{op: op.ConvInteger, since: 10, known: convolution},
		{name: "QLinearMatMul", since: 10, build: one(qLinearMatMul), args: qLinearMatMulArgs},
		{op: op.ConvInteger, name: "QLinearConv", since: 10, known: convolution, build: one(qLinearConv), args: qLinearConvArgs},

		{name: "TensorScatter", since: 24, known: known{"axis": custom, "mode": custom}, build: one(tensorScatter), args: operands("past_cache update write_indices?")},
		{op: op.RotaryEmbedding, since: 23, known: fields("interleaved", "num_heads", "rotary_embedding_dim")},
		{op: op.Attention, since: 23, known: attention, args: operands("q k v mask? past_key? past_value?")},
		{op: op.Attention, since: 24, known: attention, args: operands("q k v mask? past_key? past_value? nonpad_kv_seqlen?")},
		{op: op.Parallax, since: 1, known: attentionFields()},
	}
}

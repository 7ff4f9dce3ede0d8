package onnx

import (
	"slices"

	"github.com/parallax-go/parallax/ir/op"
)

// microsoft is the domain of the operators that ONNX Runtime adds, and that its
// optimiser writes. Sources: docs/ContribOperators.md for the schemas, and what
// the CPU kernels of ONNX Runtime 1.32 compute where the schemas are silent.
const microsoft = "com.microsoft"

// microsoftRules are those of com.microsoft, and of what ONNX Runtime adds to
// ai.onnx itself.
func microsoftRules() []rule {
	list := slices.Concat(microsoftAttention(), microsoftNorms(), microsoftProducts(), microsoftElementwise(), microsoftQuantized())
	for i := range list {
		list[i].domain, list[i].since = microsoft, 1
	}
	return append(list, runtimeRules()...)
}

// runtimeRules are operators that ONNX Runtime has in ai.onnx, and ONNX not, or
// only since a later opset.
func runtimeRules() []rule {
	norm := known{"axis": field, "epsilon": field, "stash_type": only(1)}
	return []rule{
		{op: op.LayerNormalization, since: 1, known: norm, build: plain},
		{op: op.RMSNormalization, name: "SimplifiedLayerNormalization", since: 1, known: norm, build: simplifiedNorm, args: operands("x scale")},
	}
}

// microsoftAttention are the operators that are attention, or turn its heads.
func microsoftAttention() []rule {
	return []rule{
		{op: op.Parallax, name: "Attention", build: packedWeights,
			known: known{"num_heads": as("heads"), "scale": field, "mask_filter_value": custom, "unidirectional": custom, "qkv_hidden_sizes": custom,
				"past_present_share_buffer": custom, "do_rotary": only(0), "rotary_embedding_dim": ignored},
			args: operands("input weights bias? mask_index? past? attention_bias? past_sequence_length?")},
		{op: op.Parallax, name: "MultiHeadAttention", build: multiHead,
			known: known{"num_heads": as("heads"), "scale": field, "mask_filter_value": custom, "unidirectional": custom},
			args:  operands("query key? value? bias? key_padding_mask? attention_bias? past_key? past_value? past_sequence_length? cache_indirection?")},
		{op: op.Parallax, name: "DecoderMaskedMultiHeadAttention", build: decoderMasked,
			known: known{"num_heads": as("heads"), "scale": field, "mask_filter_value": custom, "output_qk": only(0), "past_present_share_buffer": custom},
			args:  operands("query key? value? mask_index? attention_bias? past_key? past_value? past_sequence_length? beam_width? cache_indirection? bias?")},
		{op: op.Parallax, name: "PackedMultiHeadAttention", build: packedTokens,
			known: known{"num_heads": as("heads"), "scale": field, "mask_filter_value": ignored},
			args:  operands("query key? value? bias? token_offset cumulative_sequence_length attention_bias?")},
		{op: op.Parallax, name: "PackedAttention", build: packedTokensAndWeights,
			known: known{"num_heads": as("heads"), "scale": field, "qkv_hidden_sizes": custom},
			args:  operands("input weights bias token_offset cumulative_sequence_length attention_bias?")},
		{op: op.Parallax, name: "GroupQueryAttention", build: groupQuery,
			known: known{"num_heads": as("heads"), "kv_num_heads": as("kv_heads"), "scale": field, "softcap": field, "causal": custom,
				"local_window_size": custom, "do_rotary": custom, "rotary_interleaved": custom, "smooth_softmax": custom,
				"qk_norm_epsilon": custom, "q_norm_epsilon": custom, "k_norm_epsilon": custom, "qk_output": custom,
				"k_quant_type": custom, "v_quant_type": custom, "kv_cache_bit_width": ignored, "sliding_window_cache": only(0)},
			args: operands("query key? value? past_key? past_value? seqlens_k total_sequence_length cos_cache? sin_cache? position_ids? " +
				"attention_bias? head_sink? k_scale? v_scale? q_norm_weight? k_norm_weight? query_seqlens?")},
		{op: op.RotaryEmbedding, build: rotary,
			known: known{"interleaved": field, "num_heads": field, "rotary_embedding_dim": field, "scale": ignored, "is_packed_batching": only(0)},
			args:  operands("input position_ids cos_cache sin_cache")},
		{name: "RelativePositionBias", known: known{"max_distance": custom, "is_bidirectional": custom}, build: one(relativeBias),
			args: operands("bias_table query_length key_length")},
		{name: "GemmaRotaryEmbedding", build: gemmaRotary, args: operands("emb q q_rot k k_rot")},
	}
}

// microsoftNorms are the normalisations with what stands before them.
func microsoftNorms() []rule {
	epsilon := known{"epsilon": field.or("1e-12")}
	groups := known{"epsilon": field, "groups": as("num_groups"), "activation": custom, "channels_last": custom}
	return []rule{
		{op: op.LayerNormalization, name: "SkipLayerNormalization", known: epsilon, build: skipNorm, args: operands("input skip gamma beta? bias?")},
		{op: op.RMSNormalization, name: "SkipSimplifiedLayerNormalization", known: epsilon, build: skipSimplifiedNorm, args: operands("input skip gamma bias?")},
		{op: op.LayerNormalization, name: "EmbedLayerNormalization", known: known{"epsilon": field.or("1e-12"), "mask_index_type": ignored}, build: embedNorm,
			args: operands("input_ids segment_ids? word_embedding position_embedding segment_embedding? gamma beta mask? position_ids?")},
		{op: op.GroupNormalization, name: "GroupNorm", known: groups, build: groupNorm, args: operands("x gamma beta")},
		{op: op.GroupNormalization, name: "SkipGroupNorm", known: groups, build: skipGroupNorm, args: operands("x gamma beta skip bias?")},
	}
}

// microsoftProducts are products with what stands around them.
func microsoftProducts() []rule {
	product := known{"alpha": custom, "transA": custom, "transB": custom}
	batched := known{"alpha": custom, "transA": custom, "transB": custom, "transBatchA": custom, "transBatchB": custom}
	return []rule{
		{op: op.MatMul, name: "FusedMatMul", known: batched, build: fusedMatMul, args: operands("a b")},
		{op: op.MatMul, name: "TransposeMatMul", known: product, build: fusedMatMul, args: operands("a b")},
		{op: op.MatMul, name: "FusedMatMulActivation", known: withActivation(batched), build: fusedMatMul, args: operands("a b")},
		{op: op.MatMul, name: "GemmFastGelu", build: gemmFastGelu, args: operands("x w bias?")},
		{op: op.Gemm, name: "FusedGemm", known: withActivation(fields("alpha", "beta", "transA", "transB")), build: fusedGemm, args: operands("a b c?")},
		{op: op.Conv, name: "FusedConv", build: fusedConv, args: operands("x w b? z?"),
			known: known{"activation": custom, "activation_params": custom, "auto_pad": field, "dilations": field, "group": field,
				"kernel_shape": field, "pads": field, "strides": field}},
	}
}

// microsoftElementwise are activations with what stands before them, and small
// operators that ai.onnx has in another form.
func microsoftElementwise() []rule {
	return []rule{
		{op: op.Gelu},
		{op: op.Gelu, name: "BiasGelu", build: biasGelu("none"), args: operands("a b")},
		{op: op.Gelu, name: "FastGelu", build: biasGelu("tanh"), args: operands("x bias?")},
		{op: op.Sigmoid, name: "QuickGelu", known: known{"alpha": custom}, build: quickGelu, args: operands("x")},
		{op: op.Gelu, name: "BiasSplitGelu", build: biasSplitGelu, args: operands("x bias")},
		{op: op.Add, name: "BiasAdd", build: biasAdd, args: operands("x bias skip")},
		{op: op.Add, name: "BiasDropout", known: known{"seed": ignored}, build: biasDropout, args: operands("data bias residual? ratio? training_mode?")},
		{op: op.Softmax, name: "BiasSoftmax", known: known{"axis": custom, "is_inner_broadcast": custom}, build: biasSoftmax, args: operands("data bias")},
		{op: op.Trilu, known: fields("upper")},
		{op: op.Range, build: rangeByOne, args: operands("start limit delta?")},
		{op: op.Unsqueeze, name: "ExpandDims", build: expandDims, args: operands("x axis")},
		{op: op.GatherND},
		{op: op.Gather, name: "TorchEmbedding", build: embedding, args: operands("weight indices padding_idx? scale_grad_by_freq?")},
		{op: op.Pad, known: fields("mode"), build: flatPads, args: operands("data pads value?")},
	}
}

// microsoftQuantized are operators on integers that count steps of a scale. They are
// read as the operators on numbers, or on integers, that they stand for.
func microsoftQuantized() []rule {
	blocks := known{"K": custom, "N": custom, "block_size": custom, "bits": custom, "accuracy_level": ignored, "weight_prepacked": only(0)}
	unary := operands("x x_scale x_zero_point? y_scale y_zero_point?")
	binary := operands("a a_scale a_zero_point? b b_scale b_zero_point? y_scale y_zero_point?")
	reduced := known{"axes": custom, "keepdims": field}
	return []rule{
		{op: op.MatMul, name: "MatMulNBits", known: blocks, build: matMulNBits, args: operands("a b scales zero_points? g_idx? bias?")},
		{op: op.MatMul, name: "MatMulBnb4", build: matMulBnb4, args: operands("a b absmax"),
			known: known{"K": custom, "N": custom, "block_size": custom, "quant_type": custom, "transB": custom, "training_mode": ignored}},
		{op: op.Gather, name: "GatherBlockQuantized", build: gatherBlocks, args: operands("data indices scales zero_points?"),
			known: known{"block_size": custom, "bits": custom, "quantize_axis": custom, "gather_axis": custom}},

		{op: op.MatMulInteger, name: "DynamicQuantizeMatMul", build: dynamicQuantizeMatMul, args: operands("a b b_scale b_zero_point? bias?")},
		{op: op.MatMulInteger, name: "MatMulIntegerToFloat", build: matMulIntegerToFloat, args: operands("a b a_scale b_scale a_zero_point? b_zero_point? bias?")},
		{op: op.MatMulInteger, name: "QGemm", build: quantizedGemm, known: known{"alpha": custom, "transA": custom, "transB": custom},
			args: operands("a a_scale a_zero_point b b_scale b_zero_point c? y_scale? y_zero_point?")},
		{op: op.Parallax, name: "QAttention", build: quantizedAttention,
			known: known{"num_heads": as("heads"), "scale": field, "mask_filter_value": custom, "unidirectional": custom,
				"past_present_share_buffer": only(0), "do_rotary": only(0)},
			args: operands("input weight bias input_scale weight_scale mask_index? input_zero_point? weight_zero_point? past?")},
		{op: op.LayerNormalization, name: "QEmbedLayerNormalization", known: known{"epsilon": field.or("1e-12")}, build: quantizedEmbedNorm,
			args: operands("input_ids segment_ids? word_embedding position_embedding segment_embedding? gamma beta mask? " +
				"word_embedding_scale position_embedding_scale segment_embedding_scale? gamma_scale beta_scale " +
				"word_embedding_zero_point position_embedding_zero_point segment_embedding_zero_point? gamma_zero_point beta_zero_point")},

		{op: op.QuantizeLinear, known: fields("axis"), build: mixedSteps},
		{op: op.DequantizeLinear, known: fields("axis"), build: mixedSteps},
		{op: op.Add, name: "QLinearAdd", build: quantizing("a", ofTwo), args: binary},
		{op: op.Mul, name: "QLinearMul", build: quantizing("a", ofTwo), args: binary},
		{op: op.Sigmoid, name: "QLinearSigmoid", build: quantizing("x", ofNumbers), args: unary},
		{op: op.LeakyRelu, name: "QLinearLeakyRelu", known: known{"alpha": field.or("0.01")}, build: quantizing("x", ofNumbers), args: unary},
		{op: op.Softmax, name: "QLinearSoftmax", known: known{"axis": field, "opset": custom}, build: quantizing("x", softmaxOfNumbers), args: unary},
		{op: op.AveragePool, name: "QLinearAveragePool", build: quantizing("x", pooled), args: unary,
			known: known{"auto_pad": field, "ceil_mode": field, "count_include_pad": field, "kernel_shape": field, "pads": field, "strides": field, "channels_last": custom}},
		{op: op.GlobalAveragePool, name: "QLinearGlobalAveragePool", known: known{"channels_last": custom}, build: quantizing("x", pooled), args: unary},
		{op: op.ReduceMean, name: "QLinearReduceMean", known: reduced, build: quantizing("x", meanOfNumbers), args: unary},
		{op: op.Concat, name: "QLinearConcat", known: known{"axis": required}, build: concatOfNumbers},
		{op: op.Where, name: "QLinearWhere", build: quantizing("x", whereOfNumbers),
			args: operands("condition x x_scale x_zero_point z z_scale z_zero_point y_scale y_zero_point")},
		{op: op.Conv, name: "QLinearConv", build: quantizing("x", quantizedConv),
			known: known{"auto_pad": field, "dilations": field, "group": field, "kernel_shape": field, "pads": field, "strides": field, "channels_last": only(0)},
			args:  operands("x x_scale x_zero_point w w_scale w_zero_point y_scale y_zero_point bias?")},
		{op: op.ReduceSum, name: "ReduceSumInteger", known: reduced, build: reduceSumInteger, args: operands("x")},
		{op: op.Mul, name: "MulInteger", build: mulInteger, args: operands("a a_zero_point? b b_zero_point?")},
	}
}

// refusals say why operators of ONNX Runtime are not read that files may well
// hold.
var refusals = refuseAll(map[string]string{
	"its weights are of floats in 4 or 8 bits, with scales in blocks":                      "MatMulFpQ4 MatMulBlockQuantizedFp4Weight MatMulBlockQuantizedFp8Weight GemmFloat8",
	"it fuses several products of quantised weights: only those that stand alone are read": "MatMulNBitsMlp MatMulNBitsQkv MatMulNBitsQLoRA",
	"recurrent networks are not supported":                                                 "DynamicQuantizeLSTM",
	"mixtures of experts are not supported":                                                "QMoE MoE",
	"its data lies in the order of a CUDA kernel": `QOrderedAttention QOrderedGelu QOrderedLayerNormalization QOrderedLongformerAttention
		QOrderedMatMul QuantizeWithOrder DequantizeWithOrder`,
	"block floating point is not supported":                              "QuantizeBFP DequantizeBFP",
	"products of 16-bit integers are not supported":                      "MatMulInteger16",
	"it computes with a cache in pages, which is no tensor of the graph": "PagedAttention SparsePagedAttention",
	"its keys are chosen by blocks, which dense attention doesn't do":    "SparseAttention DynamicSparseAttention LongformerAttention",
	"it holds a search over a decoder: export the decoder alone":         "BeamSearch GreedySearch Sampling WhisperBeamSearch",
	"its key buffer has the layout of a CUDA kernel":                     "DecoderMaskedSelfAttention",
})

// refusedDomains say the same of whole domains.
var refusedDomains = map[string]string{
	"com.microsoft.nchwc":  "the file is laid out for the processor that it was optimised on: optimise it at level extended",
	"com.ms.internal.nhwc": "the file is laid out for the processor that it was optimised on: optimise it at level extended",
}

func refuseAll(reasons map[string]string) map[operatorName]string {
	all := map[operatorName]string{}
	for why, names := range reasons {
		for _, p := range operands(names) {
			all[operatorName{microsoft, p.name}] = why
		}
	}
	return all
}

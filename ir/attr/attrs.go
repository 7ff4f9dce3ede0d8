package attr

import "github.com/parallax-go/parallax/ir/tensor"

// ArgReduce is of ArgMax and ArgMin.
type ArgReduce struct {
	Axis       int  `attr:"axis,0"`
	KeepDims   bool `attr:"keepdims,true"`
	SelectLast bool `attr:"select_last,false"`
}

// Axis is of the operators that are told an axis and nothing else: Concat,
// Gather, GatherElements, Softmax, LogSoftmax, Hardmax, OneHot, Flatten,
// Split, Compress, ConcatFromSequence. It may be negative: counted from the end.
type Axis struct {
	Axis int `attr:"axis,0"`
}

// BatchNormalization is of BatchNormalization in inference mode and of
// InstanceNormalization.
type BatchNormalization struct {
	Epsilon float32 `attr:"epsilon,1e-5"`
}

// Cast is of Cast. Saturate matters for conversions to 8-bit floats.
type Cast struct {
	To       tensor.DType `attr:"to"`
	Saturate bool         `attr:"saturate,true"`
}

// Conv is of Conv. Empty lists mean ones (Strides, Dilations) and zeros (Pads,
// begins first and then ends); AutoPad other than NOTSET replaces Pads.
type Conv struct {
	AutoPad   string `attr:"auto_pad,NOTSET"`
	Dilations []int  `attr:"dilations"`
	Group     int    `attr:"group,1"`
	Kernel    []int  `attr:"kernel_shape"`
	Pads      []int  `attr:"pads"`
	Strides   []int  `attr:"strides"`
}

// ConvTranspose is of ConvTranspose. An OutputShape, of the spatial axes, replaces Pads
// by what leads to it; so does AutoPad other than NOTSET.
type ConvTranspose struct {
	AutoPad       string `attr:"auto_pad,NOTSET"`
	Dilations     []int  `attr:"dilations"`
	Group         int    `attr:"group,1"`
	Kernel        []int  `attr:"kernel_shape"`
	OutputPadding []int  `attr:"output_padding"`
	OutputShape   []int  `attr:"output_shape"`
	Pads          []int  `attr:"pads"`
	Strides       []int  `attr:"strides"`
}

// Pool is of MaxPool, AveragePool and LpPool.
type Pool struct {
	AutoPad         string `attr:"auto_pad,NOTSET"`
	CeilMode        bool   `attr:"ceil_mode,false"`
	CountIncludePad bool   `attr:"count_include_pad,false"`
	Dilations       []int  `attr:"dilations"`
	Kernel          []int  `attr:"kernel_shape"`
	Pads            []int  `attr:"pads"`
	StorageOrder    int    `attr:"storage_order,0"`
	Strides         []int  `attr:"strides"`
}

// CumSum is of CumSum.
type CumSum struct {
	Exclusive bool `attr:"exclusive,false"`
	Reverse   bool `attr:"reverse,false"`
}

// DepthSpace is of DepthToSpace and SpaceToDepth.
type DepthSpace struct {
	BlockSize int    `attr:"blocksize"`
	Mode      string `attr:"mode,DCR"`
}

// DFT is of DFT.
type DFT struct {
	Inverse  bool `attr:"inverse,false"`
	OneSided bool `attr:"onesided,false"`
}

// STFT is of STFT.
type STFT struct {
	OneSided bool `attr:"onesided,true"`
}

// MelWeightMatrix is of MelWeightMatrix.
type MelWeightMatrix struct {
	DType tensor.DType `attr:"output_datatype,f32"`
}

// Recurrent is of LSTM, GRU and RNN. Activations are those of a direction, and then of
// the other; empty lists mean the operator's own. Alpha and beta are of the activations
// that take them, in this order. A Clip of 0 is none. InputForget is of LSTM alone,
// LinearBeforeReset of GRU.
type Recurrent struct {
	Alpha             []float32 `attr:"activation_alpha"`
	Beta              []float32 `attr:"activation_beta"`
	Activations       []string  `attr:"activations"`
	Clip              float32   `attr:"clip,0"`
	Direction         string    `attr:"direction,forward"`
	HiddenSize        int       `attr:"hidden_size,0"`
	InputForget       bool      `attr:"input_forget,false"`
	Layout            int       `attr:"layout,0"`
	LinearBeforeReset bool      `attr:"linear_before_reset,false"`
}

// Einsum is of Einsum.
type Einsum struct {
	Equation string `attr:"equation"`
}

// GatherND is of GatherND.
type GatherND struct {
	BatchDims int `attr:"batch_dims,0"`
}

// GridSample is of GridSample.
type GridSample struct {
	AlignCorners bool   `attr:"align_corners,false"`
	Mode         string `attr:"mode,linear"`
	PaddingMode  string `attr:"padding_mode,zeros"`
}

// Gelu is of Gelu: Approximate is "none" (erf) or "tanh".
type Gelu struct {
	Approximate string `attr:"approximate,none"`
}

// Gemm is of Gemm: alpha·A'·B' + beta·C.
type Gemm struct {
	Alpha  float32 `attr:"alpha,1"`
	Beta   float32 `attr:"beta,1"`
	TransA bool    `attr:"transA,false"`
	TransB bool    `attr:"transB,false"`
}

// GroupNormalization is of GroupNormalization (opset 21: scale per channel).
type GroupNormalization struct {
	Epsilon float32 `attr:"epsilon,1e-5"`
	Groups  int     `attr:"num_groups"`
}

// IsInf is of IsInf.
type IsInf struct {
	DetectNegative bool `attr:"detect_negative,true"`
	DetectPositive bool `attr:"detect_positive,true"`
}

// LayerNormalization is of LayerNormalization and RMSNormalization. The
// statistics are always taken in f32 or wider (stash_type 1).
type LayerNormalization struct {
	Axis    int     `attr:"axis,-1"`
	Epsilon float32 `attr:"epsilon,1e-5"`
}

// Unary holds the up to two numbers that parametrise an elementwise function:
// Elu, LeakyRelu, ThresholdedRelu, Celu (alpha), HardSigmoid (alpha, beta), Selu
// (alpha, gamma as beta), Shrink (lambd as alpha, bias as beta), Swish (alpha).
// ONNX's defaults depend on the operator; the importer sets both.
type Unary struct {
	Alpha float32 `attr:"alpha,0"`
	Beta  float32 `attr:"beta,0"`
}

// LpNormalization is of LpNormalization.
type LpNormalization struct {
	Axis int `attr:"axis,-1"`
	P    int `attr:"p,2"`
}

// Mod is of Mod: Fmod takes the sign of the dividend.
type Mod struct {
	Fmod bool `attr:"fmod,false"`
}

// BitShift is of BitShift.
type BitShift struct {
	Left bool `attr:"left,true"`
}

// Pad is of Pad: Mode is constant, reflect, edge or wrap.
type Pad struct {
	Mode string `attr:"mode,constant"`
}

// Quantize is of QuantizeLinear and DequantizeLinear. Saturate and Precision, the type
// that QuantizeLinear divides in instead of the scale's, are of the first alone.
type Quantize struct {
	Axis      int          `attr:"axis,1"`
	BlockSize int          `attr:"block_size,0"`
	OutDType  tensor.DType `attr:"output_dtype,undefined"`
	Precision tensor.DType `attr:"precision,undefined"`
	Saturate  bool         `attr:"saturate,true"`
}

// ResultType is the type of what QuantizeLinear gives: that of the zero point, or of the
// attribute if there is none, or u8 if that says none either.
func (a *Quantize) ResultType(zero *tensor.Tensor) tensor.DType {
	switch {
	case zero != nil:
		return zero.DType
	case a.OutDType != tensor.Invalid:
		return a.OutDType
	}
	return tensor.Uint8
}

// Reduce is of ReduceSum, ReduceMean, ReduceMax and the rest of that family.
type Reduce struct {
	KeepDims          bool `attr:"keepdims,true"`
	NoopWithEmptyAxes bool `attr:"noop_with_empty_axes,false"`
}

// Reshape is of Reshape.
type Reshape struct {
	AllowZero bool `attr:"allowzero,false"`
}

// RotaryEmbedding is of RotaryEmbedding (opset 23).
type RotaryEmbedding struct {
	Interleaved bool `attr:"interleaved,false"`
	Heads       int  `attr:"num_heads,0"`
	RotaryDim   int  `attr:"rotary_embedding_dim,0"`
}

// Scan is of Scan: ScanInputs of the operands after the initial state are
// scanned. Empty lists mean axis 0 and forward.
type Scan struct {
	ScanInputs       int   `attr:"num_scan_inputs"`
	InputAxes        []int `attr:"scan_input_axes"`
	InputDirections  []int `attr:"scan_input_directions"`
	OutputAxes       []int `attr:"scan_output_axes"`
	OutputDirections []int `attr:"scan_output_directions"`
}

// ScatterElements is of ScatterElements: Reduction is none, add, mul, max, min.
type ScatterElements struct {
	Axis      int    `attr:"axis,0"`
	Reduction string `attr:"reduction,none"`
}

// ScatterND is of ScatterND.
type ScatterND struct {
	Reduction string `attr:"reduction,none"`
}

// SequenceSplit is of SplitToSequence and of ConcatFromSequence's NewAxis.
type SequenceSplit struct {
	Axis     int  `attr:"axis,0"`
	KeepDims bool `attr:"keepdims,true"`
	NewAxis  bool `attr:"new_axis,false"`
}

// Shape is of Shape: the dims Start to End, End exclusive, both clamped.
type Shape struct {
	Start int `attr:"start,0"`
	End   int `attr:"end,9223372036854775807"`
}

// TopK is of TopK.
type TopK struct {
	Axis    int  `attr:"axis,-1"`
	Largest bool `attr:"largest,true"`
	Sorted  bool `attr:"sorted,true"`
}

// Transpose is of Transpose; an empty Perm reverses the axes.
type Transpose struct {
	Perm []int `attr:"perm"`
}

// Trilu is of Trilu.
type Trilu struct {
	Upper bool `attr:"upper,true"`
}

// EyeLike is of EyeLike.
type EyeLike struct {
	DType tensor.DType `attr:"dtype,undefined"`
	K     int          `attr:"k,0"`
}

// Random is of RandomNormalLike and RandomUniformLike. A and B are low and high, or mean
// and scale. A Seed of 0 is none: each run draws other numbers.
type Random struct {
	DType tensor.DType `attr:"dtype,undefined"`
	A     float32      `attr:"a,0"`
	B     float32      `attr:"b,1"`
	Seed  float32      `attr:"seed,0"`
}

// Col2Im is of Col2Im; empty lists are as in Conv.
type Col2Im struct {
	Dilations []int `attr:"dilations"`
	Pads      []int `attr:"pads"`
	Strides   []int `attr:"strides"`
}

// NonMaxSuppression is of NonMaxSuppression.
type NonMaxSuppression struct {
	CenterPointBox int `attr:"center_point_box,0"`
}

// RoiAlign is of RoiAlign. A Sampling of 0 is as many places as fit in a cell.
type RoiAlign struct {
	Coordinates  string  `attr:"coordinate_transformation_mode,half_pixel"`
	Mode         string  `attr:"mode,avg"`
	Height       int     `attr:"output_height,1"`
	Width        int     `attr:"output_width,1"`
	Sampling     int     `attr:"sampling_ratio,0"`
	SpatialScale float32 `attr:"spatial_scale,1"`
}

// Unique is of Unique along an axis.
type Unique struct {
	Axis   int  `attr:"axis,0"`
	Sorted bool `attr:"sorted,true"`
}

// Resize is of Resize.
type Resize struct {
	Antialias    bool    `attr:"antialias,false"`
	Axes         []int   `attr:"axes"`
	Coordinates  string  `attr:"coordinate_transformation_mode,half_pixel"`
	CubicA       float32 `attr:"cubic_coeff_a,-0.75"`
	Exclude      bool    `attr:"exclude_outside,false"`
	Extrapolate  float32 `attr:"extrapolation_value,0"`
	AspectPolicy string  `attr:"keep_aspect_ratio_policy,stretch"`
	Mode         string  `attr:"mode,nearest"`
	NearestMode  string  `attr:"nearest_mode,round_prefer_floor"`
}

// ONNXAttention is of ai.onnx Attention (opset 23): the operator as files hold
// it. Fusion turns it into the Parallax node with an [Attention].
type ONNXAttention struct {
	Causal       bool    `attr:"is_causal,false"`
	KVHeads      int     `attr:"kv_num_heads,0"`
	Heads        int     `attr:"q_num_heads,0"`
	QKOutputMode int     `attr:"qk_matmul_output_mode,0"`
	Scale        float32 `attr:"scale,0"` // 0: 1/√head_size
	Softcap      float32 `attr:"softcap,0"`
	SoftmaxType  int     `attr:"softmax_precision,0"` // 0: that of the operands
}

// Opaque is of a node whose operator we don't know. Raw is the encoded NodeProto,
// kept for export; its inputs are the node's operands, captures included.
type Opaque struct {
	Domain  string `attr:"domain"`
	OpType  string `attr:"op_type"`
	Version int    `attr:"version,0"`
	Raw     []byte `attr:"raw"`
	Why     string `attr:"why"`
}

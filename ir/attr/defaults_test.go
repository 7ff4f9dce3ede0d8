package attr

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// onnxDefaults are the attributes of ONNX's operator schemas (onnx 1.22.0,
// opset 23) that have a default, as onnx.defs.get_schema lists them, for every
// operator whose struct says the same in its tags. Attributes without a default
// are not listed.
var onnxDefaults = []struct {
	op   string
	a    any
	want string
}{
	{"ArgMax", New[ArgReduce](), "axis=0 keepdims=true select_last=false"},
	{"Gather", New[Axis](), "axis=0"},
	{"BatchNormalization", New[BatchNormalization](), "epsilon=1e-05"},
	{"Cast", New[Cast](), "saturate=true"},
	{"Conv", New[Conv](), "auto_pad=NOTSET group=1"},
	{"ConvTranspose", New[ConvTranspose](), "auto_pad=NOTSET group=1"},
	{"MaxPool", New[Pool](), "auto_pad=NOTSET ceil_mode=false count_include_pad=false storage_order=0"},
	{"CumSum", New[CumSum](), "exclusive=false reverse=false"},
	{"DFT", New[DFT](), "inverse=false onesided=false"},
	{"MelWeightMatrix", New[MelWeightMatrix](), "output_datatype=f32"},
	{"NonMaxSuppression", New[NonMaxSuppression](), "center_point_box=0"},
	{"RoiAlign", New[RoiAlign](), "coordinate_transformation_mode=half_pixel mode=avg output_height=1 output_width=1 sampling_ratio=0 spatial_scale=1"},
	{"STFT", New[STFT](), "onesided=true"},
	{"DepthToSpace", New[DepthSpace](), "mode=DCR"},
	{"EyeLike", New[EyeLike](), "dtype=invalid k=0"},
	{"GatherND", New[GatherND](), "batch_dims=0"},
	{"Gelu", New[Gelu](), "approximate=none"},
	{"Gemm", New[Gemm](), "alpha=1 beta=1 transA=false transB=false"},
	{"GroupNormalization", New[GroupNormalization](), "epsilon=1e-05"},
	{"GridSample", New[GridSample](), "align_corners=false mode=linear padding_mode=zeros"},
	{"IsInf", New[IsInf](), "detect_negative=true detect_positive=true"},
	{"LayerNormalization", New[LayerNormalization](), "axis=-1 epsilon=1e-05"},
	{"LpNormalization", New[LpNormalization](), "axis=-1 p=2"},
	{"Mod", New[Mod](), "fmod=false"},
	{"Pad", New[Pad](), "mode=constant"},
	{"QuantizeLinear", New[Quantize](), "axis=1 block_size=0 output_dtype=invalid precision=invalid saturate=true"},
	{"ReduceSum", New[Reduce](), "keepdims=true noop_with_empty_axes=false"},
	{"Reshape", New[Reshape](), "allowzero=false"},
	{"Resize", New[Resize](), "antialias=false coordinate_transformation_mode=half_pixel cubic_coeff_a=-0.75 exclude_outside=false extrapolation_value=0 keep_aspect_ratio_policy=stretch mode=nearest nearest_mode=round_prefer_floor"},
	{"ScatterElements", New[ScatterElements](), "axis=0 reduction=none"},
	{"ScatterND", New[ScatterND](), "reduction=none"},
	{"SplitToSequence", New[SequenceSplit](), "axis=0 keepdims=true new_axis=false"},
	{"TopK", New[TopK](), "axis=-1 largest=true sorted=true"},
	{"Trilu", New[Trilu](), "upper=true"},
}

func TestDefaults(t *testing.T) {
	for _, c := range onnxDefaults {
		var got []string
		v := reflect.ValueOf(c.a).Elem()
		for i, f := range Fields(c.a) {
			if strings.Contains(v.Type().Field(i).Tag.Get("attr"), ",") {
				got = append(got, fmt.Sprintf("%s=%s", f.Name, formatValue(f.Value)))
			}
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-onnx +struct):\n%s", c.op, diff)
		}
	}
}

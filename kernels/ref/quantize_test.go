package ref

import (
	"math"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// typed is a tensor of d with the numbers v.
func typed(d tensor.DType, shape []int, v ...float64) *tensor.Tensor {
	t := tensor.New(d, shape...)
	for i, x := range v {
		t.SetFloat(i, x)
	}
	return t
}

func quantize(set func(a *attr.Quantize)) *attr.Quantize {
	a := attr.New[attr.Quantize]()
	if set != nil {
		set(a)
	}
	return a
}

func TestQuantizeLinear(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	none := quantize(nil)
	ties := vec(-5, -3, -1, 1, 3, 5)
	for name, c := range map[string]struct {
		a              *attr.Quantize
		x, scale, zero *tensor.Tensor
		want           *tensor.Tensor
	}{
		"ties to even":                  {none, ties, f32(nil, 2), typed(tensor.Int8, nil, 0), of[int8](-2, -2, 0, 0, 2, 2)},
		"zero point after rounding":     {none, ties, f32(nil, 2), typed(tensor.Uint8, nil, 3), of[uint8](1, 1, 3, 3, 5, 5)},
		"u8 without a zero point":       {none, ties, f32(nil, 2), nil, of[uint8](0, 0, 0, 0, 2, 2)},
		"saturation":                    {none, vec(-1e30, 1e30, -inf, inf, nan), f32(nil, 1), typed(tensor.Int8, nil, 5), of[int8](-128, 127, -128, 127, -128)},
		"u16":                           {none, vec(-1, 65534.5, 65536), f32(nil, 1), typed(tensor.Uint16, nil, 0), of[uint16](0, 65534, 65535)},
		"u4":                            {none, vec(-1, 7.5, 99), f32(nil, 1), typed(tensor.Uint4, nil, 1), typed(tensor.Uint4, []int{3}, 0, 9, 15)},
		"i2":                            {quantize(func(a *attr.Quantize) { a.OutDType = tensor.Int2 }), vec(-9, -1, 9), f32(nil, 1), nil, typed(tensor.Int2, []int{3}, -2, -1, 1)},
		"vector of one for all":         {none, f32([]int{2, 2}, 1, 2, 3, 4), vec(2), typed(tensor.Int8, nil, 1), tensor.Of([]int{2, 2}, []int8{1, 2, 3, 3})},
		"along an axis":                 {quantize(func(a *attr.Quantize) { a.Axis = -2 }), f32([]int{2, 2}, 4, 8, 4, 8), vec(1, 2), of[int8](0, 1), tensor.Of([]int{2, 2}, []int8{4, 8, 3, 5})},
		"blocks, the last one short":    {quantize(func(a *attr.Quantize) { a.BlockSize = 2 }), f32([]int{2, 3}, 8, 8, 8, 8, 8, 8), f32([]int{2, 2}, 1, 2, 4, 8), tensor.Of([]int{2, 2}, []int8{0, 1, 0, 1}), tensor.Of([]int{2, 3}, []int8{8, 8, 5, 2, 2, 2})},
		"blocks of the first axis":      {quantize(func(a *attr.Quantize) { a.BlockSize, a.Axis = 2, 0 }), f32([]int{3, 2}, 8, 8, 8, 8, 8, 8), f32([]int{2, 2}, 1, 2, 4, 8), nil, tensor.Of([]int{3, 2}, []uint8{8, 4, 8, 4, 2, 1})},
		"i32 by i32":                    {none, of[int32](7, -7), tensor.Scalar[int32](2), typed(tensor.Int8, nil, 0), of[int8](4, -4)},
		"f16 divides in f16":            {none, typed(tensor.Float16, []int{1}, 1025), typed(tensor.Float16, nil, 2), typed(tensor.Int16, nil, 0), of[int16](512)},
		"precision f16 rounds to ties":  {quantize(func(a *attr.Quantize) { a.Precision = tensor.Float16 }), vec(0.50001), f32(nil, 1), typed(tensor.Int8, nil, 0), of[int8](0)},
		"precision f32 is the scale's":  {none, vec(0.50001), f32(nil, 1), typed(tensor.Int8, nil, 0), of[int8](1)},
		"powers of two divide in f32":   {none, vec(3.0001), typed(tensor.Float8E8M0, nil, 2), typed(tensor.Int8, nil, 0), of[int8](2)},
		"float8 saturates":              {none, vec(1e6, -1e6, 1, nan), f32(nil, 2), typed(tensor.Float8E4M3FN, nil, 0), typed(tensor.Float8E4M3FN, []int{4}, 448, -448, 0.5, math.NaN())},
		"float8 overflows to infinity":  {quantize(func(a *attr.Quantize) { a.Saturate = false }), vec(1e6, -1e6), f32(nil, 2), tensor.New(tensor.Float8E5M2), small(tensor.Float8E5M2, inf, -inf)},
		"float8 with a zero point":      {none, vec(3), f32(nil, 2), typed(tensor.Float8E5M2, nil, 0.5), typed(tensor.Float8E5M2, []int{1}, 2)},
		"float4 saturates":              {none, vec(100, -100, 2.5), f32(nil, 1), tensor.New(tensor.Float4E2M1), typed(tensor.Float4E2M1, []int{3}, 6, -6, 2)},
		"nothing along the axis":        {none, f32([]int{2, 0}), vec(), nil, tensor.New(tensor.Uint8, 2, 0)},
		"zero point is a vector of one": {none, vec(1), f32(nil, 1), of[int8](2), of[int8](3)},
	} {
		check(t, name, c.want, func(z *tensor.Tensor) error { return QuantizeLinear(z, c.a, c.x, c.scale, c.zero) })
	}
	for name, c := range map[string]struct {
		a              *attr.Quantize
		x, scale, zero *tensor.Tensor
		words          []string
	}{
		"scale":      {none, tensor.New(tensor.Float32, 2, 3), vec(1, 2), nil, []string{"the scale is f32[2]", "want [3]", "f32[2,3]"}},
		"zero point": {none, tensor.New(tensor.Float32, 2, 3), f32(nil, 1), of[int8](1, 2, 3), []string{"the zero point is i8[3]", "f32[]"}},
		"axis":       {none, vec(1, 2), vec(1, 2), nil, []string{"f32[2] has no axis 1"}},
		"text":       {none, str(nil, "1"), f32(nil, 1), nil, []string{"x is str[]"}},
		"wide":       {none, vec(1), f32(nil, 1), of[int32](1), []string{"quantised to i32"}},
		"precision":  {quantize(func(a *attr.Quantize) { a.Precision = tensor.Int8 }), vec(1), f32(nil, 1), nil, []string{"precision i8"}},
		"block":      {quantize(func(a *attr.Quantize) { a.BlockSize = -2 }), vec(1), f32(nil, 1), nil, []string{"block_size -2"}},
	} {
		checkError(t, name, c.words, func(z *tensor.Tensor) error { return QuantizeLinear(z, c.a, c.x, c.scale, c.zero) })
	}
}

// small is typed, of values that saturation would change.
func small(d tensor.DType, v ...float32) *tensor.Tensor {
	t := tensor.New(d, len(v))
	for i, x := range v {
		t.SetSmallFloat(i, x, false)
	}
	return t
}

func TestDequantizeLinear(t *testing.T) {
	none := quantize(nil)
	for name, c := range map[string]struct {
		a              *attr.Quantize
		x, scale, zero *tensor.Tensor
		want           *tensor.Tensor
	}{
		"u8":                     {none, of[uint8](0, 128, 255), f32(nil, 2), typed(tensor.Uint8, nil, 128), vec(-256, 0, 254)},
		"i8 along an axis":       {quantize(func(a *attr.Quantize) { a.Axis = 0 }), tensor.Of([]int{2, 2}, []int8{1, 2, 3, 4}), vec(1, 10), of[int8](1, 2), f32([]int{2, 2}, 0, 1, 10, 20)},
		"u4 in blocks":           {quantize(func(a *attr.Quantize) { a.BlockSize = 2 }), typed(tensor.Uint4, []int{1, 3}, 1, 8, 15), f32([]int{1, 2}, 1, 2), typed(tensor.Uint4, []int{1, 2}, 8, 7), f32([]int{1, 3}, -7, 0, 16)},
		"i32":                    {none, of[int32](1<<30, -3), f32(nil, 0.5), nil, vec(1<<29, -1.5)},
		"f16 rounds the product": {none, of[uint16](65535), typed(tensor.Float16, nil, 0.5), nil, typed(tensor.Float16, []int{1}, 32767.5)},
		"bf16":                   {none, of[int8](3), typed(tensor.BFloat16, nil, 1.5), nil, typed(tensor.BFloat16, []int{1}, 4.5)},
		"powers of two":          {quantize(func(a *attr.Quantize) { a.OutDType = tensor.Float16 }), typed(tensor.Float4E2M1, []int{2}, 6, -0.5), typed(tensor.Float8E8M0, nil, 4), nil, typed(tensor.Float16, []int{2}, 24, -2)},
		"float8":                 {none, typed(tensor.Float8E4M3FN, []int{2}, 1.5, -448), f32(nil, 2), typed(tensor.Float8E4M3FN, []int{1}, 0), vec(3, -896)},
	} {
		check(t, name, c.want, func(z *tensor.Tensor) error { return DequantizeLinear(z, c.a, c.x, c.scale, c.zero) })
	}
	for name, c := range map[string]struct {
		x, scale, zero *tensor.Tensor
		words          []string
	}{
		"zero point": {of[int8](1), f32(nil, 1), typed(tensor.Uint8, nil, 1), []string{"the zero point is u8[]", "i8[1]"}},
		"result":     {of[int8](1), typed(tensor.Float8E8M0, nil, 1), nil, []string{"dequantised to f8e8m0"}},
		"scale":      {of[int8](1), i64(nil, 1), nil, []string{"the scale is i64[]"}},
		"x":          {i64(nil, 1), f32(nil, 1), nil, []string{"x is i64[]"}},
	} {
		checkError(t, name, c.words, func(z *tensor.Tensor) error { return DequantizeLinear(z, none, c.x, c.scale, c.zero) })
	}
}

func TestDynamicQuantizeLinear(t *testing.T) {
	for name, c := range map[string]struct {
		x     *tensor.Tensor
		steps *tensor.Tensor
		scale float32
		zero  uint8
	}{
		"both signs":    {vec(-51, 0, 204), of[uint8](0, 51, 255), 1, 51},
		"positive":      {vec(255, 510), of[uint8](128, 255), 2, 0}, // 127.5 is a tie
		"negative":      {vec(-255, -10), of[uint8](0, 245), 1, 255},
		"zeros":         {vec(0, 0), of[uint8](0, 0), 1, 0},
		"nothing":       {vec(), of[uint8](), 1, 0},
		"tie of origin": {vec(-1, 509), of[uint8](0, 254), 2, 0},
	} {
		scale, zero := &tensor.Tensor{}, &tensor.Tensor{}
		check(t, name, c.steps, func(z *tensor.Tensor) error { return DynamicQuantizeLinear(z, scale, zero, c.x) })
		check(t, name+": scale", tensor.Scalar(c.scale), func(z *tensor.Tensor) error { return Identity(z, scale) })
		check(t, name+": zero point", tensor.Scalar(c.zero), func(z *tensor.Tensor) error { return Identity(z, zero) })
	}
	checkError(t, "f16", []string{"f16"}, func(z *tensor.Tensor) error {
		return DynamicQuantizeLinear(z, nil, nil, tensor.New(tensor.Float16, 2))
	})
}

func TestMatMulInteger(t *testing.T) {
	x, y := tensor.Of([]int{2, 2}, []uint8{1, 2, 3, 255}), tensor.Of([]int{2, 3}, []int8{1, 0, -1, 2, -128, 1})
	for name, c := range map[string]struct {
		x, y, zeroX, zeroY *tensor.Tensor
		want               *tensor.Tensor
	}{
		"no zero points":  {x, y, nil, nil, tensor.Of([]int{2, 3}, []int32{5, -256, 1, 513, -32640, 252})},
		"one each":        {x, y, tensor.Scalar[uint8](1), of[int8](1), tensor.Of([]int{2, 3}, []int32{1, -129, 0, 254, -32768, -4})},
		"rows":            {x, y, of[uint8](1, 3), nil, tensor.Of([]int{2, 3}, []int32{2, -128, 1, 504, -32256, 252})},
		"columns":         {x, y, nil, of[int8](1, 0, 1), tensor.Of([]int{2, 3}, []int32{2, -256, -2, 255, -32640, -6})},
		"of every matrix": {tensor.Of([]int{2, 1, 1}, []uint8{5, 7}), tensor.Of([]int{1, 1}, []uint8{2}), tensor.Of([]int{2, 1, 1}, []uint8{1, 2}), nil, tensor.Of([]int{2, 1, 1}, []int32{8, 10})},
		"vectors":         {of[uint8](1, 2), of[uint8](3, 4), of[uint8](1), tensor.Scalar[uint8](3), tensor.Scalar[int32](1)},
	} {
		check(t, name, c.want, func(z *tensor.Tensor) error { return MatMulInteger(z, c.x, c.y, c.zeroX, c.zeroY) })
	}
	for name, c := range map[string]struct {
		x, y, zeroX, zeroY *tensor.Tensor
		words              []string
	}{
		"rows":    {x, y, of[uint8](1, 2, 3), nil, []string{"operand 0", "u8[3]"}},
		"columns": {x, y, nil, of[int8](1, 2), []string{"operand 1", "i8[2]"}},
		"type":    {x, y, of[int8](1), nil, []string{"operand 0", "want elements of type u8"}},
		"floats":  {vec(1), y, nil, nil, []string{"operand 0", "f32, want i8 or u8"}},
		"inner":   {x, of[uint8](1, 2, 3), nil, nil, []string{"[2,2]", "[3]"}},
	} {
		checkError(t, name, c.words, func(z *tensor.Tensor) error { return MatMulInteger(z, c.x, c.y, c.zeroX, c.zeroY) })
	}
}

// TestConvInteger compares with the convolution of floats; what is padded is 0, which is
// the zero point.
func TestConvInteger(t *testing.T) {
	r := seeded()
	x, w := tensor.New(tensor.Uint8, 2, 4, 5, 6), tensor.New(tensor.Int8, 6, 2, 2, 3)
	for _, v := range []*tensor.Tensor{x, w} {
		for i := range v.Len() {
			v.SetInt(i, int64(r.IntN(256)))
		}
	}
	a := &attr.Conv{Group: 2, Strides: []int{2, 1}, Dilations: []int{1, 2}, Pads: []int{1, 0, 0, 2}}
	zeroX, zeroW := of[uint8](117), of[int8](-128, 3, 0, 5, 127, -7)
	fx, fw := cast(x, tensor.Float64), cast(w, tensor.Float64)
	for i := range fx.Len() {
		fx.SetFloat(i, fx.FloatAt(i)-117)
	}
	for i := range fw.Len() {
		fw.SetFloat(i, fw.FloatAt(i)-zeroW.FloatAt(i/12))
	}
	want := &tensor.Tensor{}
	if err := Conv(want, a, fx, fw, nil); err != nil {
		t.Fatal(err)
	}
	check(t, "per filter", cast(want, tensor.Int32), func(z *tensor.Tensor) error { return ConvInteger(z, a, x, w, zeroX, zeroW) })
	checkError(t, "filters", []string{"operand 1", "i8[5]"}, func(z *tensor.Tensor) error { return ConvInteger(z, a, x, w, nil, of[int8](1, 2, 3, 4, 5)) })
	checkError(t, "x", []string{"operand 0", "u8[4]"}, func(z *tensor.Tensor) error { return ConvInteger(z, a, x, w, of[uint8](1, 2, 3, 4), nil) })
	ones := tensor.Of([]int{1, 1, 40000}, make([]uint8, 40000))
	for i := range ones.Len() {
		ones.SetInt(i, 255)
	}
	sum := int64(40000 * 255 * 255)
	check(t, "sums wrap", tensor.Of([]int{1, 1, 1}, []int32{int32(sum)}), func(z *tensor.Tensor) error {
		return ConvInteger(z, attr.New[attr.Conv](), ones, ones, nil, nil)
	})
}

package tensor

import (
	"math"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

// samples are values that each numeric element type holds exactly.
var samples = map[DType][]float64{
	Float32: {0, -1.5, math.MaxFloat32, math.SmallestNonzeroFloat32, math.Inf(-1)},
	Float64: {0, -1.5, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(1)},
	Float16: {0, -1.5, 65504, math.Ldexp(1, -24), math.Inf(1)}, BFloat16: {0, -1.5, math.Ldexp(1, 127), math.Inf(-1)},
	Float8E4M3FN: {0, -448, 1.125}, Float8E4M3FNUZ: {0, -240, 1.125}, Float8E5M2: {0, -57344, 1.25}, Float8E5M2FNUZ: {0, -57344, 1.25},
	Float4E2M1: {0, 0.5, 1, 1.5, -2, 3, 4, -6}, Float8E8M0: {1, 0.5, math.Ldexp(1, 127), math.Ldexp(1, -127)},
	Int64: {0, -1, 1 << 62, -1 << 63}, Int32: {0, -1, math.MaxInt32, math.MinInt32}, Int16: {0, -1, 32767, -32768}, Int8: {0, -1, 127, -128},
	Uint64: {0, 1, 1 << 63}, Uint32: {0, 1, math.MaxUint32}, Uint16: {0, 1, 65535}, Uint8: {0, 1, 255},
	Int4: {0, -1, 7, -8, 3}, Uint4: {0, 1, 15, 8, 9}, Int2: {0, -1, 1, -2, 1}, Uint2: {0, 1, 2, 3, 2},
	Bool: {0, 1, 1},
}

// TestElements writes and reads every element type, forwards and backwards, so
// that packed neighbours are seen to stay.
func TestElements(t *testing.T) {
	for d := Float32; d < numDTypes; d++ {
		values := samples[d]
		if (values != nil) != (d.IsFloat() || d.IsInt() || d == Bool) {
			t.Fatalf("%s has samples: %t", d, values != nil)
		}
		x, y := New(d, len(values)), New(d, len(values))
		for i, v := range values {
			x.SetFloat(i, v)
			j := len(values) - 1 - i
			y.SetFloat(j, values[j])
		}
		for i, v := range values {
			if got := x.FloatAt(i); got != v {
				t.Errorf("%s: element %d is %g, want %g", d, i, got, v)
			}
			if math.Abs(v) < 1<<62 && x.IntAt(i) != int64(v) {
				t.Errorf("%s: element %d is the integer %d, want %d", d, i, x.IntAt(i), int64(v))
			}
		}
		if !x.Equal(y) {
			t.Errorf("%s: %x written forwards, %x backwards", d, x.Bytes(), y.Bytes())
		}
	}
}

func TestSetInt(t *testing.T) {
	for _, c := range []struct {
		d    DType
		v    int64
		want int64
	}{
		{Int8, 200, -56}, {Uint8, -1, 255}, {Int16, 1 << 15, -1 << 15}, {Uint32, -1, math.MaxUint32}, {Int32, 1 << 31, -1 << 31},
		{Int4, 8, -8}, {Uint4, 17, 1}, {Int2, 2, -2}, {Uint2, 7, 3}, {Uint64, -1, -1}, {Bool, 7, 1}, {Float16, 2048, 2048},
		{Int64, -5, -5}, {Float32, 3, 3}, {Uint16, 65537, 1},
	} {
		x := New(c.d, 3)
		x.SetInt(1, c.v)
		if got := x.IntAt(1); got != c.want || x.IntAt(0) != 0 || x.IntAt(2) != 0 {
			t.Errorf("%s: %d becomes %d between %d and %d, want %d between zeros", c.d, c.v, got, x.IntAt(0), x.IntAt(2), c.want)
		}
	}
}

func TestPackedOrder(t *testing.T) {
	for _, c := range []struct {
		d    DType
		want []byte
	}{
		{Uint4, []byte{0x21, 0x03}},
		{Uint2, []byte{0x39}}, // 1, 2, 3, 0: low bits first
	} {
		x := New(c.d, 3)
		for i := range 3 {
			x.SetInt(i, int64(i+1))
		}
		if diff := cmp.Diff(c.want, x.Bytes()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.d, diff)
		}
	}
}

func TestDTypes(t *testing.T) {
	for d := Float32; d < numDTypes; d++ {
		for _, name := range []string{d.String(), d.Long()} {
			if got, ok := ParseDType(name); !ok || got != d {
				t.Errorf("%q is %s (%t), want %s", name, got, ok, d)
			}
		}
		if !d.Valid() || d.IsNumeric() != (d.IsFloat() || d.IsInt() || d.IsComplex()) {
			t.Errorf("%s: valid %t, numeric %t", d, d.Valid(), d.IsNumeric())
		}
	}
	for _, name := range []string{"", "invalid", "f33"} {
		if d, ok := ParseDType(name); ok {
			t.Errorf("%q is %s", name, d)
		}
	}
	if d := DType(99); d.Valid() || d.Bits() != 0 || d.IsFloat() || d.String() != "dtype(99)" || d.Long() != d.String() {
		t.Errorf("type 99 is %s, valid %t", d, d.Valid())
	}
	for _, c := range []struct {
		d     DType
		n     int
		bytes int
	}{{Float32, 3, 12}, {Int4, 3, 2}, {Int4, 0, 0}, {Int2, 5, 2}, {Complex128, 2, 32}, {String, 4, 0}, {Bool, 7, 7}} {
		if got := c.d.Bytes(c.n); got != c.bytes {
			t.Errorf("%d %s take %d bytes, want %d", c.n, c.d, got, c.bytes)
		}
	}
}

func TestElementCount(t *testing.T) {
	for _, c := range []struct {
		shape []int
		n     int
		ok    bool
	}{
		{nil, 1, true},
		{[]int{2, 3}, 6, true},
		{[]int{0, 1 << 62, 1 << 62}, 0, false},
		{[]int{1 << 62, 0}, 0, false},
		{[]int{1 << 40, 0}, 0, true},
		{[]int{0, -1}, 0, false},
		{[]int{-1, -1}, 0, false},
		{[]int{1 << 47}, 1 << 47, true},
		{[]int{1<<47 + 1}, 0, false},
		{[]int{1 << 32, 1 << 32}, 0, false},
		{[]int{1 << 33, 1 << 33, 1 << 33}, 0, false},
		{[]int{math.MaxInt, 2}, 0, false},
	} {
		if n, ok := Elements(c.shape); n != c.n || ok != c.ok {
			t.Errorf("%v has %d elements (%t), want %d (%t)", c.shape, n, ok, c.n, c.ok)
		}
	}
}

func TestFromBytes(t *testing.T) {
	for _, c := range []struct {
		name  string
		d     DType
		shape []int
		bytes int
		want  string // "": no error
	}{
		{"exact", Float32, []int{2, 2}, 16, ""},
		{"scalar", Float64, nil, 8, ""},
		{"packed", Int4, []int{3}, 2, ""},
		{"empty", Float32, []int{0, 5}, 0, ""},
		{"short", Float32, []int{2, 2}, 15, "needs 16 bytes, data has 15"},
		{"long", Int2, []int{5}, 3, "needs 2 bytes, data has 3"},
		{"negative", Float32, []int{-1}, 0, "[-1] is no usable shape"},
		{"huge", Float32, []int{1 << 60}, 8, "is no usable shape"},
		{"string", String, []int{1}, 1, "element type string has no packed form"},
		{"unknown type", DType(77), []int{1}, 1, "element type dtype(77) has no packed form"},
		{"invalid type", Invalid, nil, 0, "element type invalid has no packed form"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := make([]byte, c.bytes)
			x, err := FromBytes(c.d, c.shape, data)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %v, want %q", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(data) > 0 && &data[0] != &x.Bytes()[0] {
				t.Error("the bytes are copied, want them shared")
			}
		})
	}
}

func aligned(t *Tensor) bool {
	return uintptr(unsafe.Pointer(unsafe.SliceData(t.Bytes())))%64 == 0
}

func TestReset(t *testing.T) {
	x := New(Float32, 4, 4)
	first := &x.Bytes()[0]
	for _, c := range []struct {
		d      DType
		shape  []int
		reused bool
	}{
		{Float32, []int{2, 2}, true},
		{Int4, []int{128}, true},
		{Float64, []int{8}, true},
		{Uint8, []int{0}, true},
		{Float32, []int{16}, true},
		{Float32, []int{17}, false},
	} {
		x.Reset(c.d, c.shape...)
		if x.DType != c.d || !SameShape(x.Shape, c.shape) || len(x.Bytes()) != c.d.Bytes(x.Len()) {
			t.Fatalf("reset to %s%v gives %s with %d bytes", c.d, c.shape, x, len(x.Bytes()))
		}
		if len(x.Bytes()) > 0 && (&x.Bytes()[0] == first) != c.reused {
			t.Errorf("%s: buffer reused: %t", x, !c.reused)
		}
		if !aligned(x) {
			t.Errorf("%s is not aligned", x)
		}
	}
	x.Reset(String, 2)
	if x.Strings()[0] != "" || len(x.Strings()) != 2 {
		t.Errorf("strings %q", x.Strings())
	}
	if n := testing.AllocsPerRun(10, func() { x.Reset(Float32, 3, 5); x.Reset(Float32, 17) }); n != 0 {
		t.Errorf("reusing the buffer allocates %g times", n)
	}
}

func TestWithBuffer(t *testing.T) {
	buf := Buffer(64)
	x := WithBuffer(buf)
	if x.Len() != 1 && len(x.Bytes()) != 0 {
		t.Errorf("%s of %d bytes", x, len(x.Bytes()))
	}
	x.Reset(Float32, 16)
	if &x.Bytes()[0] != &buf[0] || !aligned(x) {
		t.Error("the buffer is not used, or not aligned")
	}
	x.Reset(Float32, 17)
	if &x.Bytes()[0] == &buf[0] {
		t.Error("the buffer is used beyond its end")
	}
}

func TestEqual(t *testing.T) {
	x := Of([]int{2}, []float32{1, float32(math.NaN())})
	for _, c := range []struct {
		name string
		y    *Tensor
		want bool
	}{
		{"itself, NaN included", x, true},
		{"a copy", x.Clone(), true},
		{"another shape", x.Reshaped(2, 1), false},
		{"another type of the same bytes", Of([]int{2}, []int32{0x3f800000, 0x7fc00000}), false},
		{"another element", Of([]int{2}, []float32{1, 2}), false},
	} {
		if x.Equal(c.y) != c.want {
			t.Errorf("%s: equal is %t", c.name, !c.want)
		}
	}
	s := OfStrings([]int{2}, []string{"a", "b"})
	if !s.Equal(s.Clone()) || s.Equal(OfStrings([]int{2}, []string{"a", "c"})) {
		t.Error("strings are compared wrongly")
	}
}

func TestCloneAndViews(t *testing.T) {
	x := Of([]int{2, 2}, []int32{1, 2, 3, 4})
	c, v := x.Clone(), x.Reshaped(4)
	var a Tensor
	a.Alias(x, 1, 4)
	Data[int32](x)[0] = 9
	if c.IntAt(0) != 1 || v.IntAt(0) != 9 || a.IntAt(0) != 9 {
		t.Errorf("after a write the copy has %d, the views %d and %d", c.IntAt(0), v.IntAt(0), a.IntAt(0))
	}
	if a.String() != "i32[1,4]" || v.String() != "i32[4]" || (*Tensor)(nil).String() != "<absent>" {
		t.Errorf("views are %s and %s", &a, v)
	}
	s := OfStrings([]int{1}, []string{"a"})
	d := s.Clone()
	s.Strings()[0] = "b"
	if d.Strings()[0] != "a" {
		t.Error("the copy shares its strings")
	}
	if n := testing.AllocsPerRun(10, func() { a.Alias(x, 2, 2) }); n != 0 {
		t.Errorf("Alias allocates %g times", n)
	}
}

// TestBugs checks that what a caller must not do panics with BUG.
func TestBugs(t *testing.T) {
	x := New(Float32, 2)
	for name, f := range map[string]func(){
		"New of a negative shape": func() { New(Float32, -1) },
		"New of no type":          func() { New(Invalid, 1) },
		"Of too few":              func() { Of([]int{3}, []float32{1}) },
		"OfStrings too few":       func() { OfStrings([]int{3}, nil) },
		"Reshaped":                func() { x.Reshaped(3) },
		"Alias":                   func() { x.Alias(New(Int8, 4), 3) },
		"Data of another type":    func() { Data[int32](x) },
		"IntAt of a string":       func() { New(String, 1).IntAt(0) },
		"FloatAt of a complex":    func() { New(Complex64, 1).FloatAt(0) },
		"SetInt of a string":      func() { New(String, 1).SetInt(0, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if r, ok := recover().(string); !ok || !strings.HasPrefix(r, "BUG: ") {
					t.Errorf("panic %v, want a BUG", r)
				}
			}()
			f()
		})
	}
}

func TestTypeOf(t *testing.T) {
	got := []DType{
		TypeOf[float32](), TypeOf[float64](), TypeOf[int8](), TypeOf[int16](), TypeOf[int32](), TypeOf[int64](), TypeOf[uint8](),
		TypeOf[uint16](), TypeOf[uint32](), TypeOf[uint64](), TypeOf[bool](), TypeOf[complex64](), TypeOf[complex128](), TypeOf[Half](), TypeOf[Brain](),
	}
	want := []DType{
		Float32, Float64, Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32, Uint64, Bool, Complex64, Complex128, Float16, BFloat16,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if Data[float32](New(Float32, 0, 2)) != nil || len(Data[complex128](Scalar(complex(1, 2)))) != 1 {
		t.Error("views have the wrong length")
	}
}

// TestSources checks that the package can be copied from itself.
func TestSources(t *testing.T) {
	for _, name := range []string{"doc.go", "tensor.go", "embed.go"} {
		if _, err := Sources.ReadFile(name); err != nil {
			t.Error(err)
		}
	}
}

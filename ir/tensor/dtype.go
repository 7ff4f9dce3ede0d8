package tensor

import "fmt"

// DType is an element type. The values are those of ONNX TensorProto.DataType,
// so that reading a file needs no table.
type DType uint8

// The element types of ONNX 1.22.
const (
	Invalid        DType = 0
	Float32        DType = 1
	Uint8          DType = 2
	Int8           DType = 3
	Uint16         DType = 4
	Int16          DType = 5
	Int32          DType = 6
	Int64          DType = 7
	String         DType = 8
	Bool           DType = 9
	Float16        DType = 10
	Float64        DType = 11
	Uint32         DType = 12
	Uint64         DType = 13
	Complex64      DType = 14
	Complex128     DType = 15
	BFloat16       DType = 16
	Float8E4M3FN   DType = 17
	Float8E4M3FNUZ DType = 18
	Float8E5M2     DType = 19
	Float8E5M2FNUZ DType = 20
	Uint4          DType = 21
	Int4           DType = 22
	Float4E2M1     DType = 23
	Float8E8M0     DType = 24
	Uint2          DType = 25
	Int2           DType = 26
	numDTypes      DType = 27
)

// dtypes is the one table of what an element type is.
var dtypes = [numDTypes]struct {
	name string // text form of the IR
	long string // as error messages and ONNX documentation spell it
	bits int    // per element, 0 for strings
	kind kind
}{
	Invalid:        {"invalid", "invalid", 0, 0},
	Float32:        {"f32", "float32", 32, kindFloat},
	Uint8:          {"u8", "uint8", 8, kindUint},
	Int8:           {"i8", "int8", 8, kindInt},
	Uint16:         {"u16", "uint16", 16, kindUint},
	Int16:          {"i16", "int16", 16, kindInt},
	Int32:          {"i32", "int32", 32, kindInt},
	Int64:          {"i64", "int64", 64, kindInt},
	String:         {"str", "string", 0, kindString},
	Bool:           {"bool", "bool", 8, kindBool},
	Float16:        {"f16", "float16", 16, kindFloat},
	Float64:        {"f64", "float64", 64, kindFloat},
	Uint32:         {"u32", "uint32", 32, kindUint},
	Uint64:         {"u64", "uint64", 64, kindUint},
	Complex64:      {"c64", "complex64", 64, kindComplex},
	Complex128:     {"c128", "complex128", 128, kindComplex},
	BFloat16:       {"bf16", "bfloat16", 16, kindFloat},
	Float8E4M3FN:   {"f8e4m3fn", "float8e4m3fn", 8, kindFloat},
	Float8E4M3FNUZ: {"f8e4m3fnuz", "float8e4m3fnuz", 8, kindFloat},
	Float8E5M2:     {"f8e5m2", "float8e5m2", 8, kindFloat},
	Float8E5M2FNUZ: {"f8e5m2fnuz", "float8e5m2fnuz", 8, kindFloat},
	Uint4:          {"u4", "uint4", 4, kindUint},
	Int4:           {"i4", "int4", 4, kindInt},
	Float4E2M1:     {"f4e2m1", "float4e2m1", 4, kindFloat},
	Float8E8M0:     {"f8e8m0", "float8e8m0", 8, kindFloat},
	Uint2:          {"u2", "uint2", 2, kindUint},
	Int2:           {"i2", "int2", 2, kindInt},
}

type kind uint8

const (
	kindFloat kind = iota + 1
	kindInt
	kindUint
	kindBool
	kindString
	kindComplex
)

// Valid reports whether d is one of the types above.
func (d DType) Valid() bool { return d > Invalid && d < numDTypes }

// String is the short text form, e.g. "f32".
func (d DType) String() string {
	if d >= numDTypes {
		return fmt.Sprintf("dtype(%d)", uint8(d))
	}
	return dtypes[d].name
}

// Long is the name that ONNX's documentation uses, e.g. "float32".
func (d DType) Long() string {
	if d >= numDTypes {
		return d.String()
	}
	return dtypes[d].long
}

// ParseDType reads the short or the long name.
func ParseDType(s string) (DType, bool) {
	for d := Float32; d < numDTypes; d++ {
		if dtypes[d].name == s || dtypes[d].long == s {
			return d, true
		}
	}
	return Invalid, false
}

// Bits is the size of one element in bits; 0 for strings.
func (d DType) Bits() int {
	if d >= numDTypes {
		return 0
	}
	return dtypes[d].bits
}

// Bytes is the packed size of n elements, rounded up to whole bytes.
func (d DType) Bytes(n int) int {
	b := d.Bits()
	if b >= 8 {
		return n * (b / 8)
	}
	per := 1
	if b > 0 {
		per = 8 / b
		return (n + per - 1) / per
	}
	return 0
}

func (d DType) is(k kind) bool { return d < numDTypes && dtypes[d].kind == k }

// IsFloat reports a real floating-point type of any width.
func (d DType) IsFloat() bool { return d.is(kindFloat) }

// IsInt reports a signed or unsigned integer type (bool is none).
func (d DType) IsInt() bool { return d.is(kindInt) || d.is(kindUint) }

// IsSigned reports a signed integer type.
func (d DType) IsSigned() bool { return d.is(kindInt) }

// IsComplex reports complex64 and complex128.
func (d DType) IsComplex() bool { return d.is(kindComplex) }

// IsNumeric reports a float, integer or complex type.
func (d DType) IsNumeric() bool { return d.IsFloat() || d.IsInt() || d.IsComplex() }

package gosrc

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/tensor"
)

// attrLiteral prints a pointer to a struct of package attr, zero fields left
// out: attr.Softmax{Axis: -1}.
func attrLiteral(a any) string {
	v := reflect.ValueOf(a).Elem()
	var fields []string
	for i := range v.NumField() {
		if f := v.Field(i); v.Type().Field(i).IsExported() && !f.IsZero() {
			fields = append(fields, v.Type().Field(i).Name+": "+valueLiteral(f))
		}
	}
	return "attr." + v.Type().Name() + "{" + strings.Join(fields, ", ") + "}"
}

func valueLiteral(v reflect.Value) string {
	if d, ok := v.Interface().(tensor.DType); ok {
		return dtypeName(d)
	}
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		return floatLiteral(v.Float(), v.Type().Bits())
	case reflect.String:
		return strconv.Quote(v.String())
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = valueLiteral(v.Index(i))
		}
		return "[]" + v.Type().Elem().String() + "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v.Interface())
}

// floatLiteral prints x so that it reads back the same bits. Values without a
// literal are made by package math.
func floatLiteral(x float64, bits int) string {
	text := strconv.FormatFloat(x, 'g', -1, bits)
	switch {
	case math.IsNaN(x):
		text = "math.NaN()"
	case math.IsInf(x, 0):
		text = fmt.Sprintf("math.Inf(%d)", int(math.Copysign(1, x)))
	case x == 0 && math.Signbit(x):
		text = "math.Copysign(0, -1)"
	default:
		return text
	}
	if bits == 32 {
		return "float32(" + text + ")"
	}
	return text
}

// dtypeName is the constant of package tensor: its identifier is the long name
// in Go spelling.
func dtypeName(d tensor.DType) string {
	if !d.Valid() {
		return "tensor.Invalid"
	}
	long := d.Long()
	switch {
	case d == tensor.BFloat16:
		return "tensor.BFloat16"
	case strings.HasPrefix(long, "float8") || strings.HasPrefix(long, "float4"):
		return "tensor.F" + long[1:6] + strings.ToUpper(long[6:])
	}
	return "tensor." + strings.ToUpper(long[:1]) + long[1:]
}

func dimsLiteral(shape []codegen.Dim) string {
	parts := make([]string, len(shape))
	for i, d := range shape {
		switch {
		case d == codegen.Unknown:
			parts[i] = "rt.Unknown"
		case d < 0:
			parts[i] = fmt.Sprintf("rt.Num(%d)", int(^d))
		default:
			parts[i] = fmt.Sprint(int64(d))
		}
	}
	return "[]rt.Dim{" + strings.Join(parts, ", ") + "}"
}

func intsLiteral(list []int) string {
	parts := make([]string, len(list))
	for i, n := range list {
		parts[i] = strconv.Itoa(n)
	}
	return "[]int{" + strings.Join(parts, ", ") + "}"
}

func boolsLiteral(list []bool) string { return fmt.Sprintf("[]bool{%s}", joinAny(list)) }

func joinAny[T any](list []T) string {
	parts := make([]string, len(list))
	for i, x := range list {
		parts[i] = fmt.Sprint(x)
	}
	return strings.Join(parts, ", ")
}

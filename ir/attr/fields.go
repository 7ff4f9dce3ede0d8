package attr

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/parallax-go/parallax/ir/tensor"
)

// Field is one attribute of a struct of this package.
type Field struct {
	Name  string
	Value reflect.Value
	// Default reports whether Value is the ONNX default.
	Default bool
}

// Fields lists a's attributes in the order of declaration; a is a pointer to a
// struct of this package, or nil for an operator without attributes. Fields that
// are not exported hold what is derived from the others, and are no attributes.
func Fields(a any) []Field {
	if a == nil {
		return nil
	}
	v := reflect.ValueOf(a).Elem()
	fields := make([]Field, 0, v.NumField())
	for i := range v.NumField() {
		if !v.Type().Field(i).IsExported() {
			continue
		}
		name, text, _ := strings.Cut(v.Type().Field(i).Tag.Get("attr"), ",")
		f := Field{Name: name, Value: v.Field(i)}
		zero := reflect.New(f.Value.Type()).Elem()
		if text != "" {
			if err := parse(zero, text); err != nil {
				panic(fmt.Sprintf("BUG: default of %T.%s: %v", a, name, err))
			}
		}
		f.Default = hasDefault(v.Type().Field(i).Tag, f.Value) && reflect.DeepEqual(normal(zero), normal(f.Value))
		fields = append(fields, f)
	}
	return fields
}

// hasDefault tells fields that may be left out of the printed form: those with
// a default in the tag, and lists, which default to empty.
func hasDefault(tag reflect.StructTag, v reflect.Value) bool {
	return strings.Contains(tag.Get("attr"), ",") || v.Kind() == reflect.Slice
}

// normal makes nil and empty lists equal.
func normal(v reflect.Value) any {
	if v.Kind() == reflect.Slice && v.Len() == 0 {
		return nil
	}
	return v.Interface()
}

// SetDefaults gives every field of *a its ONNX default.
func SetDefaults(a any) {
	v := reflect.ValueOf(a).Elem()
	for i := range v.NumField() {
		if !v.Type().Field(i).IsExported() {
			continue
		}
		_, text, found := strings.Cut(v.Type().Field(i).Tag.Get("attr"), ",")
		if !found {
			v.Field(i).SetZero()
			continue
		}
		if err := parse(v.Field(i), text); err != nil {
			panic(fmt.Sprintf("BUG: default of %T.%s: %v", a, v.Type().Field(i).Name, err))
		}
	}
}

// New returns a *T with every field at its ONNX default.
func New[T any]() *T {
	a := new(T)
	SetDefaults(a)
	return a
}

// Clone returns a deep copy of a, a pointer to a struct of this package or nil.
func Clone(a any) any {
	if a == nil {
		return nil
	}
	src := reflect.ValueOf(a).Elem()
	dst := reflect.New(src.Type())
	for i := range src.NumField() {
		switch f := src.Field(i); {
		case !src.Type().Field(i).IsExported():
		case f.Kind() == reflect.Slice && !f.IsNil():
			dst.Elem().Field(i).Set(reflect.AppendSlice(reflect.MakeSlice(f.Type(), 0, f.Len()), f))
		default:
			dst.Elem().Field(i).Set(f)
		}
	}
	return dst.Interface()
}

// Equal reports whether a and b are of one type with the same attributes.
func Equal(a, b any) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		return false
	}
	x, y := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for i := range x.NumField() {
		if x.Type().Field(i).IsExported() && !reflect.DeepEqual(normal(x.Field(i)), normal(y.Field(i))) {
			return false
		}
	}
	return true
}

// Format prints the attributes that differ from their defaults, in order of
// declaration: "axis=1, keepdims=false". Strings are quoted where they are not
// plain words; lists are in brackets.
func Format(a any) string {
	var parts []string
	for _, f := range Fields(a) {
		if !f.Default {
			parts = append(parts, f.Name+"="+formatValue(f.Value))
		}
	}
	return strings.Join(parts, ", ")
}

func formatValue(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case tensor.DType:
		return x.String()
	case []byte:
		return "0x" + hex.EncodeToString(x)
	}
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits())
	case reflect.String:
		if isWord(v.String()) {
			return v.String()
		}
		return strconv.Quote(v.String())
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = formatValue(v.Index(i))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return fmt.Sprint(v.Interface())
}

func isWord(s string) bool {
	for _, c := range s {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// Set gives the attribute called name of *a the value that text spells, in the
// form that [Format] prints.
func Set(a any, name, text string) error {
	if a == nil {
		return fmt.Errorf("attribute %s: the operator has none", name)
	}
	v := reflect.ValueOf(a).Elem()
	for i := range v.NumField() {
		if field, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("attr"), ","); field == name {
			if err := parse(v.Field(i), text); err != nil {
				return fmt.Errorf("attribute %s: %w", name, err)
			}
			return nil
		}
	}
	return fmt.Errorf("attribute %s is not one of %s", name, strings.Join(names(a), ", "))
}

func names(a any) []string {
	var names []string
	for _, f := range Fields(a) {
		names = append(names, f.Name)
	}
	return names
}

var dtypeType = reflect.TypeFor[tensor.DType]()

func parse(v reflect.Value, text string) (err error) {
	if v.Type() == dtypeType {
		d, ok := tensor.ParseDType(text)
		if !ok && text != "undefined" && text != "invalid" {
			return fmt.Errorf("%q is not an element type", text)
		}
		v.Set(reflect.ValueOf(d))
		return nil
	}
	switch v.Kind() {
	case reflect.Int:
		var n int64
		n, err = strconv.ParseInt(text, 10, 64)
		v.SetInt(n)
	case reflect.Float32, reflect.Float64:
		var x float64
		x, err = strconv.ParseFloat(text, v.Type().Bits())
		v.SetFloat(x)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(text)
		v.SetBool(b)
	case reflect.String:
		s := text
		if strings.HasPrefix(text, `"`) {
			s, err = strconv.Unquote(text)
		}
		v.SetString(s)
	case reflect.Slice:
		return parseList(v, text)
	default:
		panic("BUG: attribute of kind " + v.Kind().String())
	}
	return err
}

func parseList(v reflect.Value, text string) error {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
		v.SetBytes(b)
		return err
	}
	inner, opened := strings.CutPrefix(text, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !opened || !closed {
		return fmt.Errorf("%q is not a list", text)
	}
	v.SetLen(0)
	if inner == "" {
		return nil
	}
	for more := true; more; {
		var part string
		part, inner, more = cut(inner, ',')
		e := reflect.New(v.Type().Elem()).Elem()
		if err := parse(e, strings.TrimSpace(part)); err != nil {
			return err
		}
		v.Set(reflect.Append(v, e))
	}
	return nil
}

// cut is strings.Cut at a separator that is in no quoted string.
func cut(text string, sep byte) (before, after string, found bool) {
	for i := 0; i < len(text); i++ {
		if text[i] == sep {
			return text[:i], text[i+1:], true
		}
		if quoted, err := strconv.QuotedPrefix(text[i:]); err == nil {
			i += len(quoted) - 1
		}
	}
	return text, "", false
}

// CutList returns the list that text begins with, brackets included, and what is
// behind it; false if it has no end.
func CutList(text string) (list, rest string, ok bool) {
	list, rest, ok = cut(text, ']')
	return list + "]", rest, ok
}

package onnx

import (
	"fmt"
	"reflect"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
)

// setText sets a field from the rule table.
func setText(a any, name, text string) {
	if err := attr.Set(a, name, text); err != nil {
		panic("BUG: rule table: " + err.Error())
	}
}

// fieldOf returns the field called name of a.
func fieldOf(a any, name string) reflect.Value {
	for _, f := range attr.Fields(a) {
		if f.Name == name {
			return f.Value
		}
	}
	panic(fmt.Sprintf("BUG: rule table: %T has no attribute %s", a, name))
}

// wireType is the type of attribute that a field is read from.
func wireType(v reflect.Value) wire.AttributeType {
	switch v.Kind() {
	case reflect.Int, reflect.Bool, reflect.Uint8:
		return wire.AttributeInt
	case reflect.Float32, reflect.Float64:
		return wire.AttributeFloat
	case reflect.String:
		return wire.AttributeString
	case reflect.Slice:
		switch v.Type().Elem().Kind() {
		case reflect.String:
			return wire.AttributeStrings
		case reflect.Float32:
			return wire.AttributeFloats
		}
		return wire.AttributeInts
	}
	panic("BUG: attribute of kind " + v.Kind().String())
}

// setField stores an attribute of the file in a field.
func setField(v reflect.Value, a *wire.Attribute) error {
	if err := wantType(a, wireType(v)); err != nil {
		return err
	}
	switch v.Kind() {
	case reflect.Uint8: // tensor.DType
		if a.I == 0 {
			return nil // "undefined" spelled out
		}
		d, err := elementType(wire.DataType(a.I))
		if err != nil || int64(d) != a.I {
			return fmt.Errorf("attribute %s is %d, which is no element type", a.Name, a.I)
		}
		v.Set(reflect.ValueOf(d))
	case reflect.Int:
		if v.OverflowInt(a.I) {
			return fmt.Errorf("attribute %s is %d, which is out of range", a.Name, a.I)
		}
		v.SetInt(a.I)
	case reflect.Bool:
		v.SetBool(a.I != 0)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(a.F))
	case reflect.String:
		v.SetString(string(a.S))
	case reflect.Slice:
		v.Set(listOf(v.Type(), a))
	}
	return nil
}

// listOf makes a list of the type of a field.
func listOf(typ reflect.Type, a *wire.Attribute) reflect.Value {
	switch typ.Elem().Kind() {
	case reflect.String:
		return converted(a.Strings, func(s []byte) string { return string(s) })
	case reflect.Float32:
		return converted(a.Floats, func(x float32) float32 { return x })
	}
	return converted(a.Ints, func(n int64) int { return int(n) })
}

func converted[T, E any](list []T, f func(T) E) reflect.Value {
	to := make([]E, len(list))
	for i, v := range list {
		to[i] = f(v)
	}
	return reflect.ValueOf(to)
}

// getField is the inverse of setField.
func getField(name string, v reflect.Value) *wire.Attribute {
	a := &wire.Attribute{Name: name, Type: wireType(v)}
	switch v.Kind() {
	case reflect.Uint8:
		a.I = int64(v.Uint())
	case reflect.Int:
		a.I = v.Int()
	case reflect.Bool:
		if v.Bool() {
			a.I = 1
		}
	case reflect.Float32, reflect.Float64:
		a.F = float32(v.Float())
	case reflect.String:
		a.S = []byte(v.String())
	case reflect.Slice:
		for i := range v.Len() {
			switch e := v.Index(i); a.Type {
			case wire.AttributeStrings:
				a.Strings = append(a.Strings, []byte(e.String()))
			case wire.AttributeFloats:
				a.Floats = append(a.Floats, float32(e.Float()))
			default:
				a.Ints = append(a.Ints, e.Int())
			}
		}
	}
	return a
}

func wantType(a *wire.Attribute, want ...wire.AttributeType) error {
	for _, t := range want {
		if a.Type == t {
			return nil
		}
	}
	return fmt.Errorf("attribute %s is of type %s, want %s", a.Name, a.Type, want[0])
}

// ints returns the value of an attribute that is a list of integers or one.
func ints(a *wire.Attribute) ([]int64, error) {
	if err := wantType(a, wire.AttributeInts, wire.AttributeInt); err != nil {
		return nil, err
	}
	if a.Type == wire.AttributeInt {
		return []int64{a.I}, nil
	}
	return a.Ints, nil
}

// vectorOf makes a constant of a list; it shares the list.
func vectorOf[T tensor.Native](list []T) *tensor.Tensor { return tensor.Of([]int{len(list)}, list) }

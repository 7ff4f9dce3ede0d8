package wire

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// stringsField is a list of strings.
func stringsField[M any](num protowire.Number, name string, at func(*M) *[]string) field[M] {
	return field[M]{
		num: num, name: name, kind: "string", wire: bytesWire,
		decode: func(d *decoder, m *M, _ *Extra, v value) *Error {
			*at(m) = append(*at(m), d.str(v.b))
			return nil
		},
		encode: func(e *encoder, m *M, _ uint64) {
			for _, s := range *at(m) {
				e.str(num, s)
			}
		},
	}
}

// bytesListField is a list of bytes, or of messages kept raw.
func bytesListField[M any](num protowire.Number, name string, at func(*M) *[][]byte) field[M] {
	return field[M]{
		num: num, name: name, kind: "bytes", wire: bytesWire,
		decode: func(_ *decoder, m *M, _ *Extra, v value) *Error {
			*at(m) = append(*at(m), v.b)
			return nil
		},
		encode: func(e *encoder, m *M, _ uint64) {
			for _, b := range *at(m) {
				e.bytes(num, b)
			}
		},
	}
}

// int64sField is a list of int64 that ONNX declares unpacked; readers take the
// packed form too.
func int64sField[M any](num protowire.Number, name string, at func(*M) *[]int64) field[M] {
	return field[M]{
		num: num, name: name, kind: "int64", wire: varintWire | bytesWire,
		decode: func(_ *decoder, m *M, _ *Extra, v value) *Error {
			list := at(m)
			if v.typ == protowire.VarintType {
				*list = append(*list, int64(v.u))
				return nil
			}
			if err := checkVarints(name, v); err != nil {
				return err
			}
			*list = appendVarints(grow(*list, countVarints(v.b)), v.b)
			return nil
		},
		encode: func(e *encoder, m *M, _ uint64) {
			for _, i := range *at(m) {
				e.tag(num, protowire.VarintType)
				e.varint(uint64(i))
			}
			e.flushIfFull()
		},
	}
}

// floatsField is a list of floats that ONNX declares unpacked; readers take the
// packed form too.
func floatsField[M any](num protowire.Number, name string, at func(*M) *[]float32) field[M] {
	return field[M]{
		num: num, name: name, kind: "float", wire: fixed32Wire | bytesWire,
		decode: func(_ *decoder, m *M, _ *Extra, v value) *Error {
			list := at(m)
			if v.typ == protowire.Fixed32Type {
				*list = append(*list, math.Float32frombits(uint32(v.u)))
				return nil
			}
			if err := checkFixed(name, v, 4); err != nil {
				return err
			}
			p := Fixed[float32](v.b)
			*list = grow(*list, p.Len())
			for i := range p.Len() {
				*list = append(*list, p.At(i))
			}
			return nil
		},
		encode: func(e *encoder, m *M, _ uint64) {
			for _, f := range *at(m) {
				e.tag(num, protowire.Fixed32Type)
				e.number(protowire.Fixed32Type, uint64(math.Float32bits(f)))
			}
			e.flushIfFull()
		},
	}
}

// fixedField is a packed list of floats; readers take the unpacked form too.
func fixedField[M any, T float32 | float64](num protowire.Number, name string, at func(*M) *Fixed[T]) field[M] {
	size, typ := fixedSize[T](), protowire.Fixed32Type
	if size == 8 {
		typ = protowire.Fixed64Type
	}
	return field[M]{
		num: num, name: name, kind: "packed float", wire: bytesWire | 1<<typ,
		decode: func(_ *decoder, m *M, _ *Extra, v value) *Error {
			p := at(m)
			if v.typ != protowire.BytesType {
				*p = append(*p, binary.LittleEndian.AppendUint64(nil, v.u)[:size]...)
				return nil
			}
			if err := checkFixed(name, v, size); err != nil {
				return err
			}
			*p = join(*p, v.b)
			return nil
		},
		encode: func(e *encoder, m *M, _ uint64) {
			if p := *at(m); len(p) > 0 {
				e.bytes(num, p)
			}
		},
	}
}

// varintsField is a packed list of integers; readers take the unpacked form too.
func varintsField[M any, T int32 | int64 | uint64](num protowire.Number, name string, at func(*M) *Varints[T]) field[M] {
	return field[M]{
		num: num, name: name, kind: "packed integer", wire: bytesWire | varintWire,
		decode: func(_ *decoder, m *M, _ *Extra, v value) *Error {
			p := at(m)
			if v.typ != protowire.BytesType {
				*p = protowire.AppendVarint(*p, v.u)
				return nil
			}
			if err := checkVarints(name, v); err != nil {
				return err
			}
			*p = join(*p, v.b)
			return nil
		},
		encode: func(e *encoder, m *M, _ uint64) {
			if p := *at(m); len(p) > 0 {
				e.bytes(num, p)
			}
		},
	}
}

func checkVarints(name string, v value) *Error {
	if i := badVarint(v.b); i >= 0 {
		return &Error{name, v.off + i, "packed integers: malformed varint"}
	}
	return nil
}

func checkFixed(name string, v value, size int) *Error {
	if len(v.b)%size != 0 {
		return &Error{name, v.off, "packed floats: the length is not a multiple of the element size"}
	}
	return nil
}

// grow makes room for n more at once, but at least doubles, so that many small
// packed pieces stay linear.
func grow[T any](list []T, n int) []T {
	if cap(list)-len(list) >= n {
		return list
	}
	return append(make([]T, 0, max(len(list)+n, 2*cap(list))), list...)
}

package wire

import (
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// message describes one protobuf message, stored in the Go struct M.
type message[M any] struct {
	extra  func(*M) *Extra
	fields []field[M] // by increasing number, the order of encoding
	index  [maxField + 1]uint8
}

// maxField bounds the field numbers, so that lookup is an index.
const maxField = 31

// field describes one field. Its functions are bound to the struct's field by
// the constructors below.
type field[M any] struct {
	num    protowire.Number
	name   string
	kind   string // for errors
	wire   uint8  // bit t is set if wire type t is accepted
	decode func(d *decoder, m *M, x *Extra, v value) *Error
	encode func(e *encoder, m *M, explicit uint64)
}

func (desc *message[M]) define(extra func(*M) *Extra, fields ...field[M]) {
	desc.extra, desc.fields = extra, fields
	for i, f := range fields {
		desc.index[f.num] = uint8(i + 1)
	}
}

func (desc *message[M]) lookup(num protowire.Number) *field[M] {
	if num > maxField || desc.index[num] == 0 {
		return nil
	}
	return &desc.fields[desc.index[num]-1]
}

const (
	varintWire  = 1 << protowire.VarintType
	fixed32Wire = 1 << protowire.Fixed32Type
	fixed64Wire = 1 << protowire.Fixed64Type
	bytesWire   = 1 << protowire.BytesType
)

func (x *Extra) setExplicit(num protowire.Number, on bool) {
	x.Explicit &^= 1 << num
	if on {
		x.Explicit |= 1 << num
	}
}

func isExplicit(explicit uint64, num protowire.Number) bool { return explicit>>num&1 != 0 }

// number is an optional number in wire type typ, converted from and to its bits.
func number[M, T any](num protowire.Number, name, kind string, typ protowire.Type,
	from func(uint64) T, to func(T) uint64, at func(*M) *T) field[M] {
	return field[M]{
		num: num, name: name, kind: kind, wire: 1 << typ,
		decode: func(_ *decoder, m *M, x *Extra, v value) *Error {
			n := from(v.u)
			x.setExplicit(num, to(n) == 0)
			*at(m) = n
			return nil
		},
		encode: func(e *encoder, m *M, explicit uint64) {
			if u := to(*at(m)); u != 0 || isExplicit(explicit, num) {
				e.tag(num, typ)
				e.number(typ, u)
			}
		},
	}
}

func int64From(u uint64) int64 { return int64(u) }
func int64To(i int64) uint64   { return uint64(i) }

// int64Field is an optional int64.
func int64Field[M any](num protowire.Number, name string, at func(*M) *int64) field[M] {
	return number(num, name, "int64", protowire.VarintType, int64From, int64To, at)
}

// int32Field is an optional int32 or enum. Protobuf keeps the low 32 bits on
// reading and sign-extends on writing.
func int32Field[M any, T ~int32](num protowire.Number, name string, at func(*M) *T) field[M] {
	from := func(u uint64) T { return T(int32(u)) }
	to := func(i T) uint64 { return uint64(int64(i)) }
	return number(num, name, "int32", protowire.VarintType, from, to, at)
}

// floatField is an optional float.
func floatField[M any](num protowire.Number, name string, at func(*M) *float32) field[M] {
	from := func(u uint64) float32 { return math.Float32frombits(uint32(u)) }
	to := func(f float32) uint64 { return uint64(math.Float32bits(f)) }
	return number(num, name, "float", protowire.Fixed32Type, from, to, at)
}

// stringField is an optional string.
func stringField[M any](num protowire.Number, name string, at func(*M) *string) field[M] {
	return field[M]{
		num: num, name: name, kind: "string", wire: bytesWire,
		decode: func(d *decoder, m *M, x *Extra, v value) *Error {
			x.setExplicit(num, len(v.b) == 0)
			*at(m) = d.str(v.b)
			return nil
		},
		encode: func(e *encoder, m *M, explicit uint64) {
			if s := *at(m); s != "" || isExplicit(explicit, num) {
				e.str(num, s)
			}
		},
	}
}

// bytesField is optional bytes; nil is absent.
func bytesField[M any](num protowire.Number, name string, at func(*M) *[]byte) field[M] {
	return field[M]{
		num: num, name: name, kind: "bytes", wire: bytesWire,
		decode: func(_ *decoder, m *M, _ *Extra, v value) *Error {
			*at(m) = v.b
			return nil
		},
		encode: func(e *encoder, m *M, explicit uint64) {
			if b := *at(m); b != nil || isExplicit(explicit, num) {
				e.bytes(num, b)
			}
		},
	}
}

// writtenIf writes f even at its default if the condition holds.
func writtenIf[M any](cond func(*M) bool, f field[M]) field[M] {
	encode := f.encode
	f.encode = func(e *encoder, m *M, explicit uint64) {
		if cond(m) {
			explicit |= 1 << f.num
		}
		encode(e, m, explicit)
	}
	return f
}

// messageField is an optional message; nil is absent.
func messageField[M, S any](num protowire.Number, name string, desc *message[S], at func(*M) **S) field[M] {
	return field[M]{
		num: num, name: name, kind: "message", wire: bytesWire,
		decode: func(d *decoder, m *M, _ *Extra, v value) *Error {
			p := at(m)
			if *p == nil {
				*p = new(S)
			}
			if err := decodeInto(d, desc, *p, v.b, v.off); err != nil {
				return err.in(name)
			}
			return nil
		},
		encode: func(e *encoder, m *M, _ uint64) {
			if s := *at(m); s != nil {
				encodeNested(e, num, desc, s)
			}
		},
	}
}

// messagesField is a list of messages.
func messagesField[M, S any](num protowire.Number, name string, desc *message[S], at func(*M) *[]*S) field[M] {
	return field[M]{
		num: num, name: name, kind: "message", wire: bytesWire,
		decode: func(d *decoder, m *M, _ *Extra, v value) *Error {
			s, list := new(S), at(m)
			if err := decodeInto(d, desc, s, v.b, v.off); err != nil {
				return err.in(name + "[" + strconv.Itoa(len(*list)) + "]")
			}
			*list = append(*list, s)
			return nil
		},
		encode: func(e *encoder, m *M, _ uint64) {
			for _, s := range *at(m) {
				encodeNested(e, num, desc, s)
			}
		},
	}
}

package wire

import "google.golang.org/protobuf/encoding/protowire"

// typeMember is a member of Type's oneof: reading one clears the others, and
// merges with itself, as in protobuf.
func typeMember[S any](num protowire.Number, name string, desc *message[S], at func(*Type) **S) field[Type] {
	f := messageField(num, name, desc, at)
	decode := f.decode
	f.decode = func(d *decoder, t *Type, x *Extra, v value) *Error {
		kept := *at(t)
		t.Tensor, t.Sequence, t.Map, t.Opaque, t.SparseTensor, t.Optional = nil, nil, nil, nil, nil, nil
		*at(t) = kept
		return decode(d, t, x, v)
	}
	return f
}

// dimMember is a member of Dim's oneof, which Kind names; the zero value and the
// empty name count as present.
func dimMember(kind DimKind, f field[Dim]) field[Dim] {
	decode, encode := f.decode, f.encode
	f.decode = func(d *decoder, dim *Dim, _ *Extra, v value) *Error {
		dim.Kind, dim.Value, dim.Param = kind, 0, ""
		return decode(d, dim, new(Extra), v)
	}
	f.encode = func(e *encoder, dim *Dim, _ uint64) {
		if dim.Kind == kind {
			encode(e, dim, 1<<f.num)
		}
	}
	return f
}

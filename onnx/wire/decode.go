package wire

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// MaxDepth is how deeply messages may be nested. It is the default of
// protobuf's C++ and Python readers, so no tool writes deeper files; a subgraph
// costs three levels (graph, node, attribute).
const MaxDepth = 100

// MaxMessages is how many messages an input may hold. An empty message takes
// two bytes in a file and some hundreds in memory, so without a limit a small
// hostile file would exhaust memory. The largest real graphs, a hundred thousand
// nodes with some twenty messages each (attributes, types, dims, metadata), stay
// at half of it.
const MaxMessages = 4 << 20

// Decode reads a ModelProto, the content of a .onnx file. The result aliases b
// (see the package documentation). An error is an [*Error].
func Decode(b []byte) (*Model, error) { return decode(&modelMessage, b) }

// DecodeTensor reads a TensorProto, as in an input_0.pb file.
func DecodeTensor(b []byte) (*Tensor, error) { return decode(&tensorMessage, b) }

// DecodeNode reads a NodeProto.
func DecodeNode(b []byte) (*Node, error) { return decode(&nodeMessage, b) }

// DecodeSparseTensor reads a SparseTensorProto.
func DecodeSparseTensor(b []byte) (*SparseTensor, error) { return decode(&sparseTensorMessage, b) }

// DecodeSequence reads a SequenceProto.
func DecodeSequence(b []byte) (*Sequence, error) { return decode(&sequenceMessage, b) }

// DecodeMap reads a MapProto.
func DecodeMap(b []byte) (*Map, error) { return decode(&mapMessage, b) }

// DecodeOptional reads an OptionalProto.
func DecodeOptional(b []byte) (*Optional, error) { return decode(&optionalMessage, b) }

// DecodeType reads a TypeProto.
func DecodeType(b []byte) (*Type, error) { return decode(&typeMessage, b) }

func decode[M any](desc *message[M], b []byte) (*M, error) {
	return decodeWithin(MaxMessages, desc, b)
}

func decodeWithin[M any](messages int, desc *message[M], b []byte) (*M, error) {
	d := decoder{depthLeft: MaxDepth, messagesLeft: messages, names: map[string]string{}}
	m := new(M)
	if err := decodeInto(&d, desc, m, b, 0); err != nil {
		return nil, err
	}
	return m, nil
}

type decoder struct {
	depthLeft    int
	messagesLeft int
	names        map[string]string
}

// value is the value of one field: u for numbers, b for bytes. off is the
// offset in the input, of b itself for bytes.
type value struct {
	typ protowire.Type
	u   uint64
	b   []byte
	off int
}

// decodeInto merges the message in b, which starts at offset base of the
// input, into m. As in protobuf, the last of a singular field's values wins and
// messages merge.
func decodeInto[M any](d *decoder, desc *message[M], m *M, b []byte, base int) *Error {
	if d.depthLeft == 0 {
		return &Error{Offset: base, Msg: fmt.Sprintf("messages are nested more than %d deep", MaxDepth)}
	}
	if d.messagesLeft == 0 {
		return &Error{Offset: base, Msg: "too many messages"}
	}
	d.messagesLeft--
	d.depthLeft--
	extra := desc.extra(m)
	for pos := 0; pos < len(b); {
		n, err := decodeField(d, desc, m, extra, b[pos:], base+pos)
		if err != nil {
			return err
		}
		pos += n
	}
	d.depthLeft++
	return nil
}

// decodeField reads the field at the start of b and gives its length.
func decodeField[M any](d *decoder, desc *message[M], m *M, extra *Extra, b []byte, base int) (int, *Error) {
	num, typ, tag := protowire.ConsumeTag(b)
	if tag < 0 {
		return 0, malformed("field tag", tag, base)
	}
	f := desc.lookup(num)
	if f == nil {
		n := protowire.ConsumeFieldValue(num, typ, b[tag:])
		if n < 0 {
			return 0, malformed(fmt.Sprintf("field %d", num), n, base)
		}
		extra.Unknown = join(extra.Unknown, b[:tag+n:tag+n])
		return tag + n, nil
	}
	if f.wire&(1<<typ) == 0 {
		return 0, &Error{f.name, base, fmt.Sprintf("field %d has wire type %d, which a %s can't have", num, typ, f.kind)}
	}
	v, n := consume(typ, b[tag:], base+tag)
	if n < 0 {
		return 0, malformed(f.kind, n, base).in(f.name)
	}
	return tag + n, f.decode(d, m, extra, v)
}

func consume(typ protowire.Type, b []byte, off int) (v value, n int) {
	v.typ, v.off = typ, off
	switch typ {
	case protowire.VarintType:
		v.u, n = protowire.ConsumeVarint(b)
	case protowire.Fixed32Type:
		var u uint32
		u, n = protowire.ConsumeFixed32(b)
		v.u = uint64(u)
	case protowire.Fixed64Type:
		v.u, n = protowire.ConsumeFixed64(b)
	case protowire.BytesType:
		v.b, n = protowire.ConsumeBytes(b)
		v.b = v.b[:len(v.b):len(v.b)]
		v.off += n - len(v.b)
	default:
		panic("BUG: no field accepts this wire type")
	}
	return v, n
}

func malformed(what string, code, off int) *Error {
	return &Error{Offset: off, Msg: what + ": " + protowire.ParseError(code).Error()}
}

// join aliases the first piece and copies only if there are more.
func join[B ~[]byte](list B, piece []byte) B {
	if len(list) == 0 && len(piece) > 0 {
		return piece
	}
	return append(list, piece...)
}

// str copies b into a string. Short strings are shared: a value's name appears
// at its producer and at each of its uses.
func (d *decoder) str(b []byte) string {
	const maxShared = 128
	if len(b) > maxShared {
		return string(b)
	}
	if s, ok := d.names[string(b)]; ok {
		return s
	}
	s := string(b)
	d.names[s] = s
	return s
}

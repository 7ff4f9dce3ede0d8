package wire

import (
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// MaxSize is the largest message, in bytes, that protobuf readers accept.
const MaxSize = math.MaxInt32

// Encode gives the wire form of m: fields in the order of their numbers, then
// the unknown ones; equal messages give equal bytes. The error is a
// [*SizeError].
func Encode(m *Model) ([]byte, error) { return encode(&modelMessage, m) }

// EncodeTo writes the wire form of m to w, without holding a second copy of the
// weights. If it is too large ([*SizeError]), nothing is written.
func EncodeTo(w io.Writer, m *Model) error {
	e, _, err := measure(&modelMessage, m)
	if err != nil {
		return err
	}
	e.w = w
	e.buf = make([]byte, 0, bufferSize)
	encodeFields(e, &modelMessage, m)
	e.flush()
	return e.err
}

// Size gives the number of bytes that m takes on the wire, even above [MaxSize].
func Size(m *Model) int64 {
	var e encoder
	encodeFields(&e, &modelMessage, m)
	return int64(e.n)
}

// EncodeTensor gives the wire form of m, as in an input_0.pb file.
func EncodeTensor(m *Tensor) ([]byte, error) { return encode(&tensorMessage, m) }

// EncodeNode gives the wire form of m.
func EncodeNode(m *Node) ([]byte, error) { return encode(&nodeMessage, m) }

// EncodeFunction gives the wire form of m.
func EncodeFunction(m *Function) ([]byte, error) { return encode(&functionMessage, m) }

// EncodeSparseTensor gives the wire form of m.
func EncodeSparseTensor(m *SparseTensor) ([]byte, error) { return encode(&sparseTensorMessage, m) }

// EncodeSequence gives the wire form of m.
func EncodeSequence(m *Sequence) ([]byte, error) { return encode(&sequenceMessage, m) }

// EncodeMap gives the wire form of m.
func EncodeMap(m *Map) ([]byte, error) { return encode(&mapMessage, m) }

// EncodeOptional gives the wire form of m.
func EncodeOptional(m *Optional) ([]byte, error) { return encode(&optionalMessage, m) }

// EncodeType gives the wire form of m.
func EncodeType(m *Type) ([]byte, error) { return encode(&typeMessage, m) }

func encode[M any](desc *message[M], m *M) ([]byte, error) {
	e, size, err := measure(desc, m)
	if err != nil {
		return nil, err
	}
	e.buf = make([]byte, 0, size)
	encodeFields(e, desc, m)
	return e.buf, nil
}

// measure runs the encoder for the sizes alone and makes it ready to write.
func measure[M any](desc *message[M], m *M) (*encoder, int, error) {
	e := new(encoder)
	encodeFields(e, desc, m)
	if e.n > MaxSize {
		return nil, 0, &SizeError{int64(e.n)}
	}
	e.writing = true
	return e, e.n, nil
}

// bufferSize is how much is gathered before a write; longer payloads are
// written from where they lie.
const bufferSize = 64 << 10

// encoder runs twice over a message. The first run counts, and records the size
// of every nested message in the order of visiting; the second writes, and takes
// the sizes, which precede the messages on the wire, in that same order. So the
// cost stays linear in the depth.
type encoder struct {
	writing bool
	n       int   // first run: bytes so far
	sizes   []int // of nested messages, in the order of visiting
	next    int   // second run: the next of sizes

	buf []byte
	w   io.Writer // nil: everything goes to buf
	err error     // the first of w
}

func encodeFields[M any](e *encoder, desc *message[M], m *M) {
	extra := desc.extra(m)
	for i := range desc.fields {
		desc.fields[i].encode(e, m, extra.Explicit)
	}
	e.payload(extra.Unknown)
}

// encodeNested writes m as field num; nil stands for an empty message.
func encodeNested[M any](e *encoder, num protowire.Number, desc *message[M], m *M) {
	if m == nil {
		e.bytes(num, nil)
		return
	}
	e.tag(num, protowire.BytesType)
	if e.writing {
		e.varint(uint64(e.sizes[e.next]))
		e.next++
		encodeFields(e, desc, m)
		return
	}
	slot, start := len(e.sizes), e.n
	e.sizes = append(e.sizes, 0)
	encodeFields(e, desc, m)
	e.sizes[slot] = e.n - start
	e.varint(uint64(e.n - start))
}

func (e *encoder) tag(num protowire.Number, typ protowire.Type) {
	e.varint(protowire.EncodeTag(num, typ))
}

func (e *encoder) varint(u uint64) {
	if !e.writing {
		e.n += protowire.SizeVarint(u)
		return
	}
	e.buf = protowire.AppendVarint(e.buf, u)
}

// number writes a number in the wire type given.
func (e *encoder) number(typ protowire.Type, u uint64) {
	switch {
	case typ == protowire.VarintType:
		e.varint(u)
	case !e.writing:
		e.n += protowire.SizeFixed32()
	default:
		e.buf = protowire.AppendFixed32(e.buf, uint32(u))
	}
}

func (e *encoder) bytes(num protowire.Number, p []byte) {
	e.tag(num, protowire.BytesType)
	e.varint(uint64(len(p)))
	e.payload(p)
}

func (e *encoder) str(num protowire.Number, s string) {
	e.tag(num, protowire.BytesType)
	e.varint(uint64(len(s)))
	if !e.writing {
		e.n += len(s)
		return
	}
	e.buf = append(e.buf, s...)
	e.flushIfFull()
}

func (e *encoder) payload(p []byte) {
	switch {
	case !e.writing:
		e.n += len(p)
	case e.w != nil && len(p) >= bufferSize:
		e.flush()
		e.write(p)
	default:
		e.buf = append(e.buf, p...)
		e.flushIfFull()
	}
}

func (e *encoder) flushIfFull() {
	if e.w != nil && len(e.buf) >= bufferSize {
		e.flush()
	}
}

func (e *encoder) flush() {
	e.write(e.buf)
	e.buf = e.buf[:0]
}

func (e *encoder) write(p []byte) {
	if e.err != nil || len(p) == 0 {
		return
	}
	n, err := e.w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	e.err = err
}

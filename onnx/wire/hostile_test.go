package wire

import (
	"bytes"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
)

// fieldOf gives field num with the payload b.
func fieldOf(num protowire.Number, b ...byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), b)
}

// nested wraps an empty message n times in the given fields, outermost first.
func nested(n int, nums ...protowire.Number) []byte {
	var b []byte
	for i := n - 1; i >= 0; i-- {
		b = fieldOf(nums[i%len(nums)], b...)
	}
	return b
}

// length gives the tag of field num and a length that nothing follows.
func length(num protowire.Number, n uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.BytesType), n)
}

func TestHostileModels(t *testing.T) {
	for _, c := range []struct {
		name   string
		in     []byte
		path   string
		offset int
		msg    string // a part of it
	}{
		{"no tag", []byte{0x80}, "", 0, "unexpected EOF"},
		{"field number zero", []byte{0x00, 0x01}, "", 0, "field number"},
		{"end of no group", []byte{0x0c}, "ir_version", 0, "wire type 4"},
		{"end of no unknown group", []byte{0xf4, 0x01}, "", 0, "end group"},
		{"varint of eleven bytes", append([]byte{0x08}, bytes.Repeat([]byte{0xff}, 11)...), "ir_version", 0, "overflow"},
		{"graph is a number", []byte{0x38, 0x01}, "graph", 0, "wire type 0"},
		{"version is bytes", []byte{0x0a, 0x00}, "ir_version", 0, "wire type 2"},
		{"huge graph", length(7, math.MaxUint64), "graph", 0, "unexpected EOF"},
		{"graph of 4 GiB", length(7, 1<<32), "graph", 0, "unexpected EOF"},
		{"huge unknown field", length(100, 1<<40), "", 0, "unexpected EOF"},
		{"unknown group that doesn't end", []byte{0xf3, 0x01, 0x08, 0x01}, "", 0, "unexpected EOF"},
		{
			"second node's tensor of huge weights",
			fieldOf(7, append(fieldOf(1), fieldOf(1, fieldOf(5, fieldOf(5, length(9, 1<<50)...)...)...)...)...),
			"graph.node[1].attribute[0].t.raw_data", 10, "unexpected EOF",
		},
		{
			"packed floats of five bytes",
			fieldOf(7, fieldOf(5, fieldOf(4, 1, 2, 3, 4, 5)...)...),
			"graph.initializer[0].float_data", 6, "multiple",
		},
		{
			"packed integers that end within one",
			fieldOf(7, fieldOf(5, fieldOf(7, 1, 0x80)...)...),
			"graph.initializer[0].int64_data", 7, "malformed varint",
		},
		{
			"packed ints of an attribute that end within one",
			fieldOf(7, fieldOf(1, fieldOf(5, fieldOf(8, 0xff)...)...)...),
			"graph.node[0].attribute[0].ints", 8, "malformed varint",
		},
		{"subgraphs in subgraphs", fieldOf(7, nested(6000, 1, 5, 6)...), strings.Repeat("graph.node[0].attribute[0].g", 0), -1, "nested"},
		{"types in types", fieldOf(7, fieldOf(11, fieldOf(2, nested(3000, 4, 1)...)...)...), "", -1, "nested"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode(c.in)
			e, ok := err.(*Error)
			if !ok {
				t.Fatalf("error is %v, want an *Error", err)
			}
			if !strings.Contains(e.Error(), c.msg) {
				t.Errorf("error is %q, want one with %q", e, c.msg)
			}
			if c.offset >= 0 && (e.Offset != c.offset || e.Path != c.path) {
				t.Errorf("error is at %q, byte %d, want %q, byte %d", e.Path, e.Offset, c.path, c.offset)
			}
		})
	}
}

func TestDepthLimit(t *testing.T) {
	// The outermost message is the first level.
	if _, err := DecodeType(nested(MaxDepth-1, 4, 1)); err != nil {
		t.Errorf("%d levels: %v", MaxDepth, err)
	}
	_, err := DecodeType(nested(MaxDepth, 4, 1))
	e, ok := err.(*Error)
	if !ok || !strings.HasPrefix(e.Path, "sequence_type.elem_type.sequence_type") || e.Offset != len(nested(MaxDepth, 4, 1)) {
		t.Errorf("%d levels: error %v, want one at the innermost message", MaxDepth+1, err)
	}
	// Depth counts the nesting, not the messages.
	if _, err := DecodeSequence(bytes.Repeat(fieldOf(3), 3*MaxDepth)); err != nil {
		t.Errorf("messages beside each other: %v", err)
	}
}

func TestMessageLimit(t *testing.T) {
	b := bytes.Repeat(fieldOf(3), 9)
	if _, err := decodeWithin(10, &sequenceMessage, b); err != nil {
		t.Errorf("ten messages: %v", err)
	}
	_, err := decodeWithin(9, &sequenceMessage, b)
	want := &Error{Path: "tensor_values[8]", Offset: 18, Msg: "too many messages"}
	if diff := cmp.Diff(want, err); diff != "" {
		t.Errorf("limit of nine (-want +got):\n%s", diff)
	}
}

// TestNoAllocationForClaims decodes lengths without content behind them.
func TestNoAllocationForClaims(t *testing.T) {
	const tries = 1000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for num := range protowire.Number(maxField) {
		for range tries {
			if _, err := DecodeTensor(length(num+1, 1<<31)); err == nil {
				t.Fatalf("field %d of 2 GiB is accepted", num+1)
			}
		}
	}
	runtime.ReadMemStats(&after)
	// A decoder, a Tensor and an Error take about 1 KiB.
	if per := (after.TotalAlloc - before.TotalAlloc) / (tries * maxField); per > 4096 {
		t.Errorf("a claim of 2 GiB costs %d bytes", per)
	}
}

// TestManyPieces gives packed fields in thousands of pieces, which must not cost
// quadratic time.
func TestManyPieces(t *testing.T) {
	const n = 200_000
	floats, err := DecodeTensor(bytes.Repeat(fieldOf(4, 0, 0, 128, 63), n))
	if err != nil || floats.FloatData.Len() != n || floats.FloatData.At(n-1) != 1 {
		t.Errorf("%d floats, error %v", floats.FloatData.Len(), err)
	}
	ints, err := DecodeTensor(bytes.Repeat(fieldOf(1, 5), n))
	if err != nil || len(ints.Dims) != n {
		t.Errorf("%d dims, error %v", len(ints.Dims), err)
	}
	unknown, err := DecodeTensor(bytes.Repeat(fieldOf(99, 5), n))
	if err != nil || len(unknown.Unknown) != 4*n {
		t.Errorf("%d unknown bytes, error %v", len(unknown.Unknown), err)
	}
}

// TestAliasesAreCapped checks that appending to a decoded field leaves the input
// alone, which may be a read-only map.
func TestAliasesAreCapped(t *testing.T) {
	in := bytes.Join([][]byte{
		fieldOf(9, 1, 2, 3), fieldOf(7, 4), fieldOf(7, 5), fieldOf(6, 6), fieldOf(99, 7), fieldOf(98, 8),
	}, nil)
	kept := bytes.Clone(in)
	m, err := DecodeTensor(in)
	if err != nil {
		t.Fatal(err)
	}
	if &m.RawData[0] != &in[2] {
		t.Error("raw_data is a copy")
	}
	for _, b := range [][]byte{m.RawData, m.Int64Data, m.StringData[0], m.Unknown} {
		_ = append(b, 0xff)
	}
	if !bytes.Equal(in, kept) {
		t.Errorf("the input is %x now, was %x", in, kept)
	}
	if diff := cmp.Diff([]int64{4, 5}, m.Int64Data.Values()); diff != "" {
		t.Error(diff)
	}
}

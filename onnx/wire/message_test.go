package wire_test

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/parallax-go/parallax/onnx/wire"
)

// full fills every field of a message, recursively to the given depth, with
// values that differ.
func full(v reflect.Value, depth int, next *int64) {
	*next++
	switch p := v.Addr().Interface().(type) {
	case *wire.Extra:
		return
	case *wire.Fixed[float32]:
		*p = wire.PackFixed([]float32{float32(*next), -0.5})
		return
	case *wire.Fixed[float64]:
		*p = wire.PackFixed([]float64{float64(*next), -0.5})
		return
	case *wire.Varints[int32]:
		*p = wire.PackVarints([]int32{int32(*next), -1})
		return
	case *wire.Varints[int64]:
		*p = wire.PackVarints([]int64{*next, math.MinInt64})
		return
	case *wire.Varints[uint64]:
		*p = wire.PackVarints([]uint64{uint64(*next), math.MaxUint64})
		return
	case *[]byte:
		*p = protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), uint64(*next))
		return
	case *wire.Dim:
		*p = wire.Dim{Kind: wire.DimValue, Value: *next, Denotation: "d"}
		return
	case *wire.Type:
		fullType(p, depth, next)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if depth > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			full(v.Elem(), depth-1, next)
		}
	case reflect.Slice:
		if depth > 0 || v.Type().Elem().Kind() != reflect.Pointer {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			full(v.Index(0), depth, next)
			full(v.Index(1), depth, next)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			full(v.Field(i), depth, next)
		}
	case reflect.String:
		v.SetString(string(rune('a'+*next%26)) + "µ")
	case reflect.Int32, reflect.Int64:
		v.SetInt(*next%13 + 1)
	case reflect.Float32:
		v.SetFloat(float64(*next))
	default:
		panic("a field of an unexpected kind: " + v.Type().String())
	}
}

// fullType sets one member of the oneof, in turn.
func fullType(t *wire.Type, depth int, next *int64) {
	t.Denotation = "t"
	members := reflect.ValueOf(t).Elem()
	var pointers []reflect.Value
	for i := range members.NumField() {
		if f := members.Field(i); f.Kind() == reflect.Pointer {
			pointers = append(pointers, f)
		}
	}
	full(pointers[int(*next)%len(pointers)], depth, next)
}

// TestEveryField checks that no field of any message is lost: the tables
// mention each, once, under a number of its own.
func TestEveryField(t *testing.T) {
	var next int64
	model := new(wire.Model)
	full(reflect.ValueOf(model).Elem(), 4, &next)
	checkFull(t, model, wire.Decode, wire.Encode)
	sequence := new(wire.Sequence)
	full(reflect.ValueOf(sequence).Elem(), 3, &next)
	checkFull(t, sequence, wire.DecodeSequence, wire.EncodeSequence)
	optional := new(wire.Optional)
	full(reflect.ValueOf(optional).Elem(), 3, &next)
	checkFull(t, optional, wire.DecodeOptional, wire.EncodeOptional)
	mapping := new(wire.Map)
	full(reflect.ValueOf(mapping).Elem(), 3, &next)
	checkFull(t, mapping, wire.DecodeMap, wire.EncodeMap)
	sparse := new(wire.SparseTensor)
	full(reflect.ValueOf(sparse).Elem(), 3, &next)
	checkFull(t, sparse, wire.DecodeSparseTensor, wire.EncodeSparseTensor)
	for range 12 { // each member of the oneof
		typ := new(wire.Type)
		full(reflect.ValueOf(typ).Elem(), 5, &next)
		checkFull(t, typ, wire.DecodeType, wire.EncodeType)
		next++
	}
}

func checkFull[M any](t *testing.T, m *M, decode func([]byte) (*M, error), encode func(*M) ([]byte, error)) {
	t.Helper()
	b, err := encode(m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(b)
	if err != nil {
		t.Fatal(err)
	}
	// A list that holds nothing has no form of its own on the wire.
	if diff := cmp.Diff(m, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%T (-encoded +decoded):\n%s", m, diff)
	}
}

func TestEncoding(t *testing.T) {
	dim := func(d wire.Dim) *wire.Type {
		return &wire.Type{Tensor: &wire.TensorType{Shape: &wire.TensorShape{Dim: []*wire.Dim{&d}}}}
	}
	for _, c := range []struct {
		name string
		m    *wire.Type
		want []byte
		why  string
	}{
		{"nothing", &wire.Type{}, []byte{}, "absent fields take no bytes"},
		{"float scalar", &wire.Type{Tensor: &wire.TensorType{ElemType: wire.Float, Shape: &wire.TensorShape{}}}, []byte{0x0a, 4, 8, 1, 0x12, 0}, "an empty shape is a scalar's and differs from none"},
		{"no shape", &wire.Type{Tensor: &wire.TensorType{ElemType: wire.Float}}, []byte{0x0a, 2, 8, 1}, ""},
		{"dim absent", dim(wire.Dim{Value: 3, Param: "n"}), []byte{0x0a, 4, 0x12, 2, 0x0a, 0}, "Kind decides"},
		{"dim zero", dim(wire.Dim{Kind: wire.DimValue}), []byte{0x0a, 6, 0x12, 4, 0x0a, 2, 8, 0}, "a member of a oneof is written at its default"},
		{"dim of minus one", dim(wire.Dim{Kind: wire.DimValue, Value: -1}), []byte{0x0a, 15, 0x12, 13, 0x0a, 11, 8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}, ""},
		{"dim named", dim(wire.Dim{Kind: wire.DimParam, Param: "n"}), []byte{0x0a, 7, 0x12, 5, 0x0a, 3, 0x12, 1, 'n'}, ""},
		{"dim named emptily", dim(wire.Dim{Kind: wire.DimParam}), []byte{0x0a, 6, 0x12, 4, 0x0a, 2, 0x12, 0}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := wire.EncodeType(c.m)
			if err != nil || !bytes.Equal(b, c.want) {
				t.Errorf("encoded as %x, want %x (%s), error %v", b, c.want, c.why, err)
			}
			checkStable(t, b, wire.DecodeType, wire.EncodeType)
		})
	}
}

// TestAttributeZero checks that values which are zero are written: onnx's own
// checker counts the fields present.
func TestAttributeZero(t *testing.T) {
	for _, c := range []struct {
		a    wire.Attribute
		want []byte
	}{
		{wire.Attribute{Type: wire.AttributeInt}, []byte{0x18, 0, 0xa0, 1, 2}},
		{wire.Attribute{Type: wire.AttributeFloat}, []byte{0x15, 0, 0, 0, 0, 0xa0, 1, 1}},
		{wire.Attribute{Type: wire.AttributeString}, []byte{0x22, 0, 0xa0, 1, 3}},
		{wire.Attribute{Type: wire.AttributeInts}, []byte{0xa0, 1, 7}},
		{wire.Attribute{Type: wire.AttributeInt, RefAttrName: "x"}, []byte{0xa0, 1, 2, 0xaa, 1, 1, 'x'}},
	} {
		b, err := wire.Encode(&wire.Model{Graph: &wire.Graph{Node: []*wire.Node{{Attribute: []*wire.Attribute{&c.a}}}}})
		if err != nil || !bytes.HasSuffix(b, c.want) || len(b) != len(c.want)+6 {
			t.Errorf("%v: encoded as %x, want …%x, error %v", c.a.Type, b, c.want, err)
		}
	}
}

// TestDecoding covers what protobuf allows and no exporter of the fixtures does.
func TestDecoding(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []byte
		want *wire.Tensor
	}{
		{"packed dims", []byte{0x0a, 3, 2, 0xac, 2}, &wire.Tensor{Dims: []int64{2, 300}}},
		{"dims packed and not", []byte{0x0a, 1, 2, 0x08, 3}, &wire.Tensor{Dims: []int64{2, 3}}},
		{"last type wins", []byte{0x10, 1, 0x10, 7}, &wire.Tensor{DataType: wire.Int64}},
		{"a type set back to zero", []byte{0x10, 1, 0x10, 0}, &wire.Tensor{Extra: wire.Extra{Explicit: 1 << 2}}},
		{"a type set from zero", []byte{0x10, 0, 0x10, 1}, &wire.Tensor{DataType: wire.Float}},
		{"segments merge", []byte{0x1a, 2, 8, 1, 0x1a, 2, 16, 2}, &wire.Tensor{Segment: &wire.Segment{Begin: 1, End: 2}}},
		{"floats not packed", []byte{0x25, 0, 0, 128, 63, 0x25, 0, 0, 0, 64}, &wire.Tensor{FloatData: wire.PackFixed([]float32{1, 2})}},
		{"doubles not packed", []byte{0x51, 0, 0, 0, 0, 0, 0, 240, 63}, &wire.Tensor{DoubleData: wire.PackFixed([]float64{1})}},
		{"integers not packed", []byte{0x28, 1, 0x28, 0xac, 2}, &wire.Tensor{Int32Data: wire.PackVarints([]int32{1, 300})}},
		{"empty packed list", []byte{0x22, 0, 0x2a, 0, 0x0a, 0}, &wire.Tensor{}},
		{"empty raw data", []byte{0x4a, 0}, &wire.Tensor{RawData: []byte{}}},
		{"empty name", []byte{0x42, 0}, &wire.Tensor{Extra: wire.Extra{Explicit: 1 << 8}}},
		{"unknown fields", []byte{0x9a, 6, 1, 'x', 0x10, 1, 0x98, 6, 5}, &wire.Tensor{DataType: wire.Float, Extra: wire.Extra{Unknown: []byte{0x9a, 6, 1, 'x', 0x98, 6, 5}}}},
		{"unknown group", []byte{0x9b, 6, 8, 1, 0x9c, 6}, &wire.Tensor{Extra: wire.Extra{Unknown: []byte{0x9b, 6, 8, 1, 0x9c, 6}}}},
		{"unknown type", []byte{0x10, 99}, &wire.Tensor{DataType: 99}},
		{"negative type", []byte{0x10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}, &wire.Tensor{DataType: -1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := wire.DecodeTensor(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			checkStable(t, c.in, wire.DecodeTensor, wire.EncodeTensor)
		})
	}
}

func TestOneof(t *testing.T) {
	tensor, sequence, value, param := []byte{0x0a, 2, 8, 1}, []byte{0x22, 0}, []byte{8, 5}, []byte{0x12, 1, 'n'}
	typ, err := wire.DecodeType(bytes.Join([][]byte{tensor, sequence}, nil))
	if diff := cmp.Diff(&wire.Type{Sequence: &wire.ElemType{}}, typ); diff != "" || err != nil {
		t.Errorf("the last member wins (-want +got), error %v:\n%s", err, diff)
	}
	in := append([]byte{0x0a, 9, 0x12, 7, 0x0a, 5}, bytes.Join([][]byte{value, param}, nil)...)
	typ, err = wire.DecodeType(in)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]*wire.Dim{{Kind: wire.DimParam, Param: "n"}}, typ.Tensor.Shape.Dim); diff != "" {
		t.Errorf("the last member wins (-want +got):\n%s", diff)
	}
}

func TestPacked(t *testing.T) {
	floats := []float32{0, -0.5, float32(math.Inf(1)), math.MaxFloat32}
	if diff := cmp.Diff(floats, wire.PackFixed(floats).Values()); diff != "" {
		t.Error(diff)
	}
	doubles := []float64{0, -0.5, math.Inf(-1), math.SmallestNonzeroFloat64}
	if diff := cmp.Diff(doubles, wire.PackFixed(doubles).Values()); diff != "" {
		t.Error(diff)
	}
	ints := []int32{0, 1, -1, 127, 128, math.MaxInt32, math.MinInt32}
	if p := wire.PackVarints(ints); p.Len() != len(ints) || !cmp.Equal(ints, p.Values()) {
		t.Errorf("%d integers %v, want %v", p.Len(), p.Values(), ints)
	}
	uints := []uint64{0, 1 << 63, math.MaxUint64}
	if diff := cmp.Diff(uints, wire.PackVarints(uints).Values()); diff != "" {
		t.Error(diff)
	}
	if got := (wire.Varints[int64]{5, 0x80}).Values(); !cmp.Equal(got, []int64{5}) {
		t.Errorf("values before a malformed one are %v, want 5 alone", got)
	}
}

// large gives a model of the given number of tensors that share one MiB.
func large(tensors int) *wire.Model {
	g, raw := new(wire.Graph), make([]byte, 1<<20)
	for range tensors {
		g.Initializer = append(g.Initializer, &wire.Tensor{RawData: raw})
	}
	return &wire.Model{Graph: g}
}

func TestSizeLimit(t *testing.T) {
	m := large(2048)
	var tooLarge *wire.SizeError
	if _, err := wire.Encode(m); !errors.As(err, &tooLarge) || tooLarge.Size != wire.Size(m) || tooLarge.Size <= wire.MaxSize {
		t.Errorf("Encode: error %v, want a SizeError", err)
	}
	if err := wire.EncodeTo(writerFunc(func([]byte) (int, error) {
		t.Error("EncodeTo writes")
		return 0, nil
	}), m); !errors.As(err, &tooLarge) {
		t.Errorf("EncodeTo: error %v, want a SizeError", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestEncodeToStreams checks that weights reach the writer from where they lie
// and that little else is gathered.
func TestEncodeToStreams(t *testing.T) {
	m, direct, total := large(64), 0, 0
	raw := m.Graph.Initializer[0].RawData
	err := wire.EncodeTo(writerFunc(func(p []byte) (int, error) {
		total += len(p)
		if unsafe.SliceData(p) == unsafe.SliceData(raw) {
			direct++
		} else if len(p) > 256<<10 {
			t.Errorf("%d bytes are gathered", len(p))
		}
		return len(p), nil
	}), m)
	if err != nil || direct != 64 || int64(total) != wire.Size(m) {
		t.Errorf("%d of 64 tensors written from where they lie, %d bytes of %d, error %v", direct, total, wire.Size(m), err)
	}
}

func TestEncodeToStopsAtFirstError(t *testing.T) {
	calls, broken := 0, errors.New("disk full")
	err := wire.EncodeTo(writerFunc(func(p []byte) (int, error) {
		calls++
		return 0, broken
	}), large(8))
	if err != broken || calls != 1 {
		t.Errorf("error %v after %d writes, want %v after one", err, calls, broken)
	}
}

func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		wire.Int2.String():                "INT2",
		wire.BFloat16.String():            "BFLOAT16",
		wire.DataType(77).String():        "77",
		wire.AttributeTypeProtos.String(): "TYPE_PROTOS",
		wire.AttributeType(-1).String():   "-1",
		wire.LocationExternal.String():    "EXTERNAL",
		wire.ValueOptional.String():       "OPTIONAL",
	} {
		if got != want {
			t.Errorf("name is %q, want %q", got, want)
		}
	}
}

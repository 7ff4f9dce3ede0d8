package wire_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/onnx/wire"
)

const testdata = "../../tests/testdata"

// fixtures lists the files below testdata with the given extension.
func fixtures(t testing.TB, ext string) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(testdata, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == ext {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Fatalf("no %s files below %s", ext, testdata)
	}
	return paths
}

// fastBytes compares every field of bytes as a whole, Fixed and Varints too since
// they are assignable to []byte; cmp goes through them byte by byte, which takes
// seconds on weights.
var fastBytes = cmp.Comparer(func(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) })

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// roundTrip checks that decode → encode → decode gives an equal message, and
// that encoding gives the very bytes: the fixtures were written by protobuf,
// whose order of fields is ours.
func roundTrip[M any](t *testing.T, b []byte, decode func([]byte) (*M, error), encode func(*M) ([]byte, error)) {
	t.Helper()
	m, err := decode(b)
	if err != nil {
		t.Fatal(err)
	}
	again, err := encode(m)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, again) {
		t.Errorf("re-encoding differs from the file (%d and %d bytes)", len(again), len(b))
	}
	m2, err := decode(again)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, m2, fastBytes); diff != "" {
		t.Errorf("decode(encode(m)) differs (-first +second):\n%s", diff)
	}
}

func TestModelFixtures(t *testing.T) {
	for _, path := range fixtures(t, ".onnx") {
		t.Run(strings.TrimPrefix(filepath.ToSlash(path), testdata+"/"), func(t *testing.T) {
			b := readFile(t, path)
			roundTrip(t, b, wire.Decode, wire.Encode)
			m, err := wire.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			if m.Graph == nil || len(m.Graph.Node) == 0 || len(m.Graph.Output) == 0 || len(m.OpsetImport) == 0 {
				t.Errorf("the model has no graph, nodes, outputs or opsets: %d unknown bytes", len(m.Unknown))
			}
			var out bytes.Buffer
			if err := wire.EncodeTo(&out, m); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b, out.Bytes()) {
				t.Error("EncodeTo writes other bytes than Encode")
			}
			if n := wire.Size(m); n != int64(len(b)) {
				t.Errorf("Size is %d, want %d", n, len(b))
			}
		})
	}
}

func TestTensorFixtures(t *testing.T) {
	for _, path := range fixtures(t, ".pb") {
		b := readFile(t, path)
		roundTrip(t, b, wire.DecodeTensor, wire.EncodeTensor)
		if m, err := wire.DecodeTensor(b); err != nil || m.DataType == wire.Undefined || len(m.Unknown) > 0 {
			t.Errorf("%s: type %v, %d unknown bytes, error %v", path, m.DataType, len(m.Unknown), err)
		}
	}
}

// small are fixtures short enough to try something at each byte, among them a
// model with subgraphs.
var small = []string{
	"models/op_attention_3d_bool_mask/model.onnx",
	"models/softmax_opset11_axis3/model.onnx",
	"models/if_merged_decoder/model.onnx",
}

// TestTruncated cuts models at every byte: a prefix is a model or an *Error
// inside the input, and decoding ends.
func TestTruncated(t *testing.T) {
	for _, name := range small {
		whole, failed := readFile(t, filepath.Join(testdata, name)), 0
		for n := range whole {
			// The copy has no spare capacity, so a read behind the end panics.
			_, err := wire.Decode(bytes.Clone(whole[:n:n]))
			if err == nil {
				continue
			}
			failed++
			var e *wire.Error
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > n || e.Msg == "" {
				t.Fatalf("%s cut at %d: error %#v", name, n, err)
			}
		}
		if failed < len(whole)/2 {
			t.Errorf("%s: only %d of %d prefixes are refused", name, failed, len(whole))
		}
	}
}

// TestChangedBytes changes each byte of models to values that matter in the
// wire format.
func TestChangedBytes(t *testing.T) {
	for _, name := range small {
		b := readFile(t, filepath.Join(testdata, name))
		for i, old := range b {
			for _, c := range []byte{0, 0x7f, 0x80, 0xff, old ^ 1, old ^ 2, old ^ 8} {
				b[i] = c
				checkStable(t, b, wire.Decode, wire.Encode)
			}
			b[i] = old
		}
	}
}

// checkStable decodes any bytes: if they are a message, then its encoding is a
// fixed point of decode and encode.
func checkStable[M any](t *testing.T, b []byte, decode func([]byte) (*M, error), encode func(*M) ([]byte, error)) {
	t.Helper()
	m, err := decode(b)
	if err != nil {
		var e *wire.Error
		if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(b) {
			t.Fatalf("error %#v for %d bytes %x", err, len(b), b)
		}
		return
	}
	first, err := encode(m)
	if err != nil {
		t.Fatal(err)
	}
	m, err = decode(first)
	if err != nil {
		t.Fatalf("%x decodes, but its encoding %x does not: %v", b, first, err)
	}
	second, err := encode(m)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Fatalf("%x encodes first as %x, then as %x", b, first, second)
	}
}

func largest(t testing.TB, paths []string) string {
	return slices.MaxFunc(paths, func(a, b string) int {
		return len(readFile(t, a)) - len(readFile(t, b))
	})
}

func BenchmarkDecode(b *testing.B) {
	path := largest(b, fixtures(b, ".onnx"))
	data := readFile(b, path)
	b.Logf("%s", path)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	data := readFile(b, largest(b, fixtures(b, ".onnx")))
	m, err := wire.Decode(data)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.Encode(m); err != nil {
			b.Fatal(err)
		}
	}
}

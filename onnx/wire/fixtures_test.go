package wire_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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
	if diff := cmp.Diff(m, m2); diff != "" {
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

// TestTruncated cuts a real model at every byte: a prefix is a model or an
// *Error inside the input, and decoding ends.
func TestTruncated(t *testing.T) {
	path := smallest(t, fixtures(t, ".onnx"))
	whole := readFile(t, path)
	failed := 0
	for n := range whole {
		// The copy has no spare capacity, so a read behind the end panics.
		_, err := wire.Decode(bytes.Clone(whole[:n:n]))
		if err == nil {
			continue
		}
		failed++
		var e *wire.Error
		if !errors.As(err, &e) || e.Offset < 0 || e.Offset > n || e.Msg == "" {
			t.Fatalf("cut at %d: error %#v", n, err)
		}
	}
	if failed < len(whole)/2 {
		t.Errorf("%s: only %d of %d prefixes are refused", path, failed, len(whole))
	}
}

// TestFlippedBytes changes each byte of a real model to a few values that matter
// in the wire format.
func TestFlippedBytes(t *testing.T) {
	b := readFile(t, smallest(t, fixtures(t, ".onnx")))
	for i, old := range b {
		for _, c := range []byte{0, 0x7f, 0x80, 0xff, old ^ 1, old ^ 2} {
			b[i] = c
			m, err := wire.Decode(b)
			if err != nil {
				continue
			}
			if _, err := wire.Encode(m); err != nil {
				t.Fatalf("byte %d = %#x: %v", i, c, err)
			}
		}
		b[i] = old
	}
}

func smallest(t testing.TB, paths []string) string { return extreme(t, paths, -1) }
func largest(t testing.TB, paths []string) string  { return extreme(t, paths, 1) }

func extreme(t testing.TB, paths []string, sign int) string {
	best := paths[0]
	for _, path := range paths {
		if sign*len(readFile(t, path)) > sign*len(readFile(t, best)) {
			best = path
		}
	}
	return best
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

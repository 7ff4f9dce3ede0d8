package wire_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/parallax-go/parallax/onnx/wire"
)

func TestFile(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 10_000)
	path := filepath.Join(t.TempDir(), "m.onnx")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func(string) (*wire.File, error){"Open": wire.Open, "ReadFile": wire.ReadFile} {
		t.Run(name, func(t *testing.T) {
			f, err := open(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(f.Bytes(), content) {
				t.Fatal("the content differs")
			}
			if f.Mapped() && name == "ReadFile" || !f.Mapped() && name == "Open" && runtime.GOOS == "linux" {
				t.Errorf("mapped: %v", f.Mapped())
			}
			testRanges(t, f, content)
			b := f.Bytes()[100:200]
			if off, ok := f.Offset(b); !ok || off != 100 {
				t.Errorf("offset is %d, %v, want 100", off, ok)
			}
			if _, ok := f.Offset(bytes.Clone(b)); ok {
				t.Error("a copy is taken for a part of the file")
			}
			for range 2 {
				if err := f.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}
			if f.Bytes() != nil || f.Release(0, 4096) != nil {
				t.Error("a closed file has content")
			}
		})
	}
}

// testRanges releases and prefetches ranges, in and out of the file: the content
// stays.
func testRanges(t *testing.T, f *wire.File, content []byte) {
	t.Helper()
	for _, r := range [][2]int{{0, len(content)}, {1, 5000}, {4096, 4096}, {len(content) - 1, 1}, {len(content), 10}, {-5, 3}, {5, -3}, {1 << 40, 1}, {3, int(^uint(0) >> 1)}} {
		if err := f.Release(r[0], r[1]); err != nil {
			t.Errorf("Release%v: %v", r, err)
		}
		if err := f.Prefetch(r[0], r[1]); err != nil {
			t.Errorf("Prefetch%v: %v", r, err)
		}
	}
	if !bytes.Equal(f.Bytes(), content) {
		t.Error("the content differs after Release")
	}
}

func TestFileEmptyAndMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "empty.onnx")
	if _, err := wire.Open(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v, want fs.ErrNotExist", err)
	}
	if _, err := wire.ReadFile(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v, want fs.ErrNotExist", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := wire.Open(path)
	if err != nil || len(f.Bytes()) != 0 || f.Close() != nil {
		t.Errorf("an empty file gives error %v", err)
	}
	if _, err := wire.Open(filepath.Dir(path)); err == nil {
		t.Error("a directory is opened")
	}
}

// TestDecodeMapped checks that names outlive the map and that decoding a map
// needs no copy of the weights.
func TestDecodeMapped(t *testing.T) {
	path := filepath.Join("..", "..", "examples", "recall", "parallax-recall", "model.onnx")
	f, err := wire.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.Decode(f.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	aliased := 0
	for _, x := range m.Graph.Initializer {
		if _, ok := f.Offset(x.RawData); ok && len(x.RawData) > 0 {
			aliased += len(x.RawData)
		}
	}
	if aliased < 100_000 {
		t.Errorf("%d bytes of weights alias the file", aliased)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	length := 0
	for _, n := range m.Graph.Node {
		length += len(n.Name + n.OpType)
	}
	if length == 0 {
		t.Error("the nodes have no names")
	}
}

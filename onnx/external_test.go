package onnx_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

// floatBytes are 1, 2, 3 as little-endian f32.
var floatBytes = []byte(wire.PackFixed([]float32{1, 2, 3}))

func TestExternalData(t *testing.T) {
	folder := t.TempDir()
	outside := filepath.Join(t.TempDir(), "secret")
	write := func(path string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, floatBytes, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(outside)
	write(filepath.Join(folder, "w.bin"))
	write(filepath.Join(folder, "sub", "w.bin"))
	if err := os.Symlink(outside, filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	dir, err := onnx.DirFS(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()

	cases := []struct {
		name   string
		tensor *wire.Tensor
		first  float32
		err    string
	}{
		{"whole", external("w.bin"), 1, ""},
		{"offset", external("w.bin", "offset", "4"), 2, ""},
		{"offset and length", external("./w.bin", "offset", "4", "length", "8"), 2, ""},
		{"below", external("sub/w.bin"), 1, ""},
		{"behind the end", external("w.bin", "offset", "8"), 0, "8 bytes at 8 are wanted, the file has 12"},
		{"far behind the end", external("w.bin", "offset", "9223372036854775800"), 0, "the file has 12"},
		{"missing", external("none.bin"), 0, `external data in "none.bin"`},
		{"folder", external("sub"), 0, `external data in "sub"`},
		{"link that leaves", external("link"), 0, `external data in "link"`},
	}
	plain := fstest.MapFS{"w.bin": {Data: floatBytes}, "sub/w.bin": {Data: floatBytes}}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for name, o := range map[string]onnx.Options{"mapped": {Files: dir}, "read": {Files: plain}} {
				g, err := onnx.Import(withInitializer(c.tensor), o)
				if c.err != "" {
					if err == nil || !strings.Contains(err.Error(), c.err) {
						t.Errorf("%s: error %v, want %s", name, err, c.err)
					}
					continue
				}
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if got := tensor.Data[float32](g.First().In[1].Const)[0]; got != c.first {
					t.Errorf("%s: begins with %g, want %g", name, got, c.first)
				}
			}
		})
	}
}

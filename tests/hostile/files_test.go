package hostile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax/onnx/wire"
	. "github.com/parallax-go/parallax/tests/onnxtest"
)

// TestNoModels: what is no model at all.
func TestNoModels(t *testing.T) {
	whole, err := os.ReadFile(fixture("bert_sdpa"))
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name string
		data []byte
	}{
		{"empty", nil},
		{"text", []byte("This is no model.\n")},
		{"zeros", make([]byte, 1000)},
		{"deep", deepMessage(5000)},
		{"a length without bytes", []byte{0x3a, 0xff, 0xff, 0xff, 0xff, 0x07}},
		{"a tensor", encodedTensor(t)},
		{"an archive", []byte("PK\x03\x04 and more")},
		{"first half", whole[:len(whole)/2]},
		{"all but the last byte", whole[:len(whole)-1]},
		{"all but the first byte", whole[1:]},
		{"twice", append(append([]byte{}, whole...), whole...)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := writeFile(t, "model.onnx", c.data)
			for _, command := range []string{"inspect", "explain", "run", "verify"} {
				parallax(nil, command, path).refused(t, 3, path)
			}
			parallax(c.data, "inspect", "-").refused(t, 3, "standard input")
			out := filepath.Join(t.TempDir(), "out.onnx")
			parallax(nil, "convert", path, "-o", out).refused(t, 3, path)
			nothingAt(t, out)
		})
	}
}

// deepMessage is graph.node.attribute.g.node.attribute.g… so many levels deep.
func deepMessage(levels int) []byte {
	var b []byte
	for range levels {
		for _, tag := range []byte{0x32, 0x2a, 0x0a} { // Attribute.g, Node.attribute, Graph.node
			n := len(b)
			b = append([]byte{tag, byte(n)&0x7f | 0x80, byte(n>>7)&0x7f | 0x80, byte(n >> 14)}, b...)
		}
	}
	n := len(b)
	return append([]byte{0x3a, byte(n)&0x7f | 0x80, byte(n>>7)&0x7f | 0x80, byte(n >> 14)}, b...)
}

func encodedTensor(t *testing.T) []byte {
	t.Helper()
	b, err := wire.EncodeTensor(Floats("x", []int64{3}, 1, 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNoFiles(t *testing.T) {
	dir := t.TempDir()
	parallax(nil, "run", dir).refused(t, 3, dir)
	parallax(nil, "run", filepath.Join(dir, "missing.onnx")).refused(t, 3, "missing.onnx")
	parallax(nil, "run", filepath.Join(fixture("bert_sdpa"), "model.onnx")).refused(t, 3)
	parallax(nil, "inspect", "").refused(t, 3)
}

// TestTruncated: a file cut off anywhere is refused, or is still a model if the
// cut is between fields.
func TestTruncated(t *testing.T) {
	whole, err := os.ReadFile(fixture("if_merged_decoder"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		o := parallax(whole[:n], "run", "-", "--fill", "ones")
		if o.code != 3 && o.code != 4 && o.code != 0 {
			t.Fatalf("%d bytes of %d: exit code %d: %s", n, len(whole), o.code, o.stderr)
		}
	}
}

// TestLinks: external data is read from the model's folder alone.
func TestLinks(t *testing.T) {
	secret := writeFile(t, "secret.bin", make([]byte, 8))
	tests := []struct{ name, link, to string }{
		{"a file elsewhere", "w.bin", secret},
		{"a folder elsewhere", "sub", filepath.Dir(secret)},
		{"itself", "w.bin", "w.bin"},
		{"nothing", "w.bin", "nowhere"},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			location := "w.bin"
			if c.link == "sub" {
				location = "sub/secret.bin"
			}
			path := write(t, weigh(external(location)))
			if err := os.Symlink(c.to, filepath.Join(filepath.Dir(path), c.link)); err != nil {
				t.Fatal(err)
			}
			parallax(nil, "run", path, "--fill", "ones").refused(t, 3, `"w"`, location)
		})
	}
	t.Run("a link within", func(t *testing.T) {
		path := write(t, weigh(external("w.bin")))
		dir := filepath.Dir(path)
		if err := os.WriteFile(filepath.Join(dir, "data.bin"), make([]byte, 8), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("data.bin", filepath.Join(dir, "w.bin")); err != nil {
			t.Fatal(err)
		}
		if o := parallax(nil, "run", path, "--fill", "ones"); o.code != 0 {
			t.Errorf("exit code %d: %s", o.code, o.stderr)
		}
	})
	t.Run("a folder", func(t *testing.T) {
		path := write(t, weigh(external("w.bin")))
		if err := os.Mkdir(filepath.Join(filepath.Dir(path), "w.bin"), 0o755); err != nil {
			t.Fatal(err)
		}
		parallax(nil, "run", path, "--fill", "ones").refused(t, 3, `"w"`, "w.bin")
	})
	t.Run("too short", func(t *testing.T) {
		path := write(t, weigh(external("w.bin")))
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), "w.bin"), make([]byte, 7), 0o644); err != nil {
			t.Fatal(err)
		}
		parallax(nil, "run", path, "--fill", "ones").refused(t, 3, `"w"`, "w.bin")
	})
}

// TestNoPlaceToWrite: what can't be written leaves nothing behind.
func TestNoPlaceToWrite(t *testing.T) {
	file := writeFile(t, "file", []byte("mine"))
	model := fixture("sdpa_causal")
	within := filepath.Join(file, "out")
	for _, args := range [][]string{
		{"compile", model, "-o", within},
		{"compile", model, "-o", file},
		{"compile", model, "-o", within, "--target", "onnx"},
		{"convert", model, "-o", within},
		{"convert", model, "-o", filepath.Dir(file)},
		{"run", model, "--fill", "ones", "-o", within},
		{"explain", model, "--html", within},
	} {
		o := parallax(nil, args...)
		if o.code == 0 || o.stderr == "" {
			t.Errorf("%v: exit code %d: %s", args, o.code, o.stderr)
		}
		data, err := os.ReadFile(file)
		if err != nil || string(data) != "mine" {
			t.Fatalf("%v: the file became %q, %v", args, data, err)
		}
		entries, _ := os.ReadDir(filepath.Dir(file))
		if len(entries) != 1 {
			t.Fatalf("%v leaves %v", args, entries)
		}
	}
}

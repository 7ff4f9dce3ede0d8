package parallax_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
	. "github.com/parallax-go/parallax/tests/onnxtest"
)

// products is y = ((x·w0 + b0)·w1 + b1)… with weights of 4 MB each, and biases
// between them; data makes the tensors.
func products(layers int, data func(name string, dims ...int64) *wire.Tensor) *wire.Model {
	const width = 1024
	g := &wire.Graph{Name: "products", Input: Values("x0:f32[n,1024]"), Output: Values(fmt.Sprintf("x%d:f32[n,1024]", layers))}
	for i := range layers {
		w, b, product := fmt.Sprintf("w%d", i), fmt.Sprintf("b%d", i), fmt.Sprintf("p%d", i)
		g.Initializer = append(g.Initializer, data(w, width, width), data(b, width))
		g.Node = append(g.Node, Node("MatMul", fmt.Sprintf("x%d %s", i, w), product), Node("Add", product+" "+b, fmt.Sprintf("x%d", i+1)))
	}
	return Model(17, g)
}

// TestPackedWeightsLeaveTheFile: what has been packed is not in memory a second
// time, as pages of the file that it came from.
func TestPackedWeightsLeaveTheFile(t *testing.T) {
	const layers = 6
	folder := t.TempDir()
	var beside []byte
	ways := map[string]func(name string, dims ...int64) *wire.Tensor{
		"model.onnx": func(name string, dims ...int64) *wire.Tensor {
			return &wire.Tensor{Name: name, DataType: wire.Float, Dims: dims, RawData: contents(name, dims)}
		},
		"weights.bin": func(name string, dims ...int64) *wire.Tensor {
			at := len(beside)
			beside = append(beside, contents(name, dims)...)
			return &wire.Tensor{Name: name, DataType: wire.Float, Dims: dims, DataLocation: wire.LocationExternal, ExternalData: []*wire.StringStringEntry{
				{Key: "location", Value: "weights.bin"}, {Key: "offset", Value: fmt.Sprint(at)}, {Key: "length", Value: fmt.Sprint(len(beside) - at)},
			}}
		},
	}
	for file, data := range ways {
		beside = nil
		encoded, err := wire.Encode(products(layers, data))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, "model.onnx")
		for name, content := range map[string][]byte{path: encoded, filepath.Join(folder, "weights.bin"): beside} {
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, err := parallax.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := s.Load()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Run(context.Background(), map[string]*tensor.Tensor{"x0": tensor.New(tensor.Float32, 1, 1024)}); err != nil {
			t.Fatal(err)
		}
		if held := resident(t, filepath.Join(folder, file)); held > 4<<20 {
			t.Errorf("%s: %d bytes of %d are in memory after the first run", file, held, layers*4<<20)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// contents differ from tensor to tensor, so that none is merged with another.
func contents(name string, dims []int64) []byte {
	n := 4
	for _, d := range dims {
		n *= int(d)
	}
	data := make([]byte, n)
	copy(data, name)
	return data
}

// resident is how much of a mapped file is in memory; a file that is not mapped
// fails the test.
func resident(t *testing.T, path string) int {
	t.Helper()
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	sum, within, found := 0, false, false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if first, _, _ := strings.Cut(line, " "); !strings.HasSuffix(first, ":") {
			within = strings.HasSuffix(line, path)
			found = found || within
		}
		if kB := 0; within && strings.HasPrefix(line, "Rss:") {
			if _, err := fmt.Sscanf(line, "Rss: %d kB", &kB); err != nil {
				t.Fatal(err)
			}
			sum += kB << 10
		}
	}
	if !found {
		t.Fatalf("%s is not mapped", path)
	}
	return sum
}

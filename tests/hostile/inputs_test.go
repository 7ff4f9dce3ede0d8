package hostile

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/tensor/npy"
	"github.com/parallax-go/parallax/onnx/wire"
	. "github.com/parallax-go/parallax/tests/onnxtest"
)

// adder adds x and y, f32[n,3].
func adder() *wire.Model {
	return Model(18, Graph("x:f32[n,3] y:f32[n,3]", "z", Node("Add", "x y", "z")))
}

func encodedNPY(t *testing.T, x *tensor.Tensor) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := npy.Write(&b, x); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodedPB(t *testing.T, x *wire.Tensor) []byte {
	t.Helper()
	b, err := wire.EncodeTensor(x)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// header is a .npy file whose header says so, with data after it.
func header(text string, data ...byte) []byte {
	for len(text)%64 != 53 {
		text += " "
	}
	text += "\n"
	return append([]byte("\x93NUMPY\x01\x00"+string([]byte{byte(len(text)), byte(len(text) >> 8)})+text), data...)
}

// zipped is an archive of one member.
func zipped(t *testing.T, name string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestBadInputFiles: exit code 4, and the message names the file.
func TestBadInputFiles(t *testing.T) {
	good := encodedNPY(t, tensor.New(tensor.Float32, 2, 3))
	doubles := encodedNPY(t, tensor.New(tensor.Float64, 2, 3))
	cases := []struct {
		name, file string
		data       []byte
	}{
		{"empty npy", "x.npy", nil},
		{"text as npy", "x.npy", []byte("no numbers")},
		{"npy cut in its header", "x.npy", good[:20]},
		{"npy cut in its data", "x.npy", good[:len(good)-1]},
		{"npy of 2^60", "x.npy", header("{'descr': '<f4', 'fortran_order': False, 'shape': (1152921504606846976,), }", 1, 2, 3, 4)},
		{"npy of 2^120", "x.npy", header("{'descr': '<f4', 'fortran_order': False, 'shape': (1152921504606846976, 1152921504606846976), }", 1)},
		{"npy of 2^38", "x.npy", header("{'descr': '<f4', 'fortran_order': False, 'shape': (274877906944,), }", 1, 2, 3, 4)},
		{"npy of negative size", "x.npy", header("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3), }")},
		{"npy of objects", "x.npy", header("{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }")},
		{"npy of nothing", "x.npy", header("{}")},
		{"npy without an end", "x.npy", header("{'descr': '<f4'")},
		{"empty pb", "x.pb", nil},
		{"text as pb", "x.pb", []byte("This is no tensor.")},
		{"pb of 2^60", "x.pb", encodedPB(t, Floats("x", []int64{1 << 60}, 1))},
		{"short pb", "x.pb", encodedPB(t, Floats("x", []int64{2, 3}, 1, 2))},
		{"pb of negative size", "x.pb", encodedPB(t, Floats("x", []int64{-2, 3}, 1, 2))},
		{"pb of unknown type", "x.pb", encodedPB(t, &wire.Tensor{Name: "x", DataType: 99, Dims: []int64{2, 3}})},
		{"pb with external data", "x.pb", encodedPB(t, external("x.bin"))},
		{"a model as pb", "x.pb", encodedModel(t)},
		{"empty json", "x.json", nil},
		{"json object", "x.json", []byte(`{"a": 1}`)},
		{"ragged json", "x.json", []byte(`[[1, 2, 3], [4, 5]]`)},
		{"json of mixed depth", "x.json", []byte(`[1, [2], 3]`)},
		{"json of text", "x.json", []byte(`[["a", "b", "c"]]`)},
		{"json of null", "x.json", []byte(`null`)},
		{"json cut off", "x.json", []byte(`[[1, 2, 3`)},
		{"json and more", "x.json", []byte(`[[1, 2, 3]] [4]`)},
		{"json beyond numbers", "x.json", []byte(`[[1e999, 0, 0]]`)},
		{"json a thousand deep", "x.json", append(bytes.Repeat([]byte("["), 100_000), bytes.Repeat([]byte("]"), 100_000)...)},
		{"text as npz", "x.npz", []byte("no archive")},
		{"npz without the array", "x.npz", zipped(t, "other.npy", good)},
		{"npz of text", "x.npz", zipped(t, "x.npy", []byte("no numbers"))},
		{"npz of 2^60", "x.npz", zipped(t, "x.npy", header("{'descr': '<f4', 'fortran_order': False, 'shape': (1152921504606846976,), }", 1))},
		{"no known extension", "x.csv", []byte("1,2,3")},
		{"other type", "x.npy", doubles},
		{"other rank", "x.npy", encodedNPY(t, tensor.New(tensor.Float32, 6))},
		{"other size", "x.npy", encodedNPY(t, tensor.New(tensor.Float32, 2, 4))},
		{"sizes that don't go together", "x.npy", encodedNPY(t, tensor.New(tensor.Float32, 5, 3))},
	}
	model := write(t, adder())
	y := writeFile(t, "y.npy", encodedNPY(t, tensor.New(tensor.Float32, 2, 3)))
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := writeFile(t, c.file, c.data)
			out := filepath.Join(t.TempDir(), "out.npz")
			o := parallax(nil, "run", model, "-i", "y="+y, "-i", "x="+path, "-o", out)
			o.refused(t, 4, "x")
			nothingAt(t, out)
		})
	}
}

func encodedModel(t *testing.T) []byte {
	t.Helper()
	b, err := wire.Encode(adder())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBadInputs: inputs that are missing, too many, or not understood.
func TestBadInputs(t *testing.T) {
	model := write(t, adder())
	x := writeFile(t, "x.npy", encodedNPY(t, tensor.New(tensor.Float32, 2, 3)))
	cases := []struct {
		name string
		code int
		args []string
		want string
	}{
		{"none", 4, nil, `"x"`},
		{"one missing", 4, []string{"-i", "x=" + x}, `"y"`},
		{"unknown", 4, []string{"-i", "x=" + x, "-i", "y=" + x, "-i", "w=" + x}, `"w"`},
		{"no such file", 4, []string{"-i", "x=nowhere.npy", "--fill", "ones"}, "nowhere.npy"},
		{"a folder", 4, []string{"-i", "x=" + filepath.Dir(x), "--fill", "ones"}, filepath.Dir(x)},
		{"no name", 4, []string{"-i", x}, "name=FILE"},
		{"data from nowhere", 4, []string{"--data", "nowhere"}, "nowhere"},
		{"data from an empty folder", 4, []string{"--data", t.TempDir()}, "input_0.pb"},
		{"fill", 2, []string{"--fill", "twos"}, "twos"},
		{"dim that is too large", 4, []string{"--fill", "ones", "--dim", "n=1152921504606846976"}, `"x"`},
		{"dim that does not fit in memory", 4, []string{"--fill", "ones", "--dim", "n=17592186044416"}, `"x"`},
		{"dim of another name", 2, []string{"--fill", "ones", "--dim", "m=3"}, `"n"`},
		{"memory", 4, []string{"--fill", "ones", "--dim", "n=1000", "--max-memory", "5000"}, "5000"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			parallax(nil, append([]string{"run", model}, c.args...)...).refused(t, c.code, c.want)
		})
	}
}

// TestBadData: recorded data that is wrong.
func TestBadData(t *testing.T) {
	model := write(t, adder())
	x := encodedPB(t, Floats("x", []int64{1, 3}, 1, 2, 3))
	y := encodedPB(t, Floats("y", []int64{1, 3}, 1, 2, 3))
	cases := []struct {
		name  string
		code  int
		files map[string][]byte
		want  string
	}{
		{"no outputs", 4, map[string][]byte{"input_0.pb": x, "input_1.pb": y}, "output_0.pb"},
		{"an input missing", 4, map[string][]byte{"input_0.pb": x, "output_0.pb": x}, `"y"`},
		{"damaged", 4, map[string][]byte{"input_0.pb": x, "input_1.pb": []byte("no"), "output_0.pb": x}, "input_1.pb"},
		{"output of another name", 1, map[string][]byte{"input_0.pb": x, "input_1.pb": y, "output_0.pb": x}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, data := range c.files {
				if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			o := parallax(nil, "verify", model, "--data", dir)
			o.stdout = "" // a comparison that fails is shown
			o.refused(t, c.code, c.want)
		})
	}
}

// TestComputedSizes: sizes that only the inputs tell, far beyond any memory.
func TestComputedSizes(t *testing.T) {
	value := Tensor("value", Floats("", []int64{1}, 1))
	scalar := func(n int64) *wire.Tensor { return Int64s("", nil, n) }
	vector := func(list ...int64) *wire.Tensor { return Int64s("", []int64{int64(len(list))}, list...) }
	cases := []struct {
		name  string
		graph *wire.Graph
		n     func(int64) *wire.Tensor
	}{
		{"ConstantOfShape", Graph("n:i64[1]", "z", Node("ConstantOfShape", "n", "z", value)), func(n int64) *wire.Tensor { return vector(n) }},
		{"ConstantOfShape of unknown rank", Graph("n:i64[r]", "z", Node("ConstantOfShape", "n", "z", value)), func(n int64) *wire.Tensor { return vector(n, 2) }},
		{"Expand", Graph("n:i64[1]", "z", Node("Expand", "n n", "z")), func(n int64) *wire.Tensor { return vector(n) }},
		{"Tile", Graph("n:i64[1]", "z", Node("Tile", "n n", "z")), func(n int64) *wire.Tensor { return vector(n) }},
		{"Tile of strings", Graph("n:i64[1]", "z", Node("Cast", "n", "s", Int("to", int64(wire.String))), Node("Tile", "s n", "z")), func(n int64) *wire.Tensor { return vector(n) }},
		{"Pad", Graph("n:i64[2]", "z", Node("Slice", "n a b", "x"), Node("Pad", "x n", "z")), func(n int64) *wire.Tensor { return vector(1, n) }},
		{"Range", Graph("n:i64[]", "z", Node("Range", "o n i", "z")), scalar},
		{"OneHot", Graph("n:i64[]", "z", Node("OneHot", "b n v", "z")), scalar},
		{"Loop", Graph("n:i64[]", "z", Node("Loop", "n _ b", "z", Body("body",
			Graph("i:i64[] k:bool[] v:i64", "k o", Node("Concat", "v v", "o", Int("axis", 0)))))), scalar},
		{"Loop that gathers", Graph("n:i64[]", "z y", Node("Loop", "n _ b", "z y", Body("body",
			Graph("i:i64[] k:bool[] v:i64[1]", "k v c", Node("Expand", "v w", "c"))))), scalar},
		{"Reshape", Graph("n:i64[2]", "z", Node("Reshape", "n n", "z")), func(n int64) *wire.Tensor { return vector(n, n) }},
		{"TopK", Graph("n:i64[1]", "z", Node("Cast", "n", "x", Int("to", int64(wire.Float))), Node("TopK", "x n", "z y")), func(n int64) *wire.Tensor { return vector(n) }},
	}
	for _, c := range cases {
		model := with(c.graph, Int64s("o", nil, 0), Int64s("i", nil, 1), Int64s("a", []int64{1}, 0), Int64s("b", []int64{1}, 1),
			Int64s("v", []int64{2}, 0, 1), Int64s("w", []int64{1}, 100_000))
		path := write(t, model)
		for _, n := range []int64{1 << 28, 1 << 36, 1 << 47, 1 << 60, -1 << 60, -1} {
			t.Run(c.name, func(t *testing.T) {
				input := writeFile(t, "n.pb", encodedPB(t, c.n(n)))
				for _, target := range []string{"cpu", "ref"} {
					o := parallax(nil, "run", path, "-i", "n="+input, "--max-memory", "8000000", "--target", target)
					if o.code == 0 && n < 0 && len(o.stdout) < 200 {
						continue // an empty result
					}
					o.refused(t, 4)
				}
			})
		}
	}
}

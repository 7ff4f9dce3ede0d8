package npy_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/tensor/npy"
)

func filled(d tensor.DType, shape ...int) *tensor.Tensor {
	t := tensor.New(d, shape...)
	for i := range t.Bytes() {
		t.Bytes()[i] = byte(i*37 + 1)
	}
	if d == tensor.Bool {
		for i := range t.Bytes() {
			t.Bytes()[i] &= 1
		}
	}
	return t
}

func TestRoundTrip(t *testing.T) {
	for d := tensor.Float32; d.Valid(); d++ {
		if d == tensor.String {
			continue
		}
		for _, shape := range [][]int{{}, {0}, {5}, {2, 3}, {2, 0, 3}, {1, 2, 3, 4}} {
			want := filled(d, shape...)
			var b bytes.Buffer
			if err := npy.Write(&b, want); err != nil {
				t.Fatalf("%s: %v", want, err)
			}
			got, err := npy.Read(&b)
			if err != nil {
				t.Fatalf("%s: %v", want, err)
			}
			if got.DType == d && !got.Equal(want) {
				t.Errorf("%s: read %s with other contents", want, got)
			}
			if got.DType != d {
				sameNumbers(t, got, want)
			}
		}
	}
}

func sameNumbers(t *testing.T, got, want *tensor.Tensor) {
	if !tensor.SameShape(got.Shape, want.Shape) {
		t.Fatalf("shape %v, want %v", got.Shape, want.Shape)
	}
	for i := range want.Len() {
		if g, w := got.FloatAt(i), want.FloatAt(i); g != w && (g == g || w == w) {
			t.Errorf("%s element %d: %g, want %g", want, i, g, w)
		}
	}
}

// file makes an array file of version 1 with a header of the caller's.
func file(header string, data ...byte) []byte {
	return append([]byte("\x93NUMPY\x01\x00"+string([]byte{byte(len(header)), byte(len(header) >> 8)})+header), data...)
}

func TestReadForms(t *testing.T) {
	for name, c := range map[string]struct {
		file []byte
		want *tensor.Tensor
	}{
		"big-endian":     {file(`{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }`, 1, 2, 3, 4), tensor.Of([]int{2}, []int16{0x102, 0x304})},
		"column-major":   {file(`{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }`, 1, 2, 3, 4, 5, 6), tensor.Of([]int{2, 3}, []uint8{1, 3, 5, 2, 4, 6})},
		"other order":    {file("{\"shape\": (1,), 'fortran_order': False, 'descr': '|i1'}   \n", 7), tensor.Of([]int{1}, []int8{7})},
		"odd true bytes": {file(`{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }`, 0, 2, 255), tensor.Of([]int{3}, []bool{false, true, true})},
		"bf16":           {file(`{'descr': '<V2', 'fortran_order': False, 'shape': (), }`, 0x80, 0x3f), tensor.Scalar(tensor.BrainOf(1))},
	} {
		got, err := npy.Read(bytes.NewReader(c.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !got.Equal(c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	ok := `{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }`
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":          {nil, "magic"},
		"other file":     {[]byte("PK\x03\x04 and so on"), "magic"},
		"version":        {[]byte("\x93NUMPY\x09\x00\x00\x00"), "version 9.0"},
		"short header":   {file(ok)[:20], "header"},
		"short data":     {file(ok, 1, 2, 3), "3 bytes of data, want 8"},
		"huge shape":     {file(strings.Replace(ok, "(2,)", "(1152921504606846976, 16)", 1)), "no usable shape"},
		"large lie":      {file(strings.Replace(ok, "(2,)", "(1099511627776,)", 1), 1), "1 bytes of data"},
		"negative":       {file(strings.Replace(ok, "2", "-2", 1)), "extent"},
		"objects":        {file(strings.Replace(ok, "<f4", "|O", 1)), `"|O" is not supported`},
		"missing key":    {file(`{'descr': '<f4', 'shape': (2,), }`), "want the keys"},
		"key twice":      {file(`{'descr': '<f4', 'descr': '<f4', 'shape': (2,), }`), "twice"},
		"large header":   {[]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"), "header of 4294967295 bytes"},
		"open string":    {file(`{'descr`), "without an end"},
		"trailing text":  {file(ok + "x"), "nothing else"},
		"too many dims":  {file(strings.Replace(ok, "2,", strings.Repeat("1,", 70), 1)), "extent"},
		"swapped orders": {file(strings.Replace(ok, "<f4", "<>f4", 1)), "not supported"},
	} {
		_, err := npy.Read(bytes.NewReader(c.file))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestArchive(t *testing.T) {
	want := []npy.Array{{Name: "b", Tensor: filled(tensor.Float64, 3, 2)}, {Name: "a", Tensor: filled(tensor.Int64)}}
	var b, again bytes.Buffer
	for _, w := range []*bytes.Buffer{&b, &again} {
		if err := npy.WriteArchive(w, want); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("two writes differ")
	}
	got, err := npy.ReadArchive(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range got {
		if a.Name != want[i].Name || !a.Tensor.Equal(want[i].Tensor) {
			t.Errorf("array %d: %s %s", i, a.Name, a.Tensor)
		}
	}
	if _, err := npy.ReadArchive(bytes.NewReader(b.Bytes()[:b.Len()-9]), int64(b.Len()-9)); err == nil {
		t.Error("a cut archive was read")
	}
}

// The archive was written by NumPy itself.
func TestReadNumPyArchive(t *testing.T) {
	arrays, err := npy.ReadArchiveFile(filepath.Join("..", "..", "..", "tests", "testdata", "parallax", "boolmask_l20.npz"))
	if err != nil {
		t.Fatal(err)
	}
	for name, rank := range map[string]int{"q": 4, "k": 4, "v": 4, "r": 4, "m": 3, "o_ref": 4} {
		if a := arrays[name]; a == nil || a.DType != tensor.Float32 || a.Rank() != rank {
			t.Errorf("%s is %s", name, a)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(file(`{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }`, 1, 2, 3, 4, 5, 6, 7, 8))
	f.Add(file(`{'descr': '>c8', 'fortran_order': True, 'shape': (1, 1), }`, 1, 2, 3, 4, 5, 6, 7, 8))
	var b bytes.Buffer
	if err := npy.WriteArchive(&b, []npy.Array{{Name: "x", Tensor: tensor.Scalar[int32](1)}}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		if a, err := npy.Read(bytes.NewReader(data)); err == nil {
			if err := npy.Write(&bytes.Buffer{}, a); err != nil {
				t.Errorf("%s was read and can't be written: %v", a, err)
			}
		}
		_, _ = npy.ReadArchive(bytes.NewReader(data), int64(len(data)))
	})
}

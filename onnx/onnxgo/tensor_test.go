package onnxgo

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parallax-go/parallax/ir/tensor"
	gorgonia "gorgonia.org/tensor"
)

// TestToTensor reads tensors that don't lie in row-major order.
func TestToTensor(t *testing.T) {
	matrix := func() *gorgonia.Dense {
		return gorgonia.New(gorgonia.WithShape(2, 3), gorgonia.WithBacking([]float32{1, 2, 3, 4, 5, 6}))
	}
	sliced := func(s ...gorgonia.Slice) gorgonia.Tensor {
		v, err := matrix().Slice(s...)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	lazy, moved := matrix(), matrix()
	if err := lazy.T(); err != nil {
		t.Fatal(err)
	}
	if err := moved.T(); err != nil {
		t.Fatal(err)
	}
	if err := moved.Transpose(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in    gorgonia.Tensor
		shape []int
		want  []float64
	}{
		"rows":         {matrix(), []int{2, 3}, []float64{1, 2, 3, 4, 5, 6}},
		"columns":      {gorgonia.New(gorgonia.WithShape(2, 3), gorgonia.AsFortran([]float32{1, 2, 3, 4, 5, 6})), []int{2, 3}, []float64{1, 2, 3, 4, 5, 6}},
		"transposed":   {moved, []int{3, 2}, []float64{1, 4, 2, 5, 3, 6}},
		"view of T":    {lazy, []int{3, 2}, []float64{1, 4, 2, 5, 3, 6}},
		"some columns": {sliced(nil, gorgonia.S(1, 3)), []int{2, 2}, []float64{2, 3, 5, 6}},
		"one row":      {sliced(gorgonia.S(1)), []int{3}, []float64{4, 5, 6}},
		"one column":   {sliced(nil, gorgonia.S(1)), []int{2}, []float64{2, 5}},
		"scalar":       {gorgonia.New(gorgonia.FromScalar(int64(7))), []int{}, []float64{7}},
		"one element":  {gorgonia.New(gorgonia.WithShape(1, 1), gorgonia.WithBacking([]uint8{7})), []int{1, 1}, []float64{7}},
		"nothing":      {gorgonia.New(gorgonia.WithShape(1, 0, 3), gorgonia.Of(gorgonia.Float32)), []int{1, 0, 3}, []float64{}},
		"bool":         {gorgonia.New(gorgonia.WithShape(2), gorgonia.WithBacking([]bool{true, false})), []int{2}, []float64{1, 0}},
	} {
		got, err := toTensor(c.in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.shape, got.Shape); diff != "" {
			t.Errorf("%s, shape (-want +got)\n%s", name, diff)
		}
		if diff := cmp.Diff(c.want, floats(t, c.in)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// TestRoundTrip takes a tensor of each type there and back.
func TestRoundTrip(t *testing.T) {
	for d := tensor.Float32; d.Valid(); d++ {
		for _, shape := range [][]int{{}, {1}, {2, 2}, {0, 3}} {
			x := tensor.New(d, shape...)
			theirs, err := fromTensor(x)
			if d.Bits() > 0 && d.Bits() < 16 && d != tensor.Int8 && d != tensor.Uint8 && d != tensor.Bool {
				if err == nil {
					t.Errorf("gorgonia has %s", d)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", d, err)
				continue
			}
			back, err := toTensor(theirs)
			if err != nil {
				t.Errorf("%s: %v", d, err)
				continue
			}
			if got := narrowed(back, d); !got.Equal(x) {
				t.Errorf("%s comes back as %s", x, got)
			}
		}
	}
}

func TestStrings(t *testing.T) {
	x := gorgonia.New(gorgonia.WithShape(2), gorgonia.WithBacking([]string{"a", "b"}))
	ours, err := toTensor(x)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, ours.Strings()); diff != "" {
		t.Error(diff)
	}
}

package foldaffine

import (
	"math"

	"github.com/parallax-go/parallax/ir/tensor"
)

// access reads and writes elements of a float tensor.
type access struct {
	at  func(i int) float64
	set func(i int, v float64)
}

// floats gives access to t. Weights are f32 almost always and many: theirs doesn't
// look the type up for each.
func floats(t *tensor.Tensor) access {
	if t.DType != tensor.Float32 {
		return access{t.FloatAt, t.SetFloat}
	}
	data := tensor.Data[float32](t)
	return access{
		func(i int) float64 { return float64(data[i]) },
		func(i int, v float64) { data[i] = float32(v) },
	}
}

// numbers are the elements of a constant.
func numbers(t *tensor.Tensor) []float64 {
	list := make([]float64, t.Len())
	for i := range list {
		list[i] = t.FloatAt(i)
	}
	return list
}

// rounded makes a constant of numbers.
func rounded(d tensor.DType, list []float64, shape ...int) *tensor.Tensor {
	t := tensor.New(d, shape...)
	for i, v := range list {
		t.SetFloat(i, v)
	}
	return t
}

// at is the number for a channel: list is of all channels, of one for all, or nil
// for what it is without.
func at(list []float64, channel int, without float64) float64 {
	switch len(list) {
	case 0:
		return without
	case 1:
		return list[0]
	}
	return list[channel]
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

package foldaffine

import (
	"math"

	"github.com/parallax-go/parallax/ir/tensor"
)

// scaleRow sets a row of z, from an element on, to that of x times the factor of each
// column, of some taps. Weights are f32 almost always, and many: a file is opened for
// as long as this takes, so that theirs don't look the type up for each.
func scaleRow(z, x *tensor.Tensor, from int, factors []float64, taps int) {
	if x.DType != tensor.Float32 {
		for i := range len(factors) * taps {
			z.SetFloat(from+i, x.FloatAt(from+i)*factors[i/taps])
		}
		return
	}
	n := len(factors) * taps
	to, row := tensor.Data[float32](z)[from:][:n], tensor.Data[float32](x)[from:][:n]
	i := 0
	for _, factor := range factors {
		for range taps {
			to[i] = float32(float64(row[i]) * factor)
			i++
		}
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

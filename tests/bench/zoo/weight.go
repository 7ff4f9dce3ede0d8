package zoo

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
)

// weight makes a tensor of normal random numbers, which depend on name and shape
// alone. A spec is 768x3072, with ~1 behind it if the numbers are to lie around 1.
//
// The deviation keeps what flows through a layer near 1, as in trained models:
// 1/√(rows) of a matrix, likewise of the filters of a convolution, and 0.02 of
// others. brain rounds the numbers to those of bfloat16.
func weight(name, spec string, brain bool) *wire.Tensor {
	shape, around, _ := strings.Cut(spec, "~")
	dims := integers(shape)
	mean := 0.0
	if around == "1" {
		mean = 1
	}
	n := int64(1)
	for _, d := range dims {
		n *= d
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	r := rand.New(rand.NewPCG(h.Sum64(), uint64(n)))
	data := make([]byte, 0, 4*n)
	s := deviation(dims)
	for range n {
		x := float32(mean + s*r.NormFloat64())
		if brain {
			x = tensor.BrainOf(x).Float32()
		}
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	return &wire.Tensor{Name: name, DataType: wire.Float, Dims: dims, RawData: data}
}

func deviation(dims []int64) float64 {
	switch len(dims) {
	case 2:
		return 1 / math.Sqrt(float64(dims[0]))
	case 4:
		return 1 / math.Sqrt(float64(dims[1]*dims[2]*dims[3]))
	}
	return 0.02
}

package cse

import (
	"testing"

	"github.com/parallax-go/parallax/ir/tensor"
)

// large is a constant whose ends are those of every other but for first.
func large(first, middle float32) *tensor.Tensor {
	data := make([]float32, 4096)
	data[0], data[2048] = first, middle
	return tensor.Of([]int{64, 64}, data)
}

func TestLargeConstants(t *testing.T) {
	p := newPool()
	a, other := large(1, 2), large(3, 2)
	if p.unique(a) != a || p.unique(other) != other {
		t.Error("constants with different ends are merged")
	}
	if len(p.hashes) != 0 {
		t.Error("constants whose ends tell them apart are read as a whole")
	}
	if alike := large(1, 5); p.unique(alike) != alike {
		t.Error("constants with equal ends and different middles are merged")
	}
	if p.unique(large(1, 2)) != a {
		t.Error("equal constants are not merged")
	}
}

package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
)

// nanTask tells NaN from numbers, in tasks of flat ranges.
type nanTask struct {
	z []bool
	x floats
}

// IsNaN tells which elements are NaN, of f32, f16 or bf16.
func IsNaN(c *Ctx, z, x *tensor.Tensor) error {
	if !isFloat(x.DType) {
		return fmt.Errorf("IsNaN: operand %s, want f32, f16 or bf16", x)
	}
	z.Reset(tensor.Bool, x.Shape...)
	t := &c.nans
	*t = nanTask{tensor.Data[bool](z), floatsOf(x)}
	cost := float64(costScalar)
	if t.x.f32 != nil {
		cost = costMove
	}
	c.Pool.Do(x.Len(), c.cutFlat(x.Len(), cost), t)
	return nil
}

// Do computes the elements lo ≤ i < hi. NaN is what lies above infinity, without
// the sign.
func (t *nanTask) Do(lo, hi int) {
	z := t.z[lo:hi]
	switch {
	case t.x.f32 != nil:
		areNaN(z, t.x.f32[lo:hi])
	case t.x.half != nil:
		for i, v := range t.x.half[lo:hi] {
			z[i] = v&0x7fff > 0x7c00
		}
	default:
		for i, v := range t.x.brain[lo:hi] {
			z[i] = v&0x7fff > 0x7f80
		}
	}
}

// areNaN looks at the elements one by one where there is NaN among them at all.
func areNaN(z []bool, x []float32) {
	var top [1]float32
	for i := 0; i < len(x); i += reachPiece {
		part := x[i:min(i+reachPiece, len(x))]
		vec.GreatestEach(1, len(part), ptr(top[:]), ptr(part), len(part))
		if top[0] == top[0] {
			clear(z[i:][:len(part)])
			continue
		}
		for j, v := range part {
			z[i+j] = v != v
		}
	}
}

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
	c.Pool.Do(x.Len(), c.cutFlat(x.Len(), costScalar), t)
	return nil
}

// Do computes the elements lo ≤ i < hi. NaN is what lies above infinity, without
// the sign.
func (t *nanTask) Do(lo, hi int) {
	z := t.z[lo:hi]
	switch {
	case t.x.f32 != nil:
		for i, v := range t.x.f32[lo:hi] {
			z[i] = v != v
		}
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

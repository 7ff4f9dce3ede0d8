package cpu

import (
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// TestSpreadOut: operands of any broadcast shape, in runs shorter and longer than a
// vector and across blocks, are read where they lie.
func TestSpreadOut(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(10, 7))
	a := &attr.Elementwise{Program: "t0=sub(x1,x2);where(x0,t0,x3)"}
	for range 300 {
		full := make([]int, 1+rng.IntN(4))
		for i := range full {
			full[i] = []int{1, 2, 3, 7, 12, 33}[rng.IntN(6)]
		}
		shape := func() []int {
			s := append([]int{}, full[rng.IntN(len(full)):]...)
			for i := range s {
				if rng.IntN(3) == 0 {
					s[i] = 1
				}
			}
			return s
		}
		d := []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16}[rng.IntN(3)]
		operands := []*tensor.Tensor{tensor.New(tensor.Bool, shape()...)}
		for i := range operands[0].Len() {
			tensor.Data[bool](operands[0])[i] = rng.IntN(2) == 0
		}
		for range 3 {
			x := tensor.New(d, shape()...)
			for i := range x.Len() {
				x.SetFloat(i, float64(rng.IntN(64)))
			}
			operands = append(operands, x)
		}
		operands[1+rng.IntN(3)] = tensor.New(d, full...)
		got := same(t, a.Program, ctxs, func(c *Ctx, out *tensor.Tensor) error { return Elementwise(c, out, a, operands...) })
		index := make([]int, len(full))
		for i := range got.Len() {
			rest := i
			for axis := len(full) - 1; axis >= 0; axis-- {
				index[axis], rest = rest%full[axis], rest/full[axis]
			}
			at := func(k int) int {
				x, at, stride := operands[k], 0, 1
				for j := 1; j <= x.Rank(); j++ {
					n := fromEnd(x.Shape, j)
					at += index[len(full)-j] % n * stride
					stride *= n
				}
				return at
			}
			want := operands[3].FloatAt(at(3))
			if tensor.Data[bool](operands[0])[at(0)] {
				want = operands[1].FloatAt(at(1)) - operands[2].FloatAt(at(2))
			}
			if got.FloatAt(i) != want {
				t.Fatalf("%s of %v: element %v is %g, want %g", a.Program, operands, index, got.FloatAt(i), want)
			}
		}
	}
}

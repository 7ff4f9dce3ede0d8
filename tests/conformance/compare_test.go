//go:build conformance

package conformance

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/tensor"
)

// The tolerances of ONNX's own backend test runner (onnx/backend/test/runner).
const (
	rtol = 1e-3
	atol = 1e-7
)

// compare is numpy.allclose with NaN equal to NaN for floats, and equality for
// all other types.
func compare(got, want *tensor.Tensor) error {
	if got.DType != want.DType || !tensor.SameShape(got.Shape, want.Shape) {
		return fmt.Errorf("is %s, want %s", got, want)
	}
	if !got.DType.IsFloat() {
		if !got.Equal(want) {
			return fmt.Errorf("%s differs", got)
		}
		return nil
	}
	for i := range got.Len() {
		g, w := got.FloatAt(i), want.FloatAt(i)
		if g != w && !(math.IsNaN(g) && math.IsNaN(w)) && !(math.Abs(g-w) <= atol+rtol*math.Abs(w)) {
			return fmt.Errorf("element %d of %s is %g, want %g", i, got, g, w)
		}
	}
	return nil
}

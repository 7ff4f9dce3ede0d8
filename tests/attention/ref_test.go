package attention

import (
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/ref"
)

func TestReferenceOnFixtures(t *testing.T) {
	for _, f := range fixtures(t) {
		t.Run(f.Name, func(t *testing.T) {
			a, in := f.spec(tensor.Float32)
			var o tensor.Tensor
			if err := ref.Parallax(&o, nil, nil, a, in...); err != nil {
				t.Fatal(err)
			}
			checkNear(t, "o", &o, f.arrays["o_ref"], f.Tol.F32)
		})
	}
}

// The 16-bit fixtures once more with operands of their own type: one rounding,
// at the output, is all that is added.
func TestReferenceOnHalfFixtures(t *testing.T) {
	for _, f := range fixtures(t) {
		if d := f.dtype(); d != tensor.Float32 {
			a, in := f.spec(d)
			var o tensor.Tensor
			if err := ref.Parallax(&o, nil, nil, a, in...); err != nil {
				t.Fatal(err)
			}
			checkNear(t, f.Name, &o, f.arrays["o_ref"], f.Tol.Low)
		}
	}
}

// Softmax attention is the node without a probe: the fixtures record it too.
func TestReferenceWithoutProbe(t *testing.T) {
	for _, f := range fixtures(t) {
		want := f.arrays["o_softmax"]
		if want == nil {
			continue
		}
		a, in := f.spec(tensor.Float32)
		a, in = withoutProbe(a, in)
		var o tensor.Tensor
		if err := ref.Parallax(&o, nil, nil, a, in...); err != nil {
			t.Fatal(err)
		}
		checkNear(t, f.Name, &o, want, f.Tol.F32)
	}
}

// withoutProbe is the same attention with the learned probe taken out.
func withoutProbe(a *attr.Attention, in []*tensor.Tensor) (*attr.Attention, []*tensor.Tensor) {
	r := a.Operands().R
	plain := *a
	plain.Probe, plain.HasProbe = attr.ProbeNone, false
	return &plain, append(append([]*tensor.Tensor{}, in[:r]...), in[r+1:]...)
}

package cli

import (
	"testing"

	"github.com/parallax-go/parallax/ir/tensor"
)

func TestByteCount(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "500000000": 500000000, "1kB": 1000, "2KiB": 2048, "1.5MB": 1500000, "2GiB": 2 << 30, "0.5 TiB": 1 << 39,
		"": 0, "0": 0, "-5": 0, "-1GB": 0, "1e400": 0, "NaN": 0, "9e18": 9e18, "1e300GiB": 0, "five": 0, "1XB": 0, "0.1": 0,
	} {
		var b byteCount
		if err := b.Set(text); (err == nil) != (want > 0) || int64(b) != want {
			t.Errorf("%q is %d (%v), want %d", text, b, err, want)
		}
	}
}

func TestPreview(t *testing.T) {
	cases := []struct {
		tensor *tensor.Tensor
		want   string
	}{
		{tensor.Of([]int{2}, []float32{0.1, -1e-20}), "0.1 -1e-20 "},
		{tensor.Of([]int{7}, []int64{1, 2, 3, 4, 5, 6, 7}), "1 2 3 4 5 6 …"},
		{tensor.Of([]int{7}, []float64{1, 2, 3, 4, 5, 6, -7}), "1 2 3 4 5 6 …  min -7  max 6"},
		{tensor.OfStrings([]int{1}, []string{"a"}), "a "},
		{tensor.Scalar(true), "true "},
	}
	for _, c := range cases {
		if got := preview(c.tensor); got != c.want {
			t.Errorf("%s is %q, want %q", c.tensor, got, c.want)
		}
	}
	if x := element(tensor.Of(nil, []float32{0.1}), 0); x != number(0.1) {
		t.Errorf("0.1 in float32 is shown as %v", x)
	}
}

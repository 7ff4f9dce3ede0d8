package onnx_test

import (
	"testing"

	"github.com/parallax-go/parallax/ir/op"
	irtext "github.com/parallax-go/parallax/ir/text"
	"github.com/parallax-go/parallax/onnx"
)

// TestEmptyRowsOfBiases: a node that gives NaN to rows of −∞ is written as
// Attention, which gives zero, where its bias is finite.
func TestEmptyRowsOfBiases(t *testing.T) {
	for _, c := range []struct {
		name   string
		bias   string // of %seen : bool[B,1,1,S], %pad : i64[B,1,1,S] and %x : f32[B,1,1,S]
		native bool
	}{
		{"number", "%bias = Where(%seen, f32 = 0, f32 = -10000)", true},
		{"infinity", "%bias = Where(%seen, f32 = 0, f32 = -inf)", false},
		{"NaN", "%bias = Where(%seen, f32 = 0, f32 = nan)", false},
		{"input", "%bias = Add(%x, f32 = 1)", false},
		{"integers", "%f = Cast(%pad) {to=f32}\n %d = Sub(f32 = 1, %f)\n %bias = Mul(%d, f32 = -10000)", true},
		{"integers that overflow", "%f = Cast(%pad) {to=f32}\n %d = Sub(f32 = 1, %f)\n %bias = Mul(%d, f32 = -3.4028235e38)", false},
		{"truth", "%f = Cast(%seen) {to=f32}\n %bias = Mul(%f, f32 = -3.4028235e38)", true},
		{"sum that overflows", "%y = Where(%seen, f32 = 0, f32 = -3.4028235e38)\n %bias = Add(%y, %y)", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := irtext.Parse(`graph {
  input %q : f32[B,2,S,8]
  input %k : f32[B,2,S,8]
  input %v : f32[B,2,S,8]
  input %seen : bool[B,1,1,S]
  input %pad : i64[B,1,1,S]
  input %x : f32[B,1,1,S]
  ` + c.bias + `
  %o = ai.parallax.Parallax(%q, %k, %v, %bias) {heads=2, kv_heads=2, scale=0.5, biases=1, empty_row=nan}
  output %o
}`)
			if err != nil {
				t.Fatal(err)
			}
			back := again(t, g, onnx.ExportOptions{Form: onnx.FormAttention})
			if got := count(back, op.Attention) == 1; got != c.native {
				t.Errorf("as Attention: %t, want %t\n%s", got, c.native, back)
			}
		})
	}
}

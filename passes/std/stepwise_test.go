package std

import (
	"context"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/text"
	"github.com/parallax-go/parallax/passes"
)

// TestFillIn16Bits: where a file adds −10000 to scores of f16, the sums are rounded,
// and so they are in rows that a fused node fills. An attention operator of the file
// doesn't round them: its bias stays one.
func TestFillIn16Bits(t *testing.T) {
	for _, c := range []struct {
		name, body string
		empty      attr.EmptyRow
	}{
		{"steps", `%kt = Transpose(%k) {perm=[0,1,3,2]}
  %s = MatMul(%q, %kt)
  %a = Add(%s, %m)
  %w = Softmax(%a) {axis=-1}
  %o = MatMul(%w, %v)`, attr.EmptyRowFilled},
		{"operator", `%o = ai.parallax.Parallax(%q, %k, %v, %m) {heads=2, kv_heads=2, scale=1, biases=1, empty_row=nan}`, attr.EmptyRowNaN},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := text.Parse(`graph {
  input %q : f16[B,2,T,8]
  input %k : f16[B,2,S,8]
  input %v : f16[B,2,S,8]
  input %seen : bool[B,1,1,S]
  %n = Cast(%seen) {to=f16}
  %d = Sub(f16 = 1, %n)
  %m = Mul(%d, f16 = -10000)
  ` + c.body + `
  output %o
}`)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := passes.Run(context.Background(), g, Passes(), nil); err != nil {
				t.Fatal(err)
			}
			n := g.Outputs()[0].Def
			if n.Op != op.Parallax || n.Out[0].Type.DType != tensor.Float16 {
				t.Fatalf("not fused:\n%s", g)
			}
			if got := n.Attr.(*attr.Attention).EmptyRow; got != c.empty {
				t.Errorf("empty rows are %s, want %s\n%s", got, c.empty, g)
			}
		})
	}
}

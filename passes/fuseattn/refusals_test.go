package fuseattn_test

import (
	"context"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/fuseattn"
)

const operands = `graph {
  input %q : f32[b,8,t,64]
  input %k : f32[b,8,s,64]
  input %v : f32[b,8,s,64]
  input %m : f32[b,1,t,s]
  input %seen : bool[b,1,t,s]
  %kt = Transpose(%k) {perm=[0,1,3,2]}
`

// TestRefusals checks that what is no attention, or not one that can be fused,
// is left as it is, and that the verdict names the check and the place.
func TestRefusals(t *testing.T) {
	tests := []struct {
		name, body  string
		check, node string
		got         string // part of what was found
	}{
		{"softmax over the queries", `
  %s = MatMul(%q, %kt)
  %p = Softmax(%s) {axis=2}
  %o = MatMul(%p, %v)
  output %o`, "softmax axis", "p", "axis 2"},
		{"softmax over the heads", `
  %s = MatMul(%q, %kt)
  %p = Softmax(%s) {axis=1}
  %o = MatMul(%p, %v)
  output %o`, "softmax axis", "p", "axis 1"},
		{"scores of an input", `
  %p = Softmax(%m)
  %o = MatMul(%p, %v)
  output %o`, "scores", "", "input"},
		{"scores that are normalised", `
  %s = MatMul(%q, %kt)
  %e = Exp(%s)
  %p = Softmax(%e)
  %o = MatMul(%p, %v)
  output %o`, "scores", "e", "Exp"},
		{"keys that are weights", `
  const %w : f32[64,4] = fill 0.5
  input %v4 : f32[b,8,4,64]
  %s = MatMul(%q, %w)
  %p = Softmax(%s)
  %o = MatMul(%p, %v4)
  output %o`, "keys", "s", "constant"},
		{"scale per query and key", `
  %s = MatMul(%q, %kt)
  %scaled = Mul(%s, %m)
  %p = Softmax(%scaled)
  %o = MatMul(%p, %v)
  output %o`, "scale", "scaled", "f32[b,1,t,s]"},
		{"small fill", `
  %s = MatMul(%q, %kt)
  %masked = Where(%seen, %s, f32 = -10)
  %p = Softmax(%masked)
  %o = MatMul(%p, %v)
  output %o`, "mask fill", "masked", "-10"},
		{"fill that is a tensor", `
  %s = MatMul(%q, %kt)
  %masked = Where(%seen, %s, %m)
  %p = Softmax(%masked)
  %o = MatMul(%p, %v)
  output %o`, "mask fill", "masked", "input"},
		{"two fills", `
  %s = MatMul(%q, %kt)
  %a = Where(%seen, %s, f32 = -1e9)
  %c = Where(%seen, %a, f32 = -1e4)
  %p = Softmax(%c)
  %o = MatMul(%p, %v)
  output %o`, "mask fill", "c", "-10000"},
		{"softcap after the mask", `
  %s = MatMul(%q, %kt)
  %masked = Add(%s, %m)
  %small = Div(%masked, f32 = 30)
  %bent = Tanh(%small)
  %capped = Mul(%bent, f32 = 30)
  %p = Softmax(%capped)
  %o = MatMul(%p, %v)
  output %o`, "softcap order", "bent", "after"},
		{"scores in lower precision", `
  %s = MatMul(%q, %kt)
  %low = Cast(%s) {to=f16}
  %p = Softmax(%low)
  %up = Cast(%p) {to=f32}
  %o = MatMul(%up, %v)
  output %o`, "precision", "low", "f16"},
		{"probabilities returned", `
  %s = MatMul(%q, %kt)
  %p = Softmax(%s)
  %o = MatMul(%p, %v)
  output %o
  output %p`, "escape", "p", "output of the graph"},
		{"probabilities in two products", `
  input %v2 : f32[b,8,s,64]
  %s = MatMul(%q, %kt)
  %p = Softmax(%s)
  %o = MatMul(%p, %v)
  %o2 = MatMul(%p, %v2)
  %y = Add(%o, %o2)
  output %y`, "escape", "p", "o2"},
		{"probabilities masked", `
  %s = MatMul(%q, %kt)
  %p = Softmax(%s)
  %kept = Mul(%p, %m)
  %o = MatMul(%kept, %v)
  output %o`, "output", "kept", "input"},
		{"a classifier", `
  %s = MatMul(%q, %kt)
  %p = Softmax(%s)
  output %p`, "output", "p", "no reader"},
		{"values that depend on the query", `
  input %x : f32[b,8,t,s,4]
  %s = MatMul(%q, %kt)
  %p = Softmax(%s)
  %o = Einsum(%p, %x) {equation="bhij,bhijd->bhid"}
  output %o`, "output", "o", "input"},
		{"maximum of other scores", `
  %s = MatMul(%q, %kt)
  %max = ReduceMax(%m, i64 = [-1])
  %d = Sub(%s, %max)
  %e = Exp(%d)
  %z = ReduceSum(%e, i64 = [-1])
  %p = Div(%e, %z)
  %o = MatMul(%p, %v)
  output %o`, "row maximum", "d", "ReduceMax"},
		{"scores rounded to steps", `
  %s = MatMul(%q, %kt)
  %n = QuantizeLinear(%s, f32 = 0.1, i8 = 0)
  %d = DequantizeLinear(%n, f32 = 0.1, i8 = 0)
  %p = Softmax(%d)
  %o = MatMul(%p, %v)
  output %o`, "quantisation", "d", "DequantizeLinear"},
		{"probabilities rounded to steps", `
  %s = MatMul(%q, %kt)
  %p = Softmax(%s)
  %n, %x, %z = DynamicQuantizeLinear(%p)
  %vq, %vx, %vz = DynamicQuantizeLinear(%v)
  %i = MatMulInteger(%n, %vq, %z, %vz)
  output %i`, "quantisation", "n", "DynamicQuantizeLinear"},
		{"norm of other scores", `
  %s = MatMul(%q, %kt)
  %e = Exp(%s)
  %other = Mul(%e, f32 = 2)
  %z = ReduceSum(%e, i64 = [-1])
  %z2 = ReduceSum(%other, i64 = [-1])
  %p = Div(%e, %z2)
  %o = MatMul(%p, %v)
  %y = Mul(%o, %z)
  output %y`, "escape", "e", "read by z"},
		{"values of another batch", `
  input %k3 : f32[b,1,s,64]
  input %v3 : f32[3,8,s,64]
  %kt3 = Transpose(%k3) {perm=[0,1,3,2]}
  %s = MatMul(%q, %kt3)
  %p = Softmax(%s)
  %o = MatMul(%p, %v3)
  output %o`, "output", "o", "f32[3,8,s,64]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := operands + strings.TrimPrefix(tt.body, "\n") + "\n}\n"
			g := parse(t, src)
			r, err := passes.Run(context.Background(), g, []passes.Pass{fuseattn.Pass}, &passes.Options{Verify: true})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Remarks) != 1 || r.Remarks[0].Verdict != passes.Refused {
				t.Fatalf("verdicts: %s", verdicts(r))
			}
			m := r.Remarks[0]
			if m.Reason.Check != tt.check || !strings.HasPrefix(m.Reason.Node, tt.node) || !strings.Contains(m.Reason.Got, tt.got) {
				t.Errorf("reason %+v, want check %q at %q, got …%s…", *m.Reason, tt.check, tt.node, tt.got)
			}
			if m.Reason.Want == "" || m.Remedy == "" {
				t.Errorf("no want or no remedy: %+v", m)
			}
			for n := range g.All() {
				if n.Op == op.Parallax {
					t.Errorf("refused, but fused:\n%s", g)
				}
			}
		})
	}
}

package passes_test

import (
	"testing"

	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/passtest"
)

func TestDescribe(t *testing.T) {
	g := passtest.Parse(t, `graph {
  input %0 "mask" : i64[b,s]
  input %1 "x" : f32[b,s]
  %2 "named" = Cast(%0) {to=bool}
  %3 = Not(%2)
  %4 = Shape(%1)
  %5 = Expand(%3, %4)
  %6 = Cast(%4) {to=f32}
  output %5
  output %6
}
`)
	want := map[int]string{2: "named bool[b,s]", 3: "mask bool[b,s]", 4: "sizes i64[2]", 5: "mask bool[b,s]", 6: "sizes f32[2]"}
	for n := range g.Nodes() {
		if v := n.Out[0]; passes.Describe(v) != want[v.ID] {
			t.Errorf("%s is described as %q, want %q", v, passes.Describe(v), want[v.ID])
		}
	}
}

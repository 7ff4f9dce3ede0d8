package fuserope_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/fuserope"
	"github.com/parallax-go/parallax/passes/passtest"
)

// chain rotates n times over, by tables that turn out not to be made of halves.
func chain(n int) string {
	var b strings.Builder
	b.WriteString("graph {\n  input %y0 : f32[b,2,t,64]\n  input %c : f32[1,1,t,64]\n  input %s : f32[1,1,t,64]\n")
	for i := range n {
		fmt.Fprintf(&b, strings.ReplaceAll(`  %%a#, %%b# = Split(%%y#, i64[2] = [32,32]) {axis=3}
  %%n# = Neg(%%b#)
  %%t# = Concat(%%n#, %%a#) {axis=3}
  %%p# = Mul(%%y#, %%c)
  %%q# = Mul(%%t#, %%s)
  %%y%d = Add(%%p#, %%q#)
`, "#", fmt.Sprint(i)), i+1)
	}
	fmt.Fprintf(&b, "  output %%y%d\n}\n", n)
	return b.String()
}

// TestWorkIsLinear counts the values read; deep chains are read no farther than
// others.
func TestWorkIsLinear(t *testing.T) {
	work := func(n int) int {
		r, err := passes.Run(context.Background(), passtest.Parse(t, chain(n)), []passes.Pass{fuserope.Pass}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r.Stats[0].Work
	}
	few, many := work(10), work(100)
	if many > 11*few {
		t.Errorf("%d values are read of 10 rotations, %d of 100", few, many)
	}
}

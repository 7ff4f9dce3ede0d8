package readmasks

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/passes"
)

// hostile writes masks made to make a reader explode: %m0 is a mask of the file,
// and each line makes %mI of those before.
var hostile = map[string]func(i int) string{
	"a chain of Xor": func(i int) string { return fmt.Sprintf("%%m%d = Xor(%%m%d, %%p%d)", i, i-1, i) },
	"a chain of And": func(i int) string { return fmt.Sprintf("%%m%d = And(%%m%d, %%p%d)", i, i-1, i) },
	"And and Or in turn": func(i int) string {
		return fmt.Sprintf("%%m%d = %s(%%m%d, %%p%d)", i, []string{"And", "Or"}[i%2], i-1, i)
	},
	"each twice": func(i int) string {
		return fmt.Sprintf("%%n%[1]d = Or(%%m%[2]d, %%p%[1]d)\n%%m%[1]d = Xor(%%n%[1]d, %%m%[2]d)", i, i-1)
	},
	"negations": func(i int) string { return fmt.Sprintf("%%m%d = Not(%%m%d)", i, i-1) },
	"casts and comparisons": func(i int) string {
		return fmt.Sprintf("%%f%[1]d = Cast(%%m%[2]d) {to=f32}\n%%m%[1]d = Less(%%f%[1]d, f32 = 0.5)", i, i-1)
	},
	"sums of what was added": func(i int) string {
		return fmt.Sprintf("%%f%[1]d = Where(%%m%[2]d, f32 = 0, f32 = %[1]d)\n%%g%[1]d = Add(%%f%[1]d, %%f%[1]d)\n%%m%[1]d = Greater(%%g%[1]d, f32 = 1)", i, i-1)
	},
	"reshapes": func(i int) string {
		if i%2 == 1 {
			return fmt.Sprintf("%%m%d = Unsqueeze(%%m%d, i64 = [0])", i, i-1)
		}
		return fmt.Sprintf("%%m%d = Squeeze(%%m%d, i64 = [0])", i, i-1)
	},
}

// TestHostileMasks reads masks of thousands of operators: within the limits, and
// in no time.
func TestHostileMasks(t *testing.T) {
	const steps = 3000
	for name, step := range hostile {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			b.WriteString("graph {\n  input %q : f32[b,2,n,4]\n  input %k : f32[b,2,n,4]\n  input %v : f32[b,2,n,4]\n  input %m0 : bool[n,n]\n  input %pad : i64[b,n]\n")
			b.WriteString("  %keys = Unsqueeze(%pad, i64 = [1, 2])\n  %rows = Unsqueeze(%pad, i64 = [1, 3])\n")
			for i := 1; i <= steps; i++ {
				fmt.Fprintf(&b, "  %%p%d = Less(%s, i64 = %d)\n  %s\n", i, []string{"%keys", "%rows"}[i%2], i, step(i))
			}
			fmt.Fprintf(&b, "  %%o = ai.parallax.Parallax(%%q, %%k, %%v, %%m%d) {heads=2, kv_heads=2, scale=0.5, masks=1}\n  output %%o\n}\n", steps)
			g := parse(t, b.String())
			r, err := passes.Run(context.Background(), g, []passes.Pass{Pass}, &passes.Options{Verify: true})
			if err != nil {
				t.Fatal(err)
			}
			if work := r.Stats[0].Work; work > 2*maxExprs {
				t.Errorf("%d steps of work, the limit is %d", work, maxExprs)
			}
		})
	}
}

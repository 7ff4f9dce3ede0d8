package readmasks

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/passes"
)

// TestWorkGrowsWithTheLayers compares the steps for models of few and of many
// layers: with one mask for all, and with a mask for each.
func TestWorkGrowsWithTheLayers(t *testing.T) {
	for _, shared := range []bool{true, false} {
		few, many := layersWork(t, 8, shared), layersWork(t, 100, shared)
		if many > 13*few {
			t.Errorf("shared mask %t: %d steps for 8 layers, %d for 100", shared, few, many)
		}
	}
}

func layersWork(t *testing.T, n int, shared bool) int {
	t.Helper()
	var b strings.Builder
	b.WriteString("graph {\n  input %x0 : f32[b,2,n,4]\n  input %pad : i64[b,n]\n")
	mask := 0
	for i := range n {
		if i == 0 || !shared {
			mask = i
			b.WriteString(strings.ReplaceAll(`  %n# = Shape(%x#) {start=2, end=3}
  %t# = Squeeze(%n#)
  %i# = Range(i64 = 0, %t#, i64 = 1)
  %r# = Unsqueeze(%i#, i64 = [1])
  %c# = LessOrEqual(%i#, %r#)
  %p# = Unsqueeze(%pad, i64 = [1, 2])
  %k# = Equal(%p#, i64 = #)
  %m# = And(%c#, %k#)
`, "#", fmt.Sprint(i)))
		}
		fmt.Fprintf(&b, "  %%x%d = ai.parallax.Parallax(%%x%[2]d, %%x%[2]d, %%x%[2]d, %%m%d) {heads=2, kv_heads=2, scale=0.5, masks=1}\n", i+1, i, mask)
	}
	fmt.Fprintf(&b, "  output %%x%d\n}\n", n)
	r, err := passes.Run(context.Background(), parse(t, b.String()), []passes.Pass{Pass}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if read := r.Stats[0].Rewrites["read masks"]; read != n {
		t.Errorf("%d of %d attentions were rewritten", read, n)
	}
	return r.Stats[0].Work
}

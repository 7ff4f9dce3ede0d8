package passes_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/text"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/fusenorm"
)

// layers writes a model of n layers as a legacy exporter would: norms written
// out, shape arithmetic at every head split, constants everywhere.
func layers(t testing.TB, n int) *ir.Graph {
	t.Helper()
	var b strings.Builder
	b.WriteString("graph {\n  input %h0 : f32[batch,seq,8]\n")
	for i := range n {
		fmt.Fprintf(&b, strings.ReplaceAll(`
  %%m# = ReduceMean(%%h#, i64[1] = [-1])
  %%d# = Sub(%%h#, %%m#)
  %%q# = Pow(%%d#, f32 = 2)
  %%v# = ReduceMean(%%q#, i64[1] = [-1])
  %%e# = Add(%%v#, f32 = 1e-5)
  %%s# = Sqrt(%%e#)
  %%n# = Div(%%d#, %%s#)
  %%p# = Mul(%%n#, f32[8] = fill 2)
  %%y# = MatMul(%%p#, f32[8,8] = fill 0.5)
  %%sa# = Shape(%%y#)
  %%b# = Gather(%%sa#, i64[1] = [0]) {axis=0}
  %%sb# = Shape(%%y#)
  %%c# = Gather(%%sb#, i64[1] = [1]) {axis=0}
  %%t# = Concat(%%b#, %%c#, i64[2] = [2,4]) {axis=0}
  %%r# = Reshape(%%y#, %%t#)
  %%u# = Transpose(%%r#) {perm=[0,2,1,3]}
  %%w# = Transpose(%%u#) {perm=[0,2,1,3]}
  %%x# = Reshape(%%w#, i64[3] = [0,0,-1])
  %%k# = Mul(f32 = 1, %%x#)
  %%h%d = Add(%%h#, %%k#)
`, "#", fmt.Sprint(i)), i+1)
	}
	fmt.Fprintf(&b, "  output %%h%d\n}\n", n)
	g, err := text.Parse(b.String())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var cleaning = append(append([]passes.Pass{}, exact...), fusenorm.Pass)

// TestWorkGrowsWithTheGraph compares the steps of each pass, not the time.
func TestWorkGrowsWithTheGraph(t *testing.T) {
	work := func(n int) []passes.Stat {
		r, err := passes.Run(context.Background(), layers(t, n), cleaning, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r.Stats
	}
	small, large := work(50), work(500)
	for i, s := range small {
		t.Logf("%s: %d nodes %d steps %v, %d nodes %d steps %v", s.Pass, s.Before, s.Work, s.Time, large[i].Before, large[i].Work, large[i].Time)
		if large[i].Work > 12*s.Work {
			t.Errorf("pass %s: %d steps for 1000 nodes, %d for 10000: more than 12 times as many", s.Pass, s.Work, large[i].Work)
		}
	}
}

func BenchmarkCleaning(b *testing.B) {
	for _, n := range []int{50, 500} {
		b.Run(fmt.Sprint(20*n), func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				g := layers(b, n)
				b.StartTimer()
				if _, err := passes.Run(context.Background(), g, cleaning, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package expandattn_test

import (
	"context"
	"errors"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/text"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/expandattn"
)

const src = `graph {
  input %q : f32[b,2,t,4]
  input %k : f32[b,2,s,4]
  input %v : f32[b,2,s,4]
  %plain = ai.parallax.Parallax(%q, %k, %v) {heads=2, kv_heads=2, scale=0.5}
  %capped = ai.parallax.Parallax(%plain, %k, %v) {heads=2, kv_heads=2, scale=0.5, softcap=30}
  output %capped
}`

func TestExpand(t *testing.T) {
	attention := op.Parallax.QualifiedName()
	catalog := func(k ...kernels.Kernel) *kernels.Catalog {
		c := &kernels.Catalog{}
		c.Add(kernels.CPU, k...)
		return c
	}
	noCap := func(c kernels.Case) error {
		if c.Attr.(*attr.Attention).Softcap != 0 {
			return errors.New("no softcap")
		}
		return nil
	}
	tests := []struct {
		name    string
		pass    passes.Pass
		options passes.Options
		want    int // attention nodes left
	}{
		{"no target", expandattn.Pass, passes.Options{}, 2},
		{"a kernel for all", expandattn.Pass, passes.Options{Target: kernels.CPU, Catalog: catalog(kernels.Kernel{ID: "x.A", Op: attention})}, 2},
		{"a kernel for some", expandattn.Pass, passes.Options{Target: kernels.CPU, Catalog: catalog(kernels.Kernel{ID: "x.A", Op: attention, Accepts: noCap})}, 1},
		{"no kernel", expandattn.Pass, passes.Options{Target: kernels.CPU, Catalog: catalog()}, 0},
		{"all", expandattn.All, passes.Options{}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, err := text.Parse(src)
			if err != nil {
				t.Fatal(err)
			}
			tt.options.Verify = true
			if _, err := passes.Run(context.Background(), g, []passes.Pass{tt.pass}, &tt.options); err != nil {
				t.Fatal(err)
			}
			if got := count(g); got != tt.want {
				t.Errorf("%d attention nodes are left, want %d\n%s", got, tt.want, g)
			}
		})
	}
}

func count(g *ir.Graph) int {
	left := 0
	for n := range g.All() {
		if n.Op == op.Parallax {
			left++
		}
	}
	return left
}

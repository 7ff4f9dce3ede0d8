package codegen

import (
	"fmt"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/kernels"
)

// BenchmarkLower shows that lowering takes time in proportion to the nodes.
func BenchmarkLower(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			g := ir.NewGraph("bench")
			builder := ir.NewBuilder(g)
			v := g.NewInput("x", f32(b, "[batch, seq, 4]"))
			for range n / 3 {
				size := builder.Op(op.Shape, &attr.Shape{End: 2}, v)
				v = builder.Op(op.Reshape, &attr.Reshape{}, v, builder.Op(op.Concat, &attr.Axis{}, size, builder.Ints(4)))
			}
			builder.Commit(nil)
			g.AddOutput(v)
			catalog := anyKernel()
			for b.Loop() {
				if _, err := Lower(g, Options{Catalog: catalog, Target: kernels.Ref}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/node")
		})
	}
}

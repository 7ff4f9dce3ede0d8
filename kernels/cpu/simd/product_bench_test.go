package simd

import (
	"fmt"
	"testing"
)

// BenchmarkProduct is the speed of the highest tiles on operands in cache.
func BenchmarkProduct(b *testing.B) {
	for _, k := range Levels() {
		for _, lda := range []int{768, 3072, 2048} {
			const depth = 384
			rows := k.Rows
			a, panel, c := make([]float32, rows*lda), make([]float32, depth*k.Columns), make([]float32, rows*k.Columns)
			run := func(name string, f func()) {
				b.Run(fmt.Sprintf("%s/%s/lda=%d", k.Level, name, lda), func(b *testing.B) {
					for b.Loop() {
						f()
					}
					b.ReportMetric(2*float64(rows*k.Columns*depth)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GF/s")
				})
			}
			run("fetching", func() { k.ProductFetchOne[rows](depth, &a[0], lda, &panel[0], &c[0], k.Columns, 0, &panel[0]) })
			run("plain", func() { k.ProductRows[rows](depth, &a[0], lda, &panel[0], &c[0], k.Columns, 0) })
		}
	}
}

package ref

import (
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// headRows are rows of numbers by batch entry, head and position.
type headRows [][][][]float64

// gatherCache reads the keys and values of a, the past's first.
func gatherCache(c *attr.Bound) (keys, values headRows) {
	keys, values = make(headRows, c.B), make(headRows, c.B)
	for b := range c.B {
		keys[b], values[b] = make([][][]float64, c.KVHeads), make([][][]float64, c.KVHeads)
		for h := range c.KVHeads {
			for j := range c.S {
				k, at := c.KeyRow(b, h, j)
				keys[b][h] = append(keys[b][h], loadRow(k, at, c.D))
				v, at := c.ValueRow(b, h, j)
				values[b][h] = append(values[b][h], loadRow(v, at, c.Dv))
			}
		}
	}
	return keys, values
}

// storeCache writes rows to a present of layout [B, heads, S, size], if wanted.
func storeCache(present *tensor.Tensor, rows headRows) {
	if present == nil {
		return
	}
	at := 0
	for _, heads := range rows {
		for _, keys := range heads {
			for _, row := range keys {
				for _, x := range row {
					present.SetFloat(at, x)
					at++
				}
			}
		}
	}
}

func loadRow(v attr.View, at, n int) []float64 {
	row := make([]float64, n)
	for d := range row {
		row[d] = v.FloatAt(at + d)
	}
	return row
}

func storeRow(v attr.View, at int, row []float64) {
	for d, x := range row {
		v.SetFloat(at+d, x)
	}
}

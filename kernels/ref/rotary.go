package ref

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// rotary is what RotaryEmbedding reads of its operands.
type rotary struct {
	batch, heads, length, size int
	half                       int // pairs that are rotated
	strides                    [3]int
	x, cos, sin                []float64
	positions                  []int64 // nil: the tables have a row per place, for each batch entry or for all
	rows                       int     // of the tables
}

// RotaryEmbedding rotates pairs of elements of each head by the angles of the
// token's position (opset 23). x is [batch, heads, length, size], or [batch,
// length, heads·size]; the tables are [position, pairs] with positions, and
// [batch, length, pairs] without. Exporters write tables for a batch of 1, too,
// which then serve every entry.
func RotaryEmbedding(z *tensor.Tensor, a *attr.RotaryEmbedding, x, cos, sin, positions *tensor.Tensor) error {
	r, err := planRotary(a, x, cos, sin, positions)
	if err != nil {
		return err
	}
	z.Reset(x.DType, x.Shape...)
	if len(r.x) == 0 {
		return nil
	}
	for token := range r.batch * r.length {
		row := token % max(r.rows, 1)
		if r.positions != nil {
			if row, err = normalIndex(r.positions[token], r.rows); err != nil {
				return fmt.Errorf("position: %w", err)
			}
		}
		b, t := token/r.length, token%r.length
		for h := range r.heads {
			at := b*r.strides[0] + h*r.strides[1] + t*r.strides[2]
			r.rotate(r.x[at:at+r.size], row*r.half, a.Interleaved)
		}
	}
	store(z, r.x)
	return nil
}

func planRotary(a *attr.RotaryEmbedding, x, cos, sin, positions *tensor.Tensor) (*rotary, error) {
	r := &rotary{}
	switch {
	case x.Rank() == 4:
		r.batch, r.heads, r.length, r.size = x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]
		r.strides = [3]int{r.heads * r.length * r.size, r.length * r.size, r.size}
	case x.Rank() == 3 && a.Heads > 0 && x.Shape[2]%a.Heads == 0:
		r.batch, r.length, r.heads, r.size = x.Shape[0], x.Shape[1], a.Heads, x.Shape[2]/a.Heads
		r.strides = [3]int{r.length * x.Shape[2], r.size, x.Shape[2]}
	default:
		return nil, fmt.Errorf("operand is %s with num_heads = %d", x, a.Heads)
	}
	rotated := a.RotaryDim
	if rotated == 0 {
		rotated = r.size
	}
	if rotated < 0 || rotated > r.size || rotated%2 != 0 {
		return nil, fmt.Errorf("rotary_embedding_dim = %d of heads of size %d", rotated, r.size)
	}
	r.half = rotated / 2
	all, err := loadAll(x, cos, sin)
	if err != nil {
		return nil, err
	}
	r.x, r.cos, r.sin = all[0], all[1], all[2]
	return r, r.checkTables(cos, sin, positions)
}

func (r *rotary) checkTables(cos, sin, positions *tensor.Tensor) error {
	want := []int{r.batch, r.length, r.half}
	if cos.Rank() == 3 && cos.Shape[0] == 1 {
		want[0] = 1
	}
	r.rows = want[0] * r.length
	if positions != nil {
		index, err := indexed(positions)
		if err != nil {
			return err
		}
		if !tensor.SameShape(positions.Shape, []int{r.batch, r.length}) || cos.Rank() != 2 {
			return fmt.Errorf("positions are %s and tables %s for %d·%d tokens", positions, cos, r.batch, r.length)
		}
		r.positions, r.rows = index, cos.Shape[0]
		want = []int{r.rows, r.half}
	}
	if !tensor.SameShape(cos.Shape, want) || !tensor.SameShape(sin.Shape, want) {
		return fmt.Errorf("tables are %s and %s, want %s", cos, sin, tensor.ShapeString(want))
	}
	return nil
}

// rotate rotates the pairs of one head: neighbours, or an element and the one
// half further.
func (r *rotary) rotate(head []float64, table int, interleaved bool) {
	for i := range r.half {
		first, second := i, i+r.half
		if interleaved {
			first, second = 2*i, 2*i+1
		}
		c, s := r.cos[table+i], r.sin[table+i]
		x, y := head[first], head[second]
		head[first] = float64(c*x) - float64(s*y)
		head[second] = float64(s*x) + float64(c*y)
	}
}

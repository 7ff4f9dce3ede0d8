package cpu

import "github.com/parallax-go/parallax/ir/tensor"

// columnTask is a softmax down the columns of matrices [n, inner]. Items are
// strips of columns.
type columnTask struct {
	ctx      *Ctx
	z, x     floats
	n, inner int
	strips   int // of a matrix
}

// columnStrip is how many columns an item has: a row of it is four cache lines.
const columnStrip = 64

// softmaxColumns is Softmax along an axis with inner elements behind it.
func (c *Ctx) softmaxColumns(z, x *tensor.Tensor, n, inner int) {
	z.Reset(x.DType, x.Shape...)
	if x.Len() == 0 {
		return
	}
	t := &c.columns
	*t = columnTask{c, floatsOf(z), floatsOf(x), n, inner, ceilDiv(inner, columnStrip)}
	items := x.Len() / (n * inner) * t.strips
	c.Pool.Do(items, c.cut(items, costRun+float64(n*min(inner, columnStrip))*(costSoftmax+2*t.x.narrowCost())), t)
}

// Do computes the strips lo ≤ i < hi.
func (t *columnTask) Do(lo, hi int) {
	var wide []float32
	if t.x.f32 == nil {
		wide = t.ctx.take(t.n * min(t.inner, columnStrip))
		defer t.ctx.put(wide)
	}
	for i := lo; i < hi; i++ {
		first := i % t.strips * columnStrip
		columns := min(columnStrip, t.inner-first)
		at := i/t.strips*t.n*t.inner + first
		if t.x.f32 != nil {
			z, x := t.z.f32[at:], t.x.f32[at:]
			vec.SoftmaxColumns(t.n, columns, grid(z, t.n, columns, t.inner), grid(x, t.n, columns, t.inner), t.inner)
			continue
		}
		for r := range t.n {
			t.x.load(wide[r*columns:][:columns], at+r*t.inner, columns)
		}
		vec.SoftmaxColumns(t.n, columns, grid(wide, t.n, columns, columns), ptr(wide), columns)
		for r := range t.n {
			t.z.store(at+r*t.inner, wide[r*columns:][:columns])
		}
	}
}

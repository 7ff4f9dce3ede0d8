package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// rotary is a task whose items are heads of tokens, in the order of x.
type rotary struct {
	ctx           *Ctx
	z, x          floats
	cos, sin      floats
	positions     *tensor.Tensor
	heads, length int
	tokensFirst   bool // x is [batch, length, heads, size], else [batch, heads, length, size]
	size, pairs   int
	rows          int // of the tables
	interleaved   bool
}

// RotaryEmbedding rotates pairs of elements of each head by the angles of the
// token's position, of f32, f16 or bf16. x is [batch, heads, length, size], or
// [batch, length, heads·size]; the tables are [position, pairs] with positions,
// and [batch or 1, length, pairs] without. Products and sums are rounded to f32
// each, as the operators that it stands for round them.
func RotaryEmbedding(c *Ctx, z *tensor.Tensor, a *attr.RotaryEmbedding, x, cos, sin, positions *tensor.Tensor) error {
	t := &c.rotary
	*t = rotary{ctx: c, positions: positions, interleaved: a.Interleaved}
	if !isFloat(x.DType) || cos.DType != x.DType || sin.DType != x.DType || !t.measure(a, x) || !t.fits(cos, sin, x.Shape[0]) {
		return fmt.Errorf("RotaryEmbedding: operands %s, %s, %s and positions %s with %d heads, the first %d elements of each",
			x, cos, sin, positions, a.Heads, a.RotaryDim)
	}
	z.Reset(x.DType, x.Shape...)
	t.z, t.x, t.cos, t.sin = floatsOf(z), floatsOf(x), floatsOf(cos), floatsOf(sin)
	if x.Len() > 0 {
		items := x.Len() / t.size
		c.Pool.Do(items, c.cut(items, costRun+float64(t.size)*(costRotate+2*t.x.narrowCost())), t)
	}
	return nil
}

// measure reads the sizes off x, and reports whether they are possible.
func (t *rotary) measure(a *attr.RotaryEmbedding, x *tensor.Tensor) bool {
	switch {
	case x.Rank() == 4:
		t.heads, t.length, t.size = x.Shape[1], x.Shape[2], x.Shape[3]
	case x.Rank() == 3 && a.Heads > 0 && x.Shape[2]%a.Heads == 0:
		t.heads, t.length, t.size, t.tokensFirst = a.Heads, x.Shape[1], x.Shape[2]/a.Heads, true
	default:
		return false
	}
	t.pairs = a.RotaryDim / 2
	if a.RotaryDim == 0 {
		t.pairs = t.size / 2
	}
	return a.RotaryDim >= 0 && a.RotaryDim%2 == 0 && 2*t.pairs <= t.size && (a.RotaryDim > 0 || t.size%2 == 0)
}

// fits reports whether the tables have a row for each token.
func (t *rotary) fits(cos, sin *tensor.Tensor, batch int) bool {
	if !tensor.SameShape(cos.Shape, sin.Shape) {
		return false
	}
	p := t.positions
	if p == nil {
		t.rows = elements(cos.Shape[:min(2, cos.Rank())])
		return cos.Rank() == 3 && cos.Shape[2] == t.pairs && cos.Shape[1] == t.length && (cos.Shape[0] == batch || cos.Shape[0] == 1)
	}
	if cos.Rank() != 2 || cos.Shape[1] != t.pairs || p.Rank() != 2 || p.Shape[0] != batch || p.Shape[1] != t.length || !p.DType.IsInt() {
		return false
	}
	t.rows = cos.Shape[0]
	for i := range p.Len() {
		if at := p.IntAt(i); at < -int64(t.rows) || at >= int64(t.rows) {
			return false
		}
	}
	return true
}

// row is that of the tables for a token.
func (t *rotary) row(token int) int {
	if t.positions == nil {
		return token % t.rows
	}
	at := int(t.positions.IntAt(token))
	if at < 0 {
		at += t.rows
	}
	return at
}

// token is that of an item.
func (t *rotary) token(item int) int {
	if t.tokensFirst {
		return item / t.heads
	}
	return item/(t.heads*t.length)*t.length + item%t.length
}

// Do rotates the items lo ≤ i < hi, those together whose rows of the tables are
// alike or follow each other: the heads of a token, or the tokens of a head.
func (t *rotary) Do(lo, hi int) {
	narrow := t.z.f32 == nil
	var scratch []float32
	if narrow {
		scratch = t.ctx.take(2 * (t.size + t.pairs))
		defer t.ctx.put(scratch)
	}
	for i := lo; i < hi; {
		token := t.token(i)
		row, items, step := t.row(token), 1, 0
		switch {
		case narrow:
		case t.tokensFirst:
			items = min(t.heads-i%t.heads, hi-i)
		case t.positions == nil:
			items, step = min(t.length-i%t.length, t.rows-row, hi-i), t.pairs
		}
		if narrow {
			t.widened(scratch, i, row)
		} else {
			n := items * t.size
			tables := row*t.pairs + (items-1)*step
			t.rotate(t.z.f32[i*t.size:][:n], t.x.f32[i*t.size:][:n], t.cos.f32[row*t.pairs:tables+t.pairs], t.sin.f32[row*t.pairs:tables+t.pairs], step)
		}
		i += items
	}
}

// widened rotates one item of elements of 16 bits.
func (t *rotary) widened(scratch []float32, item, row int) {
	z, x, cos, sin := scratch[:t.size], scratch[t.size:][:t.size], scratch[2*t.size:][:t.pairs], scratch[2*t.size+t.pairs:][:t.pairs]
	t.x.load(x, item*t.size, t.size)
	t.cos.load(cos, row*t.pairs, t.pairs)
	t.sin.load(sin, row*t.pairs, t.pairs)
	t.rotate(z, x, cos, sin, 0)
	t.z.store(item*t.size, z)
}

// rotate rotates whole items; the rows of the tables are step apart.
func (t *rotary) rotate(z, x, cos, sin []float32, step int) {
	items := len(x) / t.size
	rotated := 2 * t.pairs
	switch {
	case t.pairs == 0:
	case t.interleaved:
		whole := t.pairs / max(1, vec.Lanes/2) * max(1, vec.Lanes/2)
		vec.RotateNeighbours(items, whole, ptr(z), ptr(x), t.size, ptr(cos), ptr(sin), step)
		for i := range items {
			rest, at := i*t.size+2*whole, i*step+whole
			rotateNeighbours(z[rest:], x[rest:], cos[at:][:t.pairs-whole], sin[at:])
		}
	default:
		vec.RotateHalves(items, t.pairs, ptr(z), ptr(x), t.size, ptr(cos), ptr(sin), step)
	}
	if rotated < t.size {
		for i := range items {
			copy(z[i*t.size+rotated:][:t.size-rotated], x[i*t.size+rotated:])
		}
	}
}

func rotateNeighbours(z, x, cos, sin []float32) {
	for i, c := range cos {
		s, x, y := sin[i], x[2*i], x[2*i+1]
		z[2*i] = float32(c*x) - float32(s*y)
		z[2*i+1] = float32(c*y) + float32(s*x)
	}
}

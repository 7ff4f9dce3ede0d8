package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// arg finds where rows of n elements have their maximum. Tasks are ranges of rows.
type arg struct {
	ctx         *Ctx
	z           []int64
	x           floats
	n           int
	least, last bool
}

// argBlock is how many elements have a maximum of their own: it is looked for in
// one block alone.
const argBlock = 256

// ArgMax is the index of the maximum along the last axis, of f32, f16 or bf16: the
// first one, or the last with SelectLast. The first NaN counts as the maximum.
func ArgMax(c *Ctx, z *tensor.Tensor, a *attr.ArgReduce, x *tensor.Tensor) error {
	return c.arg("ArgMax", z, a, x, false)
}

// ArgMin is the index of the minimum, as ArgMax.
func ArgMin(c *Ctx, z *tensor.Tensor, a *attr.ArgReduce, x *tensor.Tensor) error {
	return c.arg("ArgMin", z, a, x, true)
}

func (c *Ctx) arg(name string, z *tensor.Tensor, a *attr.ArgReduce, x *tensor.Tensor, least bool) error {
	axis, ok := normalAxis(a.Axis, x.Rank())
	if !isFloat(x.DType) || !ok || axis != x.Rank()-1 || x.Rank() > maxRank {
		return fmt.Errorf("%s: operand %s and axis %d, want f32, f16 or bf16 and the last", name, x, a.Axis)
	}
	var shape [maxRank]int
	out := append(shape[:0], x.Shape[:axis]...)
	rows, n := elements(out), x.Shape[axis]
	if a.KeepDims {
		out = append(out, 1)
	}
	if n == 0 && rows > 0 {
		return fmt.Errorf("%s: axis %d of %s is empty", name, a.Axis, x)
	}
	z.Reset(tensor.Int64, out...)
	t := &c.argTask
	*t = arg{c, tensor.Data[int64](z), floatsOf(x), n, least, a.SelectLast}
	c.Pool.Do(rows, c.cut(rows, costRun+float64(n)*(costSum+t.x.narrowCost())), t)
	return nil
}

// Do computes the rows lo ≤ r < hi.
func (t *arg) Do(lo, hi int) {
	blocks := ceilDiv(t.n, argBlock)
	scratch := t.ctx.take(t.n + blocks + 1)
	wide, tops := scratch[:t.n], scratch[t.n:][:blocks+1]
	for r := lo; r < hi; r++ {
		x := t.x.load(wide, r*t.n, t.n)
		if t.least {
			neg(wide, x)
			x = wide
		}
		t.z[r] = int64(t.find(x, tops[:blocks], tops[blocks:]))
	}
	t.ctx.put(scratch)
}

// find is where x has its maximum; blocks and top are scratch.
func (t *arg) find(x, blocks, top []float32) int {
	whole := len(x) / argBlock
	vec.GreatestEach(whole, argBlock, ptr(blocks), ptr(x), argBlock)
	if rest := x[whole*argBlock:]; len(rest) > 0 {
		vec.GreatestEach(1, len(rest), ptr(blocks[whole:]), ptr(rest), len(rest))
	}
	vec.GreatestEach(1, len(blocks), ptr(top), ptr(blocks), len(blocks))
	b := t.place(blocks, top[0])
	at := b * argBlock
	return at + t.place(x[at:min(at+argBlock, len(x))], top[0])
}

// place is where x is v; if v is NaN, the first place where it is.
func (t *arg) place(x []float32, v float32) int {
	if t.last && v == v {
		i := len(x) - 1
		for x[i] != v {
			i--
		}
		return i
	}
	i := 0
	for x[i] != v && (v == v || x[i] == x[i]) {
		i++
	}
	return i
}

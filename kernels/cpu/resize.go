package cpu

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// resize samples one axis after the other.
type resize struct {
	resizePlan
	resampling
}

// resampling replaces the entries of an axis by sums of a few of them. Items are
// entries of the result, or where these are single elements, strips of lines.
type resampling struct {
	ctx     *Ctx
	z       floats
	x       []float32
	outer   int
	in, out int // entries
	inner   int // elements of one
	taps
}

// stripLines is how many lines are turned, so that their elements are entries of
// vectors.
const stripLines = 64

// Resize samples x at other sizes of the axes, of f32, f16 or bf16 in the forms that
// [CanResize] takes. Sums are f32 along each axis.
func Resize(c *Ctx, z *tensor.Tensor, a *attr.Resize, x, _, scales, sizes *tensor.Tensor) error {
	r := &c.resize
	err := CanResize(a)
	if err == nil {
		err = r.plan(a, x, scales, sizes)
	}
	if err != nil {
		return fmt.Errorf("Resize: %w", err)
	}
	var shape [maxRank]int
	copy(shape[:], x.Shape)
	for _, v := range r.axes[:r.count] {
		shape[v.axis] = v.out
	}
	if err := reset(z, x.DType, shape[:x.Rank()]); err != nil {
		return fmt.Errorf("Resize: %w", err)
	}
	switch {
	case z.Len() == 0:
		return nil
	case x.Len() == 0:
		return fmt.Errorf("Resize: %s is empty: there is nothing to sample", x)
	}
	copy(shape[:], x.Shape)
	r.run(c, z, a, x, shape[:x.Rank()])
	return nil
}

// run resizes the axes in order; shape is x's, and is changed to z's.
func (r *resize) run(c *Ctx, z *tensor.Tensor, a *attr.Resize, x *tensor.Tensor, shape []int) {
	list := slices.DeleteFunc(r.axes[:r.count], func(v resizedAxis) bool { return v.in == v.out && v.scale == 1 })
	if len(list) == 0 {
		copy(z.Bytes(), x.Bytes())
		return
	}
	// Axes that shrink come first, so that nothing between is larger than both the
	// operand and the result; then the last one, which costs most.
	slices.SortStableFunc(list, func(v, w resizedAxis) int { return cmp.Compare(v.turn(shape), w.turn(shape)) })
	t := &r.resampling
	t.ctx, t.x = c, floatsOf(x).f32
	var loan []float32
	if t.x == nil {
		loan = c.wide(floatsOf(x))
		t.x = loan
	}
	for i := range list {
		v := &list[i]
		t.find(v, a)
		t.outer, t.in, t.out, t.inner = elements(shape[:v.axis]), v.in, v.out, elements(shape[v.axis+1:])
		shape[v.axis] = v.out
		next := floatsOf(z)
		var room []float32
		if i < len(list)-1 {
			room = c.take(elements(shape))
			next = floats{f32: room}
		}
		t.z = next
		t.compute()
		if loan != nil {
			c.put(loan)
		}
		loan, t.x = room, room
	}
}

// turn is when an axis of x is resized: lower numbers first.
func (v *resizedAxis) turn(shape []int) int {
	if elements(shape[v.axis+1:]) == 1 {
		return 0
	}
	return v.out - v.in
}

// compute resizes the axis.
func (t *resampling) compute() {
	perEntry := float64(len(t.at)) / float64(t.out)
	items, cost := t.outer*t.out, perEntry*(costRun+costAdd*float64(t.inner))
	if t.inner == 1 {
		items, cost = ceilDiv(t.outer, stripLines), stripLines*(float64(t.in+t.out)*costTranspose+float64(len(t.at))*costAdd)
	}
	t.ctx.Pool.Do(items, t.ctx.cut(items, cost), t)
}

// Do computes the items lo ≤ i < hi.
func (t *resampling) Do(lo, hi int) {
	if t.inner == 1 {
		for i := lo; i < hi; i++ {
			t.strip(i*stripLines, min((i+1)*stripLines, t.outer))
		}
		return
	}
	var scratch []float32
	if t.z.f32 == nil {
		scratch = t.ctx.take(t.inner)
	}
	for i := lo; i < hi; i++ {
		from := t.x[i/t.out*t.in*t.inner:][:t.in*t.inner]
		if scratch == nil {
			t.sum(t.z.f32[i*t.inner:][:t.inner], from, i%t.out)
			continue
		}
		t.sum(scratch, from, i%t.out)
		t.z.store(i*t.inner, scratch)
	}
	if scratch != nil {
		t.ctx.put(scratch)
	}
}

// strip computes the lines lo ≤ i < hi of single elements.
func (t *resampling) strip(lo, hi int) {
	lines := hi - lo
	turned, sums := t.ctx.take(lines*t.in), t.ctx.take(lines*t.out)
	transpose(viewAs[uint32](turned), viewAs[uint32](t.x[lo*t.in:]), t.in, lines, t.in)
	for i := range t.out {
		t.sum(sums[i*lines:][:lines], turned, i)
	}
	if to := t.z.f32; to != nil {
		transpose(viewAs[uint32](to[lo*t.out:]), viewAs[uint32](sums), lines, t.out, lines)
	} else {
		back := t.ctx.take(lines * t.out)
		transpose(viewAs[uint32](back), viewAs[uint32](sums), lines, t.out, lines)
		t.z.store(lo*t.out, back)
		t.ctx.put(back)
	}
	t.ctx.put(turned)
	t.ctx.put(sums)
}

// sum sets z to entry i of the result from the entries of x, which have its length.
func (t *resampling) sum(z, x []float32, i int) {
	n := len(z)
	lo, hi := t.first[i], t.first[i+1]
	if lo == hi {
		clear(z)
		return
	}
	if from := x[t.at[lo]*n:][:n]; t.weights[lo] == 1 {
		copy(z, from)
	} else {
		mulVS(z, from, t.weights[lo])
	}
	for k := lo + 1; k < hi; k++ {
		vec.AddScaled(n, ptr(z), ptr(x[t.at[k]*n:][:n]), t.weights[k])
	}
}

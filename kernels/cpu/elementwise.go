package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// chain runs a program of elementwise instructions over blocks that stay in the
// first-level cache. Tasks are flat ranges of the result.
type chain struct {
	spread
	ctx   *Ctx
	code  *attr.Chain
	plan  chainPlan
	z     floats
	x     [attr.MaxChainOperands]floats
	where [attr.MaxChainOperands][]bool // of conditions
}

const (
	// chainBlock is how many elements a block has: eight blocks of f32 are 32 KiB.
	chainBlock = 1 << 10
	// chainRun is how long the innermost runs must be for each to have blocks of
	// its own, in which what is broadcast along it is one number. The operands of
	// shorter ones are spread out.
	chainRun = 64
)

// Elementwise computes a program of elementwise operators in f32; operands of
// f16 and bf16 are widened block by block, and the result is rounded once.
func Elementwise(c *Ctx, z *tensor.Tensor, a *attr.Elementwise, xs ...*tensor.Tensor) error {
	code, err := a.Chain()
	if err != nil {
		return fmt.Errorf("Elementwise: program: %w", err)
	}
	if len(xs) != code.Operands {
		return fmt.Errorf("Elementwise: %d operands for a program of %d", len(xs), code.Operands)
	}
	e := &c.chain
	if err := e.bind(xs...); err != nil {
		return fmt.Errorf("Elementwise: %w", err)
	}
	d := tensor.Invalid
	for i, x := range xs {
		e.x[i], e.where[i] = floats{}, nil
		switch {
		case code.Conditions[i] && x.DType == tensor.Bool:
			e.where[i] = tensor.Data[bool](x)
			continue
		case code.Conditions[i]:
			return fmt.Errorf("Elementwise: condition %d is %s, want bool", i, x)
		case d == tensor.Invalid && isFloat(x.DType):
			d = x.DType
		}
		if x.DType != d {
			return fmt.Errorf("Elementwise: operand %d is %s, want f32, f16 or bf16, all alike", i, x)
		}
		e.x[i] = floatsOf(x)
	}
	if err := reset(z, d, e.shape[:e.full]); err != nil {
		return fmt.Errorf("Elementwise: %w", err)
	}
	e.ctx, e.code, e.z = c, code, floatsOf(z)
	e.plan.write(code, e.singles())
	cost := costMove + e.z.narrowCost()*float64(1+len(xs))
	for _, s := range code.Steps {
		cost += chainOps[s.Op].cost
	}
	c.Pool.Do(e.total, ceilDiv(c.cut(e.total, cost), chainBlock)*chainBlock, e)
	return nil
}

// short reports whether runs have no blocks of their own.
func (e *chain) short() bool { return e.sizes[e.rank-1] < chainRun }

// singles are the operands that are one number in each block.
func (e *chain) singles() (list [attr.MaxChainOperands]bool) {
	for k := range e.count {
		if e.short() {
			list[k] = e.strides[k] == [maxRank]int{}
		} else {
			list[k] = e.inner(k) == 0
		}
	}
	return list
}

// Do computes the elements lo ≤ i < hi.
func (e *chain) Do(lo, hi int) {
	scratch := e.ctx.take((e.code.Registers+e.count)*chainBlock + 2)
	b := &chainBlocks{chain: e, scratch: scratch}
	b.prepare()
	if e.short() {
		for ; lo < hi; lo += chainBlock {
			n := min(chainBlock, hi-lo)
			b.spreadOut(lo, n)
			b.run(lo, n)
		}
	} else {
		e.each(lo, hi, func(at, n int, off [spreadMost]int) {
			for i := 0; i < n; i += chainBlock {
				m := min(chainBlock, n-i)
				b.load(off, i, m)
				b.run(at+i, m)
			}
		})
	}
	e.ctx.put(scratch)
}

// lane is what an argument is in a block: a vector, or one number if v is nil.
type lane struct {
	v []float32
	s float32
}

func (l lane) at(i int) float32 {
	if l.v == nil {
		return l.s
	}
	return l.v[i]
}

// either is x where the lane is not 0, and y where it is.
func (l lane) either(i int, x, y lane) float32 {
	if l.at(i) != 0 {
		return x.at(i)
	}
	return y.at(i)
}

// chainBlocks is one task's state: the operands and the results of a block.
type chainBlocks struct {
	*chain
	scratch  []float32
	at, n    int // of the block
	operands [attr.MaxChainOperands]lane
	numbers  [attr.MaxChainSteps]float32 // the results that are numbers
	steps    [3 * attr.MaxChainSteps]simd.Step
	moving   [3 * attr.MaxChainSteps]int // the steps that change from block to block
	changes  int                         // how many they are
}

// buffer is block k of the scratch memory: registers first, then operands.
func (b *chainBlocks) buffer(k int) []float32 { return b.scratch[k*chainBlock:][:chainBlock] }

func (b *chainBlocks) wide(operand int) []float32 { return b.buffer(b.code.Registers + operand) }

// load takes n elements of a run from its element i on; off is where the
// operands of the run begin.
func (b *chainBlocks) load(off [spreadMost]int, i, n int) {
	for k := range b.count {
		wide := b.wide(k)
		switch {
		case b.plan.single[k]:
			b.fetch(wide, k, off[k], 0, 1)
			b.operands[k] = lane{s: wide[0]}
		case b.where[k] != nil:
			b.fetch(wide, k, off[k]+i, 1, n)
			b.operands[k] = lane{v: wide[:n]}
		default:
			b.operands[k] = lane{v: b.x[k].load(wide, off[k]+i, n)}
		}
	}
}

// spreadOut takes n elements from at on of every operand, across short runs.
func (b *chainBlocks) spreadOut(at, n int) {
	for k := range b.count {
		wide := b.wide(k)
		b.operands[k] = lane{v: wide[:n]}
		if b.plan.single[k] {
			b.fetch(wide, k, 0, 0, 1)
			b.operands[k] = lane{s: wide[0]}
		}
	}
	b.each(at, at+n, func(from, m int, off [spreadMost]int) {
		for k := range b.count {
			if b.operands[k].v != nil {
				b.fetch(b.wide(k)[from-at:], k, off[k], b.inner(k), m)
			}
		}
	})
}

// fetch copies n elements of operand k that lie step apart.
func (b *chainBlocks) fetch(dst []float32, k, from, step, n int) {
	c := b.where[k]
	if c == nil {
		b.x[k].gather(dst, 1, from, step, n)
		return
	}
	for i := range n {
		dst[i] = 0
		if c[from+i*step] {
			dst[i] = 1
		}
	}
}

// prepare sets the steps but for what changes from block to block.
func (b *chainBlocks) prepare() {
	for i := range b.plan.count {
		s, from := &b.steps[i], &b.plan.steps[i]
		s.Op = from.op
		switch y := &from.y; {
		case y.Kind == attr.ChainNumber:
			s.Number = y.Number
		case y.Kind == attr.ChainResult && !b.plan.number[y.Index] && !b.isLast(y.Index):
			s.X = ptr(b.buffer(b.code.Steps[y.Index].Register))
		default:
			b.moving[b.changes] = i
			b.changes++
		}
	}
}

// run computes a block of n elements; the result's are from at on.
func (b *chainBlocks) run(at, n int) {
	b.at, b.n = at, n
	moving := b.moving[:b.changes]
	for i := range b.plan.calls[:b.plan.used] {
		c := &b.plan.calls[i]
		if c.from == c.to {
			b.instruction(c.instruction)
			continue
		}
		for ; len(moving) > 0 && moving[0] < c.to; moving = moving[1:] {
			s, y := &b.steps[moving[0]], b.arg(&b.plan.steps[moving[0]].y)
			s.X, s.Number = ptr(y.v), y.s
		}
		vec.Steps(n, c.to-c.from, ptr(b.steps[c.from:c.to]))
	}
	last := len(b.code.Steps) - 1
	z := b.result(last)
	if b.plan.number[last] {
		fillNumber(z, b.numbers[last])
	}
	if b.z.f32 == nil {
		b.z.store(at, z)
	}
}

func (b *chainBlocks) isLast(i int) bool { return i == len(b.code.Steps)-1 }

// result is where instruction i's result of the block goes, if it is no number.
func (b *chainBlocks) result(i int) []float32 {
	if b.isLast(i) && b.z.f32 != nil {
		return b.z.f32[b.at:][:b.n]
	}
	return b.buffer(b.code.Steps[i].Register)[:b.n]
}

func fillNumber(z []float32, v float32) {
	for i := range z {
		z[i] = v
	}
}

func (b *chainBlocks) arg(a *attr.ChainArg) lane {
	switch {
	case a.Kind == attr.ChainOperand:
		return b.operands[a.Index]
	case a.Kind == attr.ChainNumber:
		return lane{s: a.Number}
	case b.plan.number[a.Index]:
		return lane{s: b.numbers[a.Index]}
	}
	return lane{v: b.result(a.Index)}
}

// instruction computes instruction i by itself.
func (b *chainBlocks) instruction(i int) {
	s := &b.code.Steps[i]
	op, x := &chainOps[s.Op], b.arg(&s.Args[0])
	var y, z lane
	if len(s.Args) > 1 {
		y = b.arg(&s.Args[1])
	}
	if len(s.Args) > 2 {
		z = b.arg(&s.Args[2])
	}
	switch {
	case b.plan.number[i]:
		b.numbers[i] = b.number(op, x.s, y.s, z.s)
	case len(s.Args) == 3:
		choose(b.result(i), x, y, z)
	default:
		op.apply(b.result(i), x, y)
	}
}

// apply computes an instruction of which an argument is a vector.
func (op *chainOp) apply(z []float32, x, y lane) {
	switch {
	case op.pair == nil:
		op.v(z, x.v)
	case x.v == nil:
		op.pair.sv(z, x.s, y.v)
	case y.v == nil:
		op.pair.vs(z, x.v, y.s)
	default:
		op.pair.vv(z, x.v, y.v)
	}
}

// number computes an instruction of numbers, as vectors of one element.
func (b *chainBlocks) number(op *chainOp, x, y, z float32) float32 {
	if op.v == nil && op.pair == nil {
		return lane{s: x}.either(0, lane{s: y}, lane{s: z})
	}
	one := b.scratch[len(b.scratch)-2:]
	one[0] = x
	op.apply(one[1:], lane{v: one[:1]}, lane{s: y})
	return one[1]
}

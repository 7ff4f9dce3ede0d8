package cpu

import (
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// lane is what an argument is in a block: a vector, or one number if v is nil.
type lane struct {
	v []float32
	s float32
}

// elements are what the lane is made of, and how far apart they are: 0 or 1. A
// number is put into one.
func (l lane) elements(one *[1]float32) ([]float32, int) {
	if l.v != nil {
		return l.v, 1
	}
	one[0] = l.s
	return one[:], 0
}

// chainBlocks is one task's state: the operands and the results of a block.
type chainBlocks struct {
	*chain
	scratch  []float32
	at, n    int // of the block
	operands [attr.MaxChainOperands]lane
	// conditions are the operands that are conditions, and not one for the block.
	conditions [attr.MaxChainOperands][]bool
	numbers    [attr.MaxChainSteps]float32 // the results that are numbers
	steps      [3 * attr.MaxChainSteps]simd.Step
	moving     [3 * attr.MaxChainSteps]int // the steps that change from block to block
	changes    int                         // how many they are
}

// buffer is block k of the scratch memory: registers first, then operands.
func (b *chainBlocks) buffer(k int) []float32 { return b.scratch[k*chainBlock:][:chainBlock] }

func (b *chainBlocks) wide(operand int) []float32 { return b.buffer(b.code.Registers + operand) }

// load takes n elements of a run from its element i on; off is where the
// operands of the run begin.
func (b *chainBlocks) load(off [spreadMost]int, i, n int) {
	for k := range b.count {
		switch {
		case b.plan.single[k]:
			b.operands[k] = lane{s: b.single(k, off[k])}
		case b.where[k] != nil:
			b.conditions[k] = b.where[k][off[k]+i:][:n]
		default:
			b.operands[k] = lane{v: b.x[k].load(b.wide(k), off[k]+i, n)}
		}
	}
}

// spreadOut takes n elements from at on of every operand, across short runs.
func (b *chainBlocks) spreadOut(at, n int) {
	for k := range b.count {
		wide, r := b.wide(k), &b.runs[k]
		_, step := r.run()
		switch {
		case b.plan.single[k]:
			b.operands[k] = lane{s: b.single(k, 0)}
		case b.where[k] != nil && r.isWhole():
			b.conditions[k] = b.where[k][at:][:n]
		case b.where[k] != nil:
			b.conditions[k] = viewAs[bool](wide)[:n]
			r.grids(at, n, func(g runGrid) {
				for i := range g.rows {
					copyOrFill(b.conditions[k][g.at-at+i*g.n:][:g.n], b.where[k][g.from+i*g.pitch:], step)
				}
			})
		case r.isWhole():
			b.operands[k] = lane{v: b.x[k].load(wide, at, n)}
		default:
			b.operands[k] = lane{v: wide[:n]}
			r.grids(at, n, func(g runGrid) { b.x[k].rows(wide[g.at-at:], g, step) })
		}
	}
}

// single is element i of operand k; a condition is 0 or 1.
func (b *chainBlocks) single(k, i int) float32 {
	if c := b.where[k]; c != nil {
		if c[i] {
			return 1
		}
		return 0
	}
	var one [1]float32
	b.x[k].gather(one[:], 1, i, 0, 1)
	return one[0]
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
		fillWith(z, b.numbers[last])
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
		b.choose(b.result(i), s.Args[0].Index, y, z)
	default:
		op.apply(b.result(i), x, y)
	}
}

// choose is where, whose condition is operand k.
func (b *chainBlocks) choose(z []float32, k int, x, y lane) {
	var one, other [1]float32
	xs, sx := x.elements(&one)
	ys, sy := y.elements(&other)
	switch {
	case !b.plan.single[k]:
		choose32(z, b.conditions[k], xs, ys, sx, sy)
	case b.operands[k].s != 0:
		copyOrFill(z, xs, sx)
	default:
		copyOrFill(z, ys, sy)
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
		if x != 0 {
			return y
		}
		return z
	}
	one := b.scratch[len(b.scratch)-2:]
	one[0] = x
	op.apply(one[1:], lane{v: one[:1]}, lane{s: y})
	return one[1]
}

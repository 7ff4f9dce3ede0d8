package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
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
	runs  [attr.MaxChainOperands]axes
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
		e.x[i], e.where[i], e.runs[i] = floats{}, nil, e.runsOf(i)
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

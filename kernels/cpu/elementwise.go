package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// chain runs a program of elementwise instructions over blocks that stay in the
// first-level cache: each instruction is one call per block. Tasks are flat
// ranges of the result.
type chain struct {
	spread
	ctx   *Ctx
	code  *attr.Chain
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
	weight := 1
	for _, s := range code.Steps {
		weight += chainOps[s.Op].weight
	}
	// Each element is read and written once, whatever the program is.
	c.Pool.Do(e.total, max(chainBlock, 4*grain/(3+weight)), e)
	return nil
}

// Do computes the elements lo ≤ i < hi.
func (e *chain) Do(lo, hi int) {
	scratch := e.ctx.take((e.code.Registers+e.count)*chainBlock + 2)
	b := &chainBlocks{chain: e, scratch: scratch}
	if e.sizes[e.rank-1] < chainRun {
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

// chainBlocks is one task's state: the operands and the results of a block.
type chainBlocks struct {
	*chain
	scratch  []float32
	operands [attr.MaxChainOperands]lane
	results  [attr.MaxChainSteps]lane // by register
}

// buffer is block k of the scratch memory: registers first, then operands.
func (b *chainBlocks) buffer(k int) []float32 { return b.scratch[k*chainBlock:][:chainBlock] }

func (b *chainBlocks) wide(operand int) []float32 { return b.buffer(b.code.Registers + operand) }

// load takes n elements of a run from its element i on; off is where the
// operands of the run begin.
func (b *chainBlocks) load(off [spreadMost]int, i, n int) {
	for k := range b.count {
		step, wide := b.inner(k), b.wide(k)
		switch {
		case step == 0:
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
		if b.strides[k] == [maxRank]int{} {
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

// run computes a block of n elements; the result's are from at on.
func (b *chainBlocks) run(at, n int) {
	last := len(b.code.Steps) - 1
	for i := range b.code.Steps {
		s := &b.code.Steps[i]
		to := b.buffer(s.Register)[:n]
		if i == last && b.z.f32 != nil {
			to = b.z.f32[at:][:n]
		}
		b.results[s.Register] = b.step(s, to)
	}
	z := b.results[b.code.Steps[last].Register]
	if z.v == nil { // the result is one number here
		z.v = b.buffer(b.code.Registers)[:n]
		fillNumber(z.v, z.s)
	} else if b.z.f32 != nil {
		return
	}
	b.z.store(at, z.v)
}

func fillNumber(z []float32, v float32) {
	for i := range z {
		z[i] = v
	}
}

func (b *chainBlocks) arg(a *attr.ChainArg) lane {
	switch a.Kind {
	case attr.ChainOperand:
		return b.operands[a.Index]
	case attr.ChainResult:
		return b.results[a.Register]
	}
	return lane{s: a.Number}
}

// step computes one instruction: into z, or as one number where all its
// arguments are.
func (b *chainBlocks) step(s *attr.ChainStep, z []float32) lane {
	op := &chainOps[s.Op]
	x := b.arg(&s.Args[0])
	if len(s.Args) == 3 {
		return b.choice(x, b.arg(&s.Args[1]), b.arg(&s.Args[2]), z)
	}
	var y lane
	if op.pair != nil {
		y = b.arg(&s.Args[1])
	}
	single := x.v == nil && y.v == nil
	if single { // the vectors are of one element
		one := b.scratch[len(b.scratch)-2:]
		one[0] = x.s
		x.v, z = one[:1], one[1:]
	}
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
	if single {
		return lane{s: z[0]}
	}
	return lane{v: z}
}

// choice is where; a condition that is one number takes one of its lanes.
func (b *chainBlocks) choice(c, x, y lane, z []float32) lane {
	switch {
	case c.v != nil:
		choose(z, c.v, x, y)
		return lane{v: z}
	case c.s != 0:
		y = x
	}
	if y.v == nil {
		return y
	}
	copy(z, y.v)
	return lane{v: z}
}

package cpu

import (
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// chainPlan is how a program runs on each block. Instructions that follow each
// other and have steps are one call, in which results that only the next one reads
// stay in registers.
type chainPlan struct {
	calls [attr.MaxChainSteps]chainCall
	used  int // of calls
	steps [3 * attr.MaxChainSteps]chainStep
	count int
	// single and number are the operands and the results that are one number in a
	// block.
	single [attr.MaxChainOperands]bool
	number [attr.MaxChainSteps]bool

	// While it is written:
	later [attr.MaxChainSteps]bool // the results that another instruction than the next one reads
	begin int                      // of the steps that are no call yet
	held  int                      // the instruction whose result their accumulator holds; −1: there are none
}

// chainCall is one instruction, or the steps of several.
type chainCall struct {
	instruction int
	from, to    int // steps, if any
}

// chainStep is a step and what it is of: an operand, a result or a number.
type chainStep struct {
	op simd.StepOp
	y  attr.ChainArg
}

// accumulates is an instruction as steps, by which of its arguments is y.
type accumulates struct{ second, first simd.StepOp }

var (
	addSteps = &accumulates{simd.StepAdd, simd.StepAdd}
	subSteps = &accumulates{simd.StepSub, simd.StepSubFrom}
	mulSteps = &accumulates{simd.StepMul, simd.StepMul}
	divSteps = &accumulates{simd.StepDiv, simd.StepDivInto}
	maxSteps = &accumulates{simd.StepMax, simd.StepMaxOf}
	minSteps = &accumulates{simd.StepMin, simd.StepMinOf}
)

// write plans a program; single are the operands that are one number in a block.
func (p *chainPlan) write(code *attr.Chain, single [attr.MaxChainOperands]bool) {
	*p = chainPlan{single: single, later: laterReaders(code), held: -1}
	for i := range code.Steps {
		s := &code.Steps[i]
		p.number[i] = true
		for k := range s.Args {
			p.number[i] = p.number[i] && p.isNumber(&s.Args[k])
		}
		if ops := chainOps[s.Op].steps; ops != nil && !p.number[i] {
			p.gather(i, ops, s.Args)
			continue
		}
		p.finish()
		p.call(chainCall{instruction: i})
	}
	p.finish()
}

// gather appends the steps of instruction i.
func (p *chainPlan) gather(i int, ops *accumulates, args []attr.ChainArg) {
	left, right := p.holds(&args[0]), p.holds(&args[1])
	if p.held >= 0 && (p.later[p.held] || left == right) {
		p.store()
	}
	switch {
	case left:
		p.step(ops.second, args[1])
	case right:
		p.step(ops.first, args[0])
	default:
		p.step(simd.StepLoad, args[0])
		p.step(ops.second, args[1])
	}
	p.held = i
}

// finish makes the steps that are no call yet one.
func (p *chainPlan) finish() {
	if p.held < 0 {
		return
	}
	p.store()
	p.call(chainCall{from: p.begin, to: p.count})
	p.begin, p.held = p.count, -1
}

// store appends the step that writes what the accumulator holds.
func (p *chainPlan) store() {
	p.append(simd.StepStore, attr.ChainArg{Kind: attr.ChainResult, Index: p.held})
}

// holds reports whether the accumulator is the argument.
func (p *chainPlan) holds(a *attr.ChainArg) bool {
	return p.held >= 0 && a.Kind == attr.ChainResult && a.Index == p.held
}

// step appends a step of y.
func (p *chainPlan) step(op simd.StepOp, y attr.ChainArg) {
	if p.isNumber(&y) {
		op = op.OfNumber()
	}
	p.append(op, y)
}

func (p *chainPlan) append(op simd.StepOp, y attr.ChainArg) {
	p.steps[p.count] = chainStep{op, y}
	p.count++
}

func (p *chainPlan) call(c chainCall) {
	p.calls[p.used] = c
	p.used++
}

func (p *chainPlan) isNumber(a *attr.ChainArg) bool {
	switch a.Kind {
	case attr.ChainOperand:
		return p.single[a.Index]
	case attr.ChainResult:
		return p.number[a.Index]
	}
	return true
}

// laterReaders finds the results that another instruction than the next one reads.
func laterReaders(code *attr.Chain) (later [attr.MaxChainSteps]bool) {
	for i := range code.Steps {
		for _, a := range code.Steps[i].Args {
			if a.Kind == attr.ChainResult && a.Index != i-1 {
				later[a.Index] = true
			}
		}
	}
	return later
}

package attr

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
)

// Elementwise is of the fused node of elementwise operators. Program says what
// is computed for each element, operands broadcast against each other:
//
//	t0=mul(x0,x1);t1=silu(t0);add(t1,0.5)
//
// x0, x1, … are the operands, t0, t1, … the results of earlier instructions,
// and numbers are of f32. The last instruction gives the result and has no name.
// Every operand and every result is used. Arithmetic is in f32, each result
// rounded to it; the last one is rounded to the type of the operands. The first
// argument of where is a condition: its operand is of booleans.
type Elementwise struct {
	Program string `attr:"program"`

	parsed atomic.Pointer[Chain]
}

// Equal reports whether both have the same program.
func (a *Elementwise) Equal(b *Elementwise) bool { return a.Program == b.Program }

// Bounds of a program: what fits the first-level cache with room to spare.
const (
	MaxChainOperands = 8
	MaxChainSteps    = 32
)

// Chain is a program that has been read.
type Chain struct {
	Steps    []ChainStep
	Operands int
	// Conditions tells, by operand, which are of booleans.
	Conditions [MaxChainOperands]bool
	// Registers is how many results are wanted at once.
	Registers int
}

// ChainStep is one instruction. A result that is not wanted any more leaves its
// register to a later step; no step has its result in the register of an
// argument.
type ChainStep struct {
	Op       ChainOp
	Args     []ChainArg
	Register int
}

// ChainArg is an argument: operand Index, the result of step Index, or a number.
type ChainArg struct {
	Kind     ChainKind
	Index    int
	Number   float32
	Register int // of a result
}

// ChainKind tells arguments apart.
type ChainKind uint8

// The kinds of arguments.
const (
	ChainOperand ChainKind = iota
	ChainResult
	ChainNumber
)

// ChainOp is an instruction's function.
type ChainOp uint8

// The functions, named for the operators they are.
const (
	ChainAdd ChainOp = iota
	ChainSub
	ChainMul
	ChainDiv
	ChainPow
	ChainMin
	ChainMax
	ChainNeg
	ChainAbs
	ChainRelu
	ChainSqrt
	ChainReciprocal
	ChainExp
	ChainTanh
	ChainErf
	ChainSigmoid
	ChainGelu
	ChainGeluTanh
	ChainSilu
	ChainQuickGelu // x·sigmoid(1.702x)
	ChainHardSwish
	ChainSin
	ChainCos
	ChainLog
	ChainAsin
	ChainAcos
	ChainAtan
	ChainSoftplus
	ChainMish
	ChainSoftsign
	ChainSign
	ChainFloor
	ChainCeil
	ChainRound
	ChainWhere

	ChainOps = int(ChainWhere) + 1
)

// QuickGeluAlpha is the factor of x in QuickGelu's sigmoid.
const QuickGeluAlpha = 1.702

var chainForms = [ChainOps]struct {
	name string
	args int
}{
	ChainAdd: {"add", 2}, ChainSub: {"sub", 2}, ChainMul: {"mul", 2}, ChainDiv: {"div", 2}, ChainPow: {"pow", 2},
	ChainMin: {"min", 2}, ChainMax: {"max", 2},
	ChainNeg: {"neg", 1}, ChainAbs: {"abs", 1}, ChainRelu: {"relu", 1}, ChainSqrt: {"sqrt", 1}, ChainReciprocal: {"reciprocal", 1},
	ChainExp: {"exp", 1}, ChainTanh: {"tanh", 1}, ChainErf: {"erf", 1}, ChainSigmoid: {"sigmoid", 1},
	ChainGelu: {"gelu", 1}, ChainGeluTanh: {"gelu_tanh", 1}, ChainSilu: {"silu", 1}, ChainQuickGelu: {"quick_gelu", 1},
	ChainHardSwish: {"hard_swish", 1}, ChainSin: {"sin", 1}, ChainCos: {"cos", 1},
	ChainLog: {"log", 1}, ChainAsin: {"asin", 1}, ChainAcos: {"acos", 1}, ChainAtan: {"atan", 1}, ChainSoftplus: {"softplus", 1}, ChainMish: {"mish", 1},
	ChainSoftsign: {"softsign", 1}, ChainSign: {"sign", 1}, ChainFloor: {"floor", 1}, ChainCeil: {"ceil", 1}, ChainRound: {"round", 1},
	ChainWhere: {"where", 3},
}

// String is the function's name in a program.
func (o ChainOp) String() string { return chainForms[o].name }

// Arity is the number of the function's arguments.
func (o ChainOp) Arity() int { return chainForms[o].args }

// String prints the argument as programs hold it.
func (a ChainArg) String() string {
	switch a.Kind {
	case ChainOperand:
		return "x" + strconv.Itoa(a.Index)
	case ChainResult:
		return "t" + strconv.Itoa(a.Index)
	}
	return strconv.FormatFloat(float64(a.Number), 'g', -1, 32)
}

// String prints the program in the one form that is read.
func (c *Chain) String() string {
	var b strings.Builder
	for i, s := range c.Steps {
		if i > 0 {
			b.WriteByte(';')
		}
		if i < len(c.Steps)-1 {
			fmt.Fprintf(&b, "t%d=", i)
		}
		b.WriteString(s.Op.String())
		for k, a := range s.Args {
			b.WriteByte("(,"[min(k, 1)])
			b.WriteString(a.String())
		}
		b.WriteByte(')')
	}
	return b.String()
}

// Chain returns the program, which is read once.
func (a *Elementwise) Chain() (*Chain, error) {
	if c := a.parsed.Load(); c != nil {
		return c, nil
	}
	c, err := ParseChain(a.Program)
	if err == nil {
		a.parsed.Store(c)
	}
	return c, err
}

// ParseChain reads a program.
func ParseChain(text string) (*Chain, error) {
	c := &Chain{}
	for i, part := range strings.Split(text, ";") {
		if i >= MaxChainSteps {
			return nil, fmt.Errorf("the program has more than %d instructions", MaxChainSteps)
		}
		s, err := parseStep(strings.TrimPrefix(part, fmt.Sprintf("t%d=", i)), i)
		if err != nil {
			return nil, fmt.Errorf("instruction %d, %q: %w", i, part, err)
		}
		c.Steps = append(c.Steps, s)
	}
	if err := c.finish(); err != nil {
		return nil, err
	}
	if again := c.String(); again != text {
		return nil, fmt.Errorf("the program is not in its one form: %q, want %q", text, again)
	}
	return c, nil
}

// parseStep reads "mul(x0,t1)", instruction number at.
func parseStep(text string, at int) (ChainStep, error) {
	name, list, opened := strings.Cut(text, "(")
	list, closed := strings.CutSuffix(list, ")")
	if !opened || !closed {
		return ChainStep{}, fmt.Errorf("want function(arguments)")
	}
	for op, form := range chainForms {
		if form.name != name {
			continue
		}
		s := ChainStep{Op: ChainOp(op)}
		for _, word := range strings.Split(list, ",") {
			a, err := parseArg(word, at)
			if err != nil {
				return s, err
			}
			s.Args = append(s.Args, a)
		}
		if len(s.Args) != form.args {
			return s, fmt.Errorf("%d arguments, want %d", len(s.Args), form.args)
		}
		return s, nil
	}
	return ChainStep{}, fmt.Errorf("there is no function %q", name)
}

func parseArg(word string, at int) (ChainArg, error) {
	if word == "" {
		return ChainArg{}, fmt.Errorf("an argument is empty")
	}
	switch kind, limit := word[0], at; kind {
	case 'x', 't':
		a := ChainArg{Kind: ChainResult}
		if kind == 'x' {
			a.Kind, limit = ChainOperand, MaxChainOperands
		}
		n, err := strconv.Atoi(word[1:])
		if err != nil || n < 0 || n >= limit {
			return a, fmt.Errorf("argument %q is not among the first %d", word, limit)
		}
		a.Index = n
		return a, nil
	}
	v, err := strconv.ParseFloat(word, 32)
	if err != nil {
		return ChainArg{}, fmt.Errorf("argument %q is no operand, result or number", word)
	}
	return ChainArg{Kind: ChainNumber, Number: float32(v)}, nil
}

// finish checks that everything is used, and gives registers to the results.
func (c *Chain) finish() error {
	var seen, number [MaxChainOperands]bool
	last := make([]int, len(c.Steps)) // the step that reads each result last
	for i, s := range c.Steps {
		for k, a := range s.Args {
			condition := s.Op == ChainWhere && k == 0
			switch {
			case a.Kind == ChainResult:
				last[a.Index] = i
			case a.Kind == ChainOperand:
				c.Operands = max(c.Operands, a.Index+1)
				seen[a.Index] = true
				c.Conditions[a.Index] = c.Conditions[a.Index] || condition
				number[a.Index] = number[a.Index] || !condition
			}
			if condition && a.Kind != ChainOperand {
				return fmt.Errorf("the condition %s of instruction %d is no operand", a, i)
			}
		}
	}
	numbers := false
	for i := range c.Operands {
		switch {
		case !seen[i]:
			return fmt.Errorf("operand x%d is not used", i)
		case c.Conditions[i] && number[i]:
			return fmt.Errorf("operand x%d is both a condition and a number", i)
		}
		numbers = numbers || number[i]
	}
	if !numbers {
		return fmt.Errorf("the program has no operand of numbers")
	}
	return c.allot(last)
}

// allot gives each result the first register that is free.
func (c *Chain) allot(last []int) error {
	var until [MaxChainSteps]int // the step from which on a register is free
	for i := range c.Steps {
		s := &c.Steps[i]
		if i < len(c.Steps)-1 && last[i] == 0 {
			return fmt.Errorf("the result t%d is not used", i)
		}
		for k, a := range s.Args {
			if a.Kind == ChainResult {
				s.Args[k].Register = c.Steps[a.Index].Register
			}
		}
		for until[s.Register] > i {
			s.Register++
		}
		until[s.Register] = last[i] + 1
		c.Registers = max(c.Registers, s.Register+1)
	}
	return nil
}

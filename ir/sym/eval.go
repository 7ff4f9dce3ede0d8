package sym

import (
	"errors"
	"fmt"
	"math"
)

// Reasons for which an expression has no value; match them with errors.Is.
var (
	ErrUnbound        = errors.New("unbound symbol")
	ErrNegative       = errors.New("negative dimension")
	ErrDivisionByZero = errors.New("division by zero")
	ErrOverflow       = errors.New("integer overflow")
	ErrBroadcast      = errors.New("sizes can't be broadcast")
	ErrNoSolution     = errors.New("no solution")
)

// EvalError says why a dim has no value. It unwraps to one of the sentinels.
type EvalError struct {
	Dim    Dim
	Symbol string // the symbol to blame for ErrUnbound and ErrNegative
	Err    error
}

func (e *EvalError) Error() string {
	if e.Symbol != "" {
		return fmt.Sprintf("dimension %s: %v %s", e.Dim, e.Err, quoteName(e.Symbol))
	}
	return fmt.Sprintf("dimension %s: %v", e.Dim, e.Err)
}

func (e *EvalError) Unwrap() error { return e.Err }

// Bindings gives symbols their values.
type Bindings map[string]int64

// Eval returns the value of d. Errors are *EvalError: a symbol without a
// binding, a negative size, a division by zero, a broadcast of different sizes,
// an overflow of int64 at any step of the canonical form.
func (d Dim) Eval(b Bindings) (int64, error) {
	if d.p == nil {
		return d.c, nil
	}
	p := d.program()
	var buf [8]int64
	vals := buf[:0]
	for _, s := range p.syms {
		v, ok := b[s.name]
		switch {
		case !ok:
			return 0, &EvalError{d, s.name, ErrUnbound}
		case v < 0 && !s.signed:
			return 0, &EvalError{d, s.name, ErrNegative}
		}
		vals = append(vals, v)
	}
	v, err := p.run(vals)
	if err != nil {
		return 0, &EvalError{Dim: d, Err: err}
	}
	return v, nil
}

// Compile returns a function that evaluates d against a slice of symbol values,
// where index says which element holds a symbol. The function is safe for
// concurrent use and does not allocate; the slice must be long enough for every
// index. It fails with ErrDivisionByZero,
// ErrOverflow or ErrBroadcast, and trusts that sizes are not negative. Compile
// itself fails with an *EvalError (ErrUnbound) for a symbol whose index is
// negative.
func (d Dim) Compile(index func(name string) int) (func(vals []int64) (int64, error), error) {
	if d.p == nil {
		return func([]int64) (int64, error) { return d.c, nil }, nil
	}
	p := d.program()
	at := make([]int64, len(p.syms))
	for i, s := range p.syms {
		if at[i] = int64(index(s.name)); at[i] < 0 {
			return nil, &EvalError{d, s.name, ErrUnbound}
		}
	}
	if _, ok := d.IsSymbol(); ok {
		i := at[0]
		return func(vals []int64) (int64, error) { return vals[i], nil }, nil
	}
	linked := &program{steps: append([]step(nil), p.steps...)}
	for i, s := range linked.steps {
		if s.op == opSymbol {
			linked.steps[i].k = at[s.k]
		}
	}
	return linked.run, nil
}

// Solve finds the value of the one symbol of d that b leaves open, so that
// d == want: it binds inputs declared as past + seq. The symbol must occur
// linearly. When b leaves nothing open, Solve checks want and returns no name.
// Errors are *SolveError (ErrNoSolution, or ErrUnbound when more than one symbol
// is open) or the *EvalError of a d that has no value.
func Solve(want int64, d Dim, b Bindings) (name string, value int64, err error) {
	known := make(map[string]Dim, len(b))
	for n, v := range b {
		known[n] = Const(v)
	}
	open := d.Subst(known)
	switch names := open.Symbols(); {
	case len(names) == 0:
		return "", 0, checkValue(want, d, b)
	case len(names) > 1:
		return "", 0, &SolveError{want, d, fmt.Sprintf("more than one symbol is open: %q", names), ErrUnbound}
	}
	k, c, ok := open.linear()
	if !ok {
		return "", 0, &SolveError{want, d, fmt.Sprintf("%s is not linear", open), ErrNoSolution}
	}
	name = open.Symbols()[0]
	diff, fits := addOK(want, -c)
	if !fits || c == math.MinInt64 || diff%k != 0 || (k == -1 && diff == math.MinInt64) {
		return "", 0, &SolveError{want, d, fmt.Sprintf("no integer %s makes %s equal to it", quoteName(name), open), ErrNoSolution}
	}
	value = diff / k
	if value < 0 && !open.program().syms[0].signed {
		return "", 0, &SolveError{want, d, fmt.Sprintf("%s would be %d", quoteName(name), value), ErrNoSolution}
	}
	return name, value, nil
}

// SolveError says why a dim can't have the wanted value.
type SolveError struct {
	Want   int64
	Dim    Dim
	Reason string
	Err    error
}

func (e *SolveError) Error() string {
	return fmt.Sprintf("dimension %s can't be %d: %s", e.Dim, e.Want, e.Reason)
}

func (e *SolveError) Unwrap() error { return e.Err }

func checkValue(want int64, d Dim, b Bindings) error {
	got, err := d.Eval(b)
	if err != nil {
		return err
	}
	if got != want {
		return &SolveError{want, d, fmt.Sprintf("it is %d", got), ErrNoSolution}
	}
	return nil
}

// linear returns k and c when d is k*symbol + c.
func (d Dim) linear() (k, c int64, ok bool) {
	ts := d.p.terms
	if len(ts) > 2 || degree(ts[0].f) != 1 || ts[0].f[0].a.op > opSigned {
		return 0, 0, false
	}
	if len(ts) == 2 {
		if len(ts[1].f) != 0 {
			return 0, 0, false
		}
		c = ts[1].k
	}
	return ts[0].k, c, true
}

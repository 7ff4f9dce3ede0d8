package sym

import "sync"

// program is an expression as straight-line code: step i fills register i, and
// the last one holds the value. A subterm that occurs twice is one step, so its
// length is that of the expression with sharing.
type program struct {
	steps []step
	syms  []symbolRef // each name once
}

// step applies op to registers a and b. k is the constant of opConst and the
// number of the symbol of opSymbol.
type step struct {
	op   opcode
	a, b int32
	k    int64
}

type symbolRef struct {
	name   string
	signed bool
}

// program returns the code of a non-constant d, built once.
func (d Dim) program() *program {
	if p := d.p.prog.Load(); p != nil {
		return p
	}
	b := assembler{atoms: map[*atom]int32{}, consts: map[int64]int32{}, names: map[string]int64{}}
	b.dim(d)
	p := &b.program
	d.p.prog.Store(p)
	return p
}

type assembler struct {
	program
	atoms  map[*atom]int32
	consts map[int64]int32
	names  map[string]int64
}

func (b *assembler) emit(s step) int32 {
	b.steps = append(b.steps, s)
	return int32(len(b.steps) - 1)
}

func (b *assembler) constant(k int64) int32 {
	r, ok := b.consts[k]
	if !ok {
		r = b.emit(step{op: opConst, k: k})
		b.consts[k] = r
	}
	return r
}

// dim leaves the value of d in the returned register.
func (b *assembler) dim(d Dim) int32 {
	if d.p == nil {
		return b.constant(d.c)
	}
	sum := int32(-1)
	for _, t := range d.p.terms {
		r := b.term(t)
		if sum >= 0 {
			r = b.emit(step{op: opAdd, a: sum, b: r})
		}
		sum = r
	}
	return sum
}

func (b *assembler) term(t term) int32 {
	product := int32(-1)
	if t.k != 1 || len(t.f) == 0 {
		product = b.constant(t.k)
	}
	for _, f := range t.f {
		x := b.atom(f.a)
		for range f.n {
			if product < 0 {
				product = x
				continue
			}
			product = b.emit(step{op: opMul, a: product, b: x})
		}
	}
	return product
}

func (b *assembler) atom(a *atom) int32 {
	if r, ok := b.atoms[a]; ok {
		return r
	}
	var r int32
	switch a.op {
	case opSymbol, opSigned:
		r = b.emit(step{op: opSymbol, k: b.symbol(a)})
	default:
		r = b.dim(a.args[0])
		for _, arg := range a.args[1:] {
			next := b.dim(arg)
			r = b.emit(step{op: a.op, a: r, b: next})
		}
	}
	b.atoms[a] = r
	return r
}

func (b *assembler) symbol(a *atom) int64 {
	i, ok := b.names[a.name]
	if !ok {
		i = int64(len(b.syms))
		b.names[a.name] = i
		b.syms = append(b.syms, symbolRef{name: a.name, signed: true})
	}
	if a.op == opSymbol { // a name used both ways is a size
		b.syms[i].signed = false
	}
	return i
}

// stackRegisters is how many registers a run keeps on the stack.
const stackRegisters = 32

var registerPool = sync.Pool{New: func() any { return new([]int64) }}

// run evaluates with vals in the order of p.syms. It fails with a sentinel.
func (p *program) run(vals []int64) (int64, error) {
	if len(p.steps) <= stackRegisters {
		var regs [stackRegisters]int64
		return p.runIn(regs[:len(p.steps)], vals)
	}
	regs := registerPool.Get().(*[]int64)
	if len(*regs) < len(p.steps) {
		*regs = make([]int64, len(p.steps))
	}
	v, err := p.runIn((*regs)[:len(p.steps)], vals)
	registerPool.Put(regs)
	return v, err
}

func (p *program) runIn(regs, vals []int64) (int64, error) {
	for i, s := range p.steps {
		var v int64
		ok := true
		switch s.op {
		case opConst:
			v = s.k
		case opSymbol:
			v = vals[s.k]
		case opAdd:
			v, ok = addOK(regs[s.a], regs[s.b])
		case opMul:
			v, ok = mulOK(regs[s.a], regs[s.b])
		case opMin:
			v = min(regs[s.a], regs[s.b])
		case opMax:
			v = max(regs[s.a], regs[s.b])
		case opFloorDiv:
			v, ok = floorDivOK(regs[s.a], regs[s.b])
		case opCeilDiv:
			v, ok = ceilDivOK(regs[s.a], regs[s.b])
		case opBroadcast:
			if v, ok = broadcastOK(regs[s.a], regs[s.b]); !ok {
				return 0, ErrBroadcast
			}
		}
		if !ok {
			if s.op >= opFloorDiv && s.op <= opCeilDiv && regs[s.b] == 0 {
				return 0, ErrDivisionByZero
			}
			return 0, ErrOverflow
		}
		regs[i] = v
	}
	return regs[len(regs)-1], nil
}

// Subst replaces symbols by dims, all at once, and simplifies again.
func (d Dim) Subst(m map[string]Dim) Dim {
	if d.p == nil || len(m) == 0 {
		return d
	}
	p := d.program()
	vals := make([]Dim, len(p.syms))
	touched := false
	for i, s := range p.syms {
		by, ok := m[s.name]
		touched = touched || ok
		switch {
		case ok:
			vals[i] = by
		case s.signed:
			vals[i] = Signed(s.name)
		default:
			vals[i] = Symbol(s.name)
		}
	}
	if !touched {
		return d
	}
	return p.runDims(vals)
}

func (p *program) runDims(vals []Dim) Dim {
	regs := make([]Dim, len(p.steps))
	for i, s := range p.steps {
		a, b := regs[s.a], regs[s.b]
		switch s.op {
		case opConst:
			regs[i] = Const(s.k)
		case opSymbol:
			regs[i] = vals[s.k]
		case opAdd:
			regs[i] = a.Add(b)
		case opMul:
			regs[i] = a.Mul(b)
		case opMin:
			regs[i] = a.Min(b)
		case opMax:
			regs[i] = a.Max(b)
		case opFloorDiv:
			regs[i] = a.Div(b)
		case opCeilDiv:
			regs[i] = a.CeilDiv(b)
		case opBroadcast:
			regs[i] = Broadcast(a, b)
		}
	}
	return regs[len(regs)-1]
}

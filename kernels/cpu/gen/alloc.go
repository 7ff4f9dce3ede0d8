package main

import (
	"fmt"
	"slices"
)

// assignment is which register of the machine each virtual one is in: an index
// into those of its kind.
type assignment struct {
	place []int
	// inMemory are the constants that are operands in memory, for want of registers.
	inMemory map[reg]float32
}

// span is the part of a program in which a register holds something.
type span struct {
	reg         reg
	first, last int
}

// assign gives registers out by a linear scan over the spans of their use. If there
// are too few, constants stay in memory, and one register is left for those that
// must be in one.
func assign(p *program) *assignment {
	a := &assignment{place: make([]int, len(p.regs)), inMemory: map[reg]float32{}}
	err := a.scan(p, p.level.vectors)
	if err != nil {
		for _, n := range p.body {
			if n.op == opConst {
				a.inMemory[n.dst] = n.f
			}
		}
		err = a.scan(p, p.level.vectors-1)
	}
	if err != nil {
		panic(fmt.Sprintf("BUG: kernel %s on %s: %v", p.name, p.level.name, err))
	}
	return a
}

// scan places the registers of every kind.
func (a *assignment) scan(p *program, vectors int) error {
	s := &scanner{spans: make([]span, len(p.regs))}
	for i := range s.spans {
		s.spans[i] = span{reg(i), -1, -1}
	}
	for _, x := range p.params {
		s.touch(x.reg)
	}
	s.at++
	s.walk(p.body)
	l := p.level
	kindOf := func(r reg) kind {
		if k := p.regs[r]; k != mask || l.masks > 0 {
			return k
		}
		return vector
	}
	for k, n := range map[kind]int{vector: vectors, scalar: len(l.scalars), mask: l.masks} {
		wanted := func(r reg) bool {
			_, constant := a.inMemory[r]
			return kindOf(r) == k && !constant
		}
		if err := give(s.spans, wanted, n, a.place); err != nil {
			return err
		}
	}
	return nil
}

type scanner struct {
	spans []span
	at    int
}

func (s *scanner) touch(r reg) {
	if r == none {
		return
	}
	if s.spans[r].first < 0 {
		s.spans[r].first = s.at
	}
	s.spans[r].last = s.at
}

func (s *scanner) walk(list []*node) {
	for _, n := range list {
		for _, r := range n.args {
			s.touch(r)
		}
		if n.mem != (mem{}) {
			s.touch(n.mem.base)
			s.touch(n.mem.index)
		}
		// A result may take the register of an operand that ends here, but for
		// operations that read operands after they have begun to write.
		if len(n.body) == 0 {
			if needsOwn[n.op] {
				s.touch(n.dst)
			}
			s.at++
			s.touch(n.dst)
			s.at++
			continue
		}
		begin := s.at
		s.at++
		s.walk(n.body)
		s.walk(n.rest)
		if n.op == opLoop {
			s.around(begin, s.at)
			s.touch(n.args[0])
		}
		s.at++
	}
}

// around keeps what is live on entry to a loop alive to its end.
func (s *scanner) around(begin, end int) {
	for i := range s.spans {
		x := &s.spans[i]
		if x.first >= 0 && x.first <= begin && x.last > begin {
			x.last = max(x.last, end)
		}
	}
}

// give places the spans that are wanted in n registers.
func give(spans []span, wanted func(reg) bool, n int, place []int) error {
	var list []span
	for _, x := range spans {
		if wanted(x.reg) && x.first >= 0 {
			list = append(list, x)
		}
	}
	slices.SortStableFunc(list, func(x, y span) int { return x.first - y.first })
	ends := make([]int, n) // of the span that each register holds
	for i := range ends {
		ends[i] = -1
	}
	for _, x := range list {
		free := slices.IndexFunc(ends, func(end int) bool { return end < x.first })
		if free < 0 {
			return fmt.Errorf("more than %d registers at once", n)
		}
		ends[free], place[x.reg] = x.last, free
	}
	return nil
}

// needsOwn are the operations that write their result before they have read all
// operands: it shares a register with none.
var needsOwn = map[op]bool{opSum: true, opTop: true, opTailMask: true, opLoadTail: true, opLoadDoubled: true, opPermute2: true}

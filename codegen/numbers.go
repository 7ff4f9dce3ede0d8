package codegen

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
)

func (l *lowering) addNumber(n Number) int {
	l.p.Numbers = append(l.p.Numbers, n)
	return len(l.p.Numbers) - 1
}

// inputs makes the slots and ports of the inputs, and the numbers that their
// shapes bind: plain symbols first, then those within expressions.
func (l *lowering) inputs() {
	for i, v := range l.g.Inputs {
		slot := l.addSlot(Slot{Kind: Input, DType: v.Type.DType, Name: v.Name})
		l.slots[v] = slot
		l.p.Inputs = append(l.p.Inputs, Port{Name: v.Name, Slot: slot, Type: v.Type})
		for axis, d := range v.Type.Shape {
			name, ok := d.IsSymbol()
			if !ok {
				continue
			}
			if _, known := l.symbols[name]; !known {
				l.symbols[name] = l.addNumber(Number{Dim: d, Origin: FromInput})
			}
			l.p.Binds = append(l.p.Binds, Bind{Input: i, Axis: axis, Number: l.symbols[name]})
		}
	}
	for l.solveOne() {
	}
	for i := range l.p.Inputs {
		l.portShape(&l.p.Inputs[i])
	}
}

// solveOne binds one more symbol that is the only open one of some extent.
func (l *lowering) solveOne() bool {
	for i, port := range l.p.Inputs {
		for axis, d := range port.Type.Shape {
			name, ok := l.soleOpen(d)
			if !ok || !linear(d, name) {
				continue
			}
			n := l.addNumber(Number{Dim: sym.Symbol(name), Origin: FromSolve})
			l.symbols[name] = n
			l.p.Solves = append(l.p.Solves, Solve{Input: i, Axis: axis, Number: n, Dim: d})
			return true
		}
	}
	return false
}

// soleOpen returns the symbol of d that has no number, if there is exactly one.
func (l *lowering) soleOpen(d sym.Dim) (name string, ok bool) {
	open := 0
	for _, s := range d.Symbols() {
		if _, known := l.number(s); !known {
			name = s
			open++
		}
	}
	return name, open == 1
}

// linear reports whether d is linear in the symbol, by its differences at 0, 1
// and 2. What the binding gives is checked against d when the program runs.
func linear(d sym.Dim, name string) bool {
	at := func(n int64) sym.Dim { return d.Subst(map[string]sym.Dim{name: sym.Const(n)}) }
	step := at(1).Sub(at(0))
	return !step.Is(0) && at(2).Sub(at(1)).Equal(step)
}

func (l *lowering) portShape(port *Port) {
	if !port.Type.HasRank {
		return
	}
	port.Shape = make([]Dim, len(port.Type.Shape))
	for axis, d := range port.Type.Shape {
		port.Shape[axis] = Unknown
		if !l.known(d, nil) {
			continue
		}
		if dim := l.size(d); dim >= 0 || l.p.Numbers[^dim].Cut == 0 {
			port.Shape[axis] = dim
		}
	}
}

// number returns the number of a symbol that is known by now. A child takes over
// its parent's.
func (l *lowering) number(name string) (int, bool) {
	if n, ok := l.symbols[name]; ok {
		return n, true
	}
	if l.parent == nil {
		return 0, false
	}
	outer, ok := l.parent.number(name)
	if !ok {
		return 0, false
	}
	n := l.addNumber(Number{Dim: sym.Symbol(name), Origin: FromOuter})
	l.symbols[name] = n
	l.p.Outer = append(l.p.Outer, Inherited{Number: n, Parent: outer})
	return n, true
}

// isNumber is number without taking anything over.
func (l *lowering) isNumber(name string) bool {
	if _, ok := l.symbols[name]; ok {
		return true
	}
	return l.parent != nil && l.parent.isNumber(name)
}

// known reports whether every symbol of d is a number at the start, or when n is
// about to run; n may be nil.
func (l *lowering) known(d sym.Dim, n *ir.Node) bool {
	for _, name := range d.Symbols() {
		if l.isNumber(name) {
			continue
		}
		def, ok := l.definers[name]
		if !ok || n == nil || l.order[def.value.Def] >= l.order[n] {
			return false
		}
	}
	return true
}

// formula returns the number that is d, whose symbols are known.
func (l *lowering) formula(d sym.Dim) int {
	if name, ok := d.IsSymbol(); ok {
		n, _ := l.number(name)
		return n
	}
	key := d.Key()
	if n, ok := l.formulas[key]; ok {
		return n
	}
	cut := 0
	for _, name := range d.Symbols() {
		n, ok := l.number(name)
		if !ok {
			panic("BUG: formula of a symbol that is not known: " + name)
		}
		cut = max(cut, l.p.Numbers[n].Cut)
	}
	l.formulas[key] = l.addNumber(Number{Dim: d, Origin: FromFormula, Cut: cut})
	return l.formulas[key]
}

// size is d as a Dim.
func (l *lowering) size(d sym.Dim) Dim {
	if n, ok := d.IsConst(); ok && n >= 0 {
		return Dim(n)
	}
	return ^Dim(l.formula(d))
}

// findDefiners notes where symbols that no input binds are seen first.
func (l *lowering) findDefiners() {
	i := 0
	for n := range l.g.Nodes() {
		l.order[n] = i
		i++
		for _, v := range n.Out {
			if v == nil || !v.Type.HasRank {
				continue
			}
			for axis, d := range v.Type.Shape {
				name, ok := d.IsSymbol()
				if _, seen := l.definers[name]; ok && !seen && !l.isNumber(name) {
					l.definers[name] = definer{v, axis}
				}
			}
		}
	}
}

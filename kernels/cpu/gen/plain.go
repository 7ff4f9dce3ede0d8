package main

import (
	"fmt"
	"math"
	"strings"
)

// plain prints a program as a Go function of one lane: what machines without
// assembly run, and what the levels are tested against. Pointers are a base and
// an offset, so that none ever points beyond its slice.
type plain struct {
	*program
	pointer map[reg]bool
	out     strings.Builder
}

func lowerPlain(p *program, _ *assignment) string {
	w := &plain{program: p, pointer: map[reg]bool{}}
	for _, x := range p.params {
		w.pointer[x.reg] = strings.HasPrefix(x.typ, "*")
	}
	w.findPointers(p.body)
	w.line("// %s is the plain form of %s.", p.symbol(), p.name)
	w.line("func %s {", p.signature())
	w.declare()
	w.list(p.body)
	w.line("}")
	return w.out.String()
}

func (w *plain) findPointers(list []*node) {
	for _, n := range list {
		if n.op == opLoadPointer || n.op == opAddress && w.pointer[n.mem.base] || n.op == opCopyInt && w.pointer[n.args[0]] {
			w.pointer[n.dst] = true
		}
		w.findPointers(n.body)
		w.findPointers(n.rest)
	}
}

func (w *plain) line(format string, args ...any) { fmt.Fprintf(&w.out, format+"\n", args...) }

// declare makes a variable of every register that is used.
func (w *plain) declare() {
	seen := map[reg]bool{}
	w.collect(w.body, seen)
	var floats, ints, bools, pointers []string
	for r := range w.regs {
		switch r := reg(r); {
		case !seen[r]:
		case w.pointer[r]:
			pointers = append(pointers, w.base(r))
			ints = append(ints, w.name(r))
		case w.regs[r] == vector:
			floats = append(floats, w.name(r))
		case w.regs[r] == mask:
			bools = append(bools, w.name(r))
		default:
			ints = append(ints, w.name(r))
		}
	}
	var all []string
	for _, g := range []struct {
		typ   string
		names []string
	}{{"float32", floats}, {"int", ints}, {"bool", bools}, {"unsafe.Pointer", pointers}} {
		if len(g.names) > 0 {
			w.line("var %s %s", strings.Join(g.names, ", "), g.typ)
			all = append(all, g.names...)
		}
	}
	for _, x := range w.params {
		switch {
		case !seen[x.reg]:
		case w.pointer[x.reg]:
			w.line("%s = unsafe.Pointer(%s)", w.base(x.reg), x.name)
		default:
			w.line("%s = %s", w.name(x.reg), x.name)
		}
	}
	w.line("%s = %s", strings.Repeat("_, ", len(all)-1)+"_", strings.Join(all, ", "))
}

func (w *plain) collect(list []*node, seen map[reg]bool) {
	for _, n := range list {
		for _, r := range append([]reg{n.dst}, n.args...) {
			if r != none {
				seen[r] = true
			}
		}
		if n.mem != (mem{}) {
			seen[n.mem.base] = true
			if n.mem.index != none {
				seen[n.mem.index] = true
			}
		}
		w.collect(n.body, seen)
		w.collect(n.rest, seen)
	}
}

var plainLetters = map[kind]string{vector: "v", scalar: "n", mask: "m"}

func (w *plain) name(r reg) string { return fmt.Sprintf("%s%d", plainLetters[w.regs[r]], r) }
func (w *plain) base(r reg) string { return fmt.Sprintf("p%d", r) }

// mem is the arguments of the functions that access memory.
func (w *plain) mem(m mem) string { return w.base(m.base) + ", " + w.offset(m) }

func (w *plain) offset(m mem) string {
	text := w.name(m.base)
	if m.index != none {
		text += fmt.Sprintf("+%s*%d", w.name(m.index), m.scale)
	}
	if m.disp != 0 {
		text += fmt.Sprintf("+%d", m.disp)
	}
	return text
}

// plainForms are the operations on registers; %s stand for the operands, %[n]s
// counted with the result first. A product is rounded at once: Go may fuse it with
// an addition of a later statement.
var plainForms = map[op]string{
	opMove: "%s = %s", opAdd: "%s = %s + %s", opSub: "%s = %s - %s", opMul: "%s = float32(%s * %s)", opDiv: "%s = %s / %s",
	opMax: "%s = max32(%s, %s)", opMin: "%s = min32(%s, %s)", opSqrt: "%s = sqrt32(%s)",
	opFMA: "%s += float32(%s * %s)", opFNMA: "%s -= float32(%s * %s)", opFNMAOnce: "%[1]s = fnma32(%[1]s, %[2]s, %[3]s)", opMulAdd: "%[1]s = float32(%[1]s*%[2]s) + %[3]s",
	opAnd: "%s = and32(%s, %s)", opOr: "%s = or32(%s, %s)", opXor: "%s = xor32(%s, %s)", opAndNot: "%s = andNot32(%s, %s)",
	opRound: "%s = round32(%s)", opToInt: "%s = toInt32(%s)", opFromInt: "%s = fromInt32(%s)", opAddInt: "%s = addInt32(%s, %s)", opSubInt: "%s = subInt32(%s, %s)", opMulInt: "%s = mulInt32(%s, %s)", opMulWords: "%s = mulWords(%s, %s)",
	opLess: "%s = %s < %s", opEqual: "%s = %s == %s",
	opNaN: "%s = unordered(%s, %s)",
	opSum: "%s = %s", opTop: "%s = %s",
	opSelect: "%s = choose32(%s, %s, %s)", opPackHalf: "%s = packHalf(%s)", opPackHigh: "%s = packHigh(%s)",
}

func (w *plain) list(nodes []*node) {
	for _, n := range nodes {
		w.node(n)
	}
}

func (w *plain) node(n *node) {
	if form, ok := plainForms[n.op]; ok {
		args := []any{w.name(n.dst)}
		for _, r := range n.args[:operands(n.op, len(n.args))] {
			args = append(args, w.name(r))
		}
		w.line(form, args...)
		return
	}
	arg := func(i int) string { return w.name(n.args[i]) }
	switch n.op {
	case opLoad, opLoadOne, opSplat:
		w.line("%s = load32(%s)", w.name(n.dst), w.mem(n.mem))
	case opStore, opStoreOne:
		w.line("store32(%s, %s)", w.mem(n.mem), arg(0))
	case opLoadHalf:
		w.line("%s = loadHalf(%s)", w.name(n.dst), w.mem(n.mem))
	case opLoadBrain:
		w.line("%s = loadBrain(%s)", w.name(n.dst), w.mem(n.mem))
	case opLoadByte:
		w.line("%s = loadByte(%s)", w.name(n.dst), w.mem(n.mem))
	case opStorePack:
		w.line("store16(%s, %s)", w.mem(n.mem), arg(0))
	case opConst:
		w.line("%s = %s", w.name(n.dst), literal(n.f))
	case opZero:
		w.line("%s = 0", w.name(n.dst))
	case opShiftLeft, opShiftRight:
		name := map[op]string{opShiftLeft: "shiftLeft32", opShiftRight: "shiftRight32"}[n.op]
		w.line("%s = %s(%s, %d)", w.name(n.dst), name, arg(0), n.imm)
	case opPrefetch:
	case opCopyInt:
		if w.pointer[n.dst] {
			w.line("%s = %s", w.base(n.dst), w.base(n.args[0]))
		}
		w.line("%s = %s", w.name(n.dst), arg(0))
	case opLoadInt:
		w.line("%s = loadInt(%s)", w.name(n.dst), w.mem(n.mem))
	case opLoadPointer:
		w.line("%s, %s = loadPointer(%s), 0", w.base(n.dst), w.name(n.dst), w.mem(n.mem))
	case opSetInt:
		w.line("%s = %d", w.name(n.dst), n.imm)
	case opAddress:
		if w.pointer[n.dst] {
			w.line("%s = %s", w.base(n.dst), w.base(n.mem.base))
		}
		w.line("%s = %s", w.name(n.dst), w.offset(n.mem))
	case opAddImm, opMulImm, opShlImm, opShrImm:
		w.line("%s %s %d", w.name(n.dst), map[op]string{opAddImm: "+=", opMulImm: "*=", opShlImm: "<<=", opShrImm: ">>="}[n.op], n.imm)
	case opAddReg:
		w.line("%s += %s", w.name(n.dst), arg(0))
	case opLoop:
		w.line("for ; %[1]s >= %[2]d; %[1]s -= %[2]d {", arg(0), n.imm)
		w.list(n.body)
		w.line("}")
	case opEither:
		w.line("if %s <= %d {", arg(0), n.imm)
		w.list(n.body)
		w.line("} else {")
		w.list(n.rest)
		w.line("}")
	case opIf, opElse:
		w.line("if %s %s %d {", arg(0), map[op]string{opIf: ">", opElse: "<="}[n.op], n.imm)
		w.list(n.body)
		w.line("}")
	default:
		panic(fmt.Sprintf("BUG: kernel %s: plain Go has no operation %d", w.program.name, n.op))
	}
}

// operands is how many of an operation's registers are no scratch.
func operands(o op, n int) int {
	if o == opSum || o == opTop {
		return 1
	}
	return n
}

func literal(f float32) string {
	if x := float64(f); math.IsNaN(x) || math.IsInf(x, 0) || math.Abs(x) < 1e-37 && f != 0 || f == 0 && math.Signbit(x) {
		return fmt.Sprintf("ofBits(%#x)", math.Float32bits(f))
	}
	return fmt.Sprint(f)
}

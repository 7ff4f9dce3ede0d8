package main

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// arm64Scalars are the registers for integers and pointers: not R16 and R17, which
// the linker and this file take for scratch, R18, which systems keep, R26 and up,
// which Go's calls, its assembler and its runtime use.
var arm64Scalars = []string{
	"R0", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15",
	"R19", "R20", "R21", "R22", "R23", "R24", "R25",
}

// arm64Address is the scratch register of addresses, held within one operation.
const arm64Address = "R17"

// Scratch vectors: V31 is given to no value, and V30 to none if constants are in
// memory.
const (
	arm64Scratch = 31
	arm64Spare   = 30
)

// arm64 prints a program as Go assembly for NEON, which every arm64 has. What Go's
// assembler has no name for is a word with the instruction in a comment, encoded
// as the Arm Architecture Reference Manual says (C7.2).
type arm64 struct {
	*program
	*assignment
	constants map[reg]bool
	out       strings.Builder
	labels    int
}

// lowerARM64 returns the text of p's function.
func lowerARM64(p *program, a *assignment) string {
	w := &arm64{program: p, assignment: a, constants: map[reg]bool{}}
	for _, n := range p.body {
		if n.op == opConst {
			w.constants[n.dst] = true
		}
	}
	offsets, size := p.frame()
	w.line("// func %s", p.signature())
	w.line("TEXT ·%s(SB), NOSPLIT, $0-%d", p.symbol(), size)
	for i, x := range p.params {
		switch {
		case !p.uses(x.reg):
		case x.typ == "float32":
			v := w.place[x.reg]
			w.line("\tFMOVS %s+%d(FP), F%d", x.name, offsets[i], v)
			w.line("\tVDUP V%[1]d.S[0], V%[1]d.S4", v)
		default:
			w.line("\tMOVD %s+%d(FP), %s", x.name, offsets[i], w.scalar(x.reg))
		}
	}
	w.list(p.body)
	w.line("\tRET")
	return w.out.String()
}

func (w *arm64) line(format string, args ...any) { fmt.Fprintf(&w.out, format+"\n", args...) }

func (w *arm64) scalar(r reg) string { return arm64Scalars[w.place[r]] }

// vector is the number of the register that r is in: that of scratch for a
// constant in memory.
func (w *arm64) vector(r reg, scratch int) int {
	c, inMemory := w.inMemory[r]
	if !inMemory {
		return w.place[r]
	}
	w.constant(c, scratch)
	return scratch
}

// constant loads four times f from where the assembler puts it.
func (w *arm64) constant(f float32, v int) {
	lanes := fmt.Sprintf("$0x%08[1]x%08[1]x", math.Float32bits(f))
	w.line("\tVMOVQ %s, %s, V%d", lanes, lanes, v)
}

// mem is an operand for the loads and stores that take an offset.
func (w *arm64) mem(m mem) string {
	base := w.scalar(m.base)
	if m.index != none {
		w.line("\tADD %s<<%d, %s, %s", w.scalar(m.index), bits.TrailingZeros(uint(m.scale)), base, arm64Address)
		base = arm64Address
	}
	if m.disp == 0 {
		return "(" + base + ")"
	}
	return fmt.Sprintf("%d(%s)", m.disp, base)
}

// pointer is an operand for those that take none.
func (w *arm64) pointer(m mem) string {
	if m.index == none && m.disp == 0 {
		return w.mem(m)
	}
	w.address(m, arm64Address)
	return "(" + arm64Address + ")"
}

// address sets a register to m.
func (w *arm64) address(m mem, dst string) {
	from := w.scalar(m.base)
	if m.index != none {
		w.line("\tADD %s<<%d, %s, %s", w.scalar(m.index), bits.TrailingZeros(uint(m.scale)), from, dst)
		from = dst
	}
	switch {
	case m.disp != 0:
		w.line("\t%s, %s, %s", addend(m.disp), from, dst)
	case from != dst:
		w.line("\tMOVD %s, %s", from, dst)
	}
}

// addend is the addition of n, which the assembler takes as it is for positive
// numbers alone.
func addend(n int) string {
	if n < 0 {
		return fmt.Sprintf("SUB $%d", -n)
	}
	return fmt.Sprintf("ADD $%d", n)
}

// arm64Tails is where masks of the first n of 4 lanes are read from.
const arm64Tails = `DATA tails<>+0(SB)/8, $-1
DATA tails<>+8(SB)/8, $-1
DATA tails<>+16(SB)/8, $0
DATA tails<>+24(SB)/8, $0
GLOBL tails<>(SB), RODATA|NOPTR, $32
`

func arm64Data(map[uint32]bool) string { return arm64Tails }

func (w *arm64) list(nodes []*node) {
	for _, n := range nodes {
		switch n.op {
		case opLoop, opIf, opElse, opEither:
			w.control(n)
		default:
			w.operation(n)
		}
	}
}

func (w *arm64) label() string {
	w.labels++
	return fmt.Sprintf("l%d", w.labels)
}

func (w *arm64) control(n *node) {
	counter, end := w.scalar(n.args[0]), w.label()
	w.line("\tCMP $%d, %s", n.imm, counter)
	switch n.op {
	case opLoop:
		begin := w.label()
		w.line("\tBLT %s", end)
		w.line("%s:", begin)
		w.list(n.body)
		w.line("\tSUB $%d, %s", n.imm, counter)
		w.line("\tCMP $%d, %s", n.imm, counter)
		w.line("\tBGE %s", begin)
	case opIf:
		w.line("\tBLE %s", end)
		w.list(n.body)
	case opElse:
		w.line("\tBGT %s", end)
		w.list(n.body)
	case opEither:
		rest := w.label()
		w.line("\tBGT %s", rest)
		w.list(n.body)
		w.line("\tJMP %s", end)
		w.line("%s:", rest)
		w.list(n.rest)
	}
	w.line("%s:", end)
}

// arm64Named are the operations on two vectors that the assembler knows, and how
// it is told the size of lanes.
var arm64Named = map[op]struct{ name, lanes string }{
	opAnd: {"VAND", "B16"}, opOr: {"VORR", "B16"}, opXor: {"VEOR", "B16"},
	opAddInt: {"VADD", "S4"}, opSubInt: {"VSUB", "S4"}, opFMA: {"VFMLA", "S4"}, opFNMA: {"VFMLS", "S4"},
	opLowPairs: {"VZIP1", "S4"}, opHighPairs: {"VZIP2", "S4"}, opLowQuads: {"VZIP1", "D2"}, opHighQuads: {"VZIP2", "D2"},
	opEven: {"VUZP1", "S4"}, opOdd: {"VUZP2", "S4"},
}

// word is an instruction of vectors: its code is that for V0 throughout.
type word struct {
	name string
	code uint32
}

// arm64Twos are the operations on two vectors that it does not know.
var arm64Twos = map[op]word{
	opAdd: {"FADD", 0x4e20d400}, opSub: {"FSUB", 0x4ea0d400}, opMul: {"FMUL", 0x6e20dc00}, opDiv: {"FDIV", 0x6e20fc00},
	opEqual: {"FCMEQ", 0x4e20e400}, opMulInt: {"MUL.4S", 0x4ea09c00},
}

// arm64Extremes give NaN for any NaN, and opMax and opMin the second operand: they
// are the same for a first operand that is a number.
var arm64Extremes = map[op]word{opMax: {"FMAX", 0x4e20f400}, opMin: {"FMIN", 0x4ea0f400}}

// arm64Turned are those of them that take their operands in the other order.
var arm64Turned = map[op]word{opLess: {"FCMGT", 0x6ea0e400}, opAndNot: {"BIC", 0x4e601c00}}

// arm64Ones are the operations on one vector.
var arm64Ones = map[op]word{
	opSqrt: {"FSQRT", 0x6ea1f800}, opRound: {"FRINTN", 0x4e218800}, opToInt: {"FCVTNS", 0x4e21a800}, opFromInt: {"SCVTF", 0x4e21d800},
	opPackHalf: {"FCVTN", 0x0e216800},
}

// arm64Folds add neighbours, or take the greater: the lower half of the result is
// of the first operand, the upper one of the second.
var arm64Folds = map[op]word{opSum: {"FADDP", 0x6e20d400}, opTop: {"FMAXP", 0x6e20f400}}

var arm64Ints = map[op]string{opShlImm: "LSL", opShrImm: "LSR"}

// word prints an instruction on vectors n and m, of which m may be none: 0.
func (w *arm64) word(code uint32, d, n, m int, text string) {
	w.line("\tWORD $0x%08x // %s", code|uint32(m<<16|n<<5|d), text)
}

// two prints an instruction on vectors n and m.
func (w *arm64) two(x word, d, n, m int) {
	w.word(x.code, d, n, m, fmt.Sprintf("%s V%d, V%d, V%d", x.name, d, n, m))
}

// one prints an instruction on vector n.
func (w *arm64) one(x word, d, n int) {
	w.word(x.code, d, n, 0, fmt.Sprintf("%s V%d, V%d", x.name, d, n))
}

func (w *arm64) move(d, n int) {
	if d != n {
		w.line("\tVMOV V%d.B16, V%d.B16", n, d)
	}
}

func (w *arm64) operation(n *node) {
	if x, ok := arm64Named[n.op]; ok {
		l, r := w.vector(n.args[0], arm64Spare), w.vector(n.args[1], arm64Scratch)
		w.line("\t%[1]s V%[3]d.%[2]s, V%[4]d.%[2]s, V%[5]d.%[2]s", x.name, x.lanes, r, l, w.place[n.dst])
		return
	}
	if x, ok := arm64Twos[n.op]; ok {
		l, r := w.vector(n.args[0], arm64Spare), w.vector(n.args[1], arm64Scratch)
		w.two(x, w.place[n.dst], l, r)
		return
	}
	if x, ok := arm64Turned[n.op]; ok {
		l, r := w.vector(n.args[0], arm64Spare), w.vector(n.args[1], arm64Scratch)
		w.two(x, w.place[n.dst], r, l)
		return
	}
	if x, ok := arm64Ones[n.op]; ok {
		w.one(x, w.place[n.dst], w.vector(n.args[0], arm64Scratch))
		return
	}
	if x, ok := arm64Folds[n.op]; ok {
		v, dst := w.vector(n.args[0], arm64Scratch), w.place[n.dst]
		w.two(x, dst, v, v)
		w.two(x, dst, dst, dst)
		return
	}
	if name, ok := arm64Ints[n.op]; ok {
		w.line("\t%s $%d, %s", name, n.imm, w.scalar(n.dst))
		return
	}
	w.special(n)
}

// special prints the operations that are of no common form.
func (w *arm64) special(n *node) {
	switch n.op {
	case opLoad:
		w.line("\tFMOVQ %s, F%d", w.mem(n.mem), w.place[n.dst])
	case opLoadOne:
		w.line("\tFMOVS %s, F%d", w.mem(n.mem), w.place[n.dst])
	case opStore:
		v := w.vector(n.args[0], arm64Scratch)
		w.line("\tFMOVQ F%d, %s", v, w.mem(n.mem))
	case opStoreOne:
		v := w.vector(n.args[0], arm64Scratch)
		w.line("\tFMOVS F%d, %s", v, w.mem(n.mem))
	case opSplat:
		w.line("\tVLD1R %s, [V%d.S4]", w.pointer(n.mem), w.place[n.dst])
	case opLoadTail:
		w.loadTail(n)
	case opLoadHalf, opLoadBrain:
		w.line("\tFMOVD %s, F%d", w.mem(n.mem), w.place[n.dst])
		w.widen(n)
	case opLoadByte:
		w.line("\tFMOVS %s, F%d", w.mem(n.mem), w.place[n.dst])
		w.widen(n)
	case opLoadHalfOne, opLoadBrainOne: // repeated, so as not to wait for what was there
		w.line("\tVLD1R %s, [V%d.H4]", w.pointer(n.mem), w.place[n.dst])
		w.widen(n)
	case opLoadByteOne:
		w.line("\tVLD1R %s, [V%d.B8]", w.pointer(n.mem), w.place[n.dst])
		w.widen(n)
	case opLoadDoubled:
		w.line("\tFMOVD %s, F%d", w.mem(n.mem), w.place[n.dst])
		w.line("\tVZIP1 V%[1]d.S4, V%[1]d.S4, V%[1]d.S4", w.place[n.dst])
	case opStorePack:
		w.line("\tFMOVD F%d, %s", w.place[n.args[0]], w.mem(n.mem))
	case opStorePackOne:
		w.line("\tVST1 V%d.H[0], %s", w.place[n.args[0]], w.pointer(n.mem))
	case opSwap:
		w.line("\tVREV64 V%d.S4, V%d.S4", w.vector(n.args[0], arm64Scratch), w.place[n.dst])
	case opAlternate:
		w.line("\tVMOVQ $0x80000000, $0x80000000, V%d", arm64Scratch)
		w.line("\tVEOR V%d.B16, V%d.B16, V%d.B16", arm64Scratch, w.vector(n.args[0], arm64Spare), w.place[n.dst])
	case opStoreTail:
		w.storeTail(n)
	case opConst:
		if _, inMemory := w.inMemory[n.dst]; !inMemory {
			w.constant(n.f, w.place[n.dst])
		}
	case opZero:
		w.line("\tVEOR V%[1]d.B16, V%[1]d.B16, V%[1]d.B16", w.place[n.dst])
	case opMove:
		w.move(w.place[n.dst], w.vector(n.args[0], w.place[n.dst]))
	case opMax, opMin:
		w.extreme(n)
	case opMulAdd:
		w.mulAdd(n)
	case opFMALane:
		w.fmaLane(n)
	case opShiftLeft:
		w.line("\tVSHL $%d, V%d.S4, V%d.S4", n.imm, w.vector(n.args[0], arm64Scratch), w.place[n.dst])
	case opShiftRight:
		v, dst := w.vector(n.args[0], arm64Scratch), w.place[n.dst]
		w.word(0x4f000400|uint32(64-n.imm)<<16, dst, v, 0, fmt.Sprintf("SSHR V%d.4S, V%d.4S, #%d", dst, v, n.imm))
	case opPackHigh:
		v, dst := w.vector(n.args[0], arm64Scratch), w.place[n.dst]
		w.word(0x0f108400, dst, v, 0, fmt.Sprintf("SHRN V%d.4H, V%d.4S, #16", dst, v))
	case opMulWords:
		w.mulWords(n)
	case opNaN:
		w.isNaN(n)
	case opSelect:
		w.choose(n)
	case opPrefetch:
		w.line("\tPRFM %s, PLDL%dKEEP", w.mem(n.mem), n.imm+1)
	case opTailMask:
		w.tailMask(n)
	default:
		w.integer(n)
	}
}

// integer prints the operations on integers and pointers.
func (w *arm64) integer(n *node) {
	switch n.op {
	case opCopyInt:
		if from, to := w.scalar(n.args[0]), w.scalar(n.dst); from != to {
			w.line("\tMOVD %s, %s", from, to)
		}
	case opLoadInt:
		w.line("\tMOVW %s, %s", w.mem(n.mem), w.scalar(n.dst))
	case opLoadPointer:
		w.line("\tMOVD %s, %s", w.mem(n.mem), w.scalar(n.dst))
	case opSetInt:
		w.line("\tMOVD $%d, %s", n.imm, w.scalar(n.dst))
	case opAddImm:
		w.line("\t%s, %s", addend(n.imm), w.scalar(n.dst))
	case opMulImm:
		w.line("\tMOVD $%d, %s", n.imm, arm64Address)
		w.line("\tMUL %s, %s", arm64Address, w.scalar(n.dst))
	case opAddReg:
		w.line("\tADD %s, %s", w.scalar(n.args[0]), w.scalar(n.dst))
	case opAddress:
		w.address(n.mem, arm64Address)
		w.line("\tMOVD %s, %s", arm64Address, w.scalar(n.dst))
	default:
		panic(fmt.Sprintf("BUG: kernel %s: %s has no operation %d", w.name, w.level.name, n.op))
	}
}

// mulAdd is dst·args[0] + args[1]: FMLA adds to what it overwrites.
func (w *arm64) mulAdd(n *node) {
	dst := w.place[n.dst]
	w.move(arm64Scratch, w.vector(n.args[1], arm64Scratch))
	w.line("\tVFMLA V%d.S4, V%d.S4, V%d.S4", w.vector(n.args[0], arm64Spare), dst, arm64Scratch)
	w.move(dst, arm64Scratch)
}

// fmaLane is FMLA by element, whose lane is bits 11 and 21.
func (w *arm64) fmaLane(n *node) {
	code := 0x4f801000 | uint32(n.imm&1)<<21 | uint32(n.imm>>1)<<11
	dst, v, by := w.place[n.dst], w.vector(n.args[0], arm64Scratch), w.place[n.args[1]]
	w.word(code, dst, v, by, fmt.Sprintf("FMLA V%d.4S, V%d.4S, V%d.S[%d]", dst, v, by, n.imm))
}

// mulWords multiplies the upper halves of the lanes, then the lower ones, whose sign it
// spreads; the result may be in a register of an operand, which is no longer needed then.
func (w *arm64) mulWords(n *node) {
	const mla = 0x4ea09400
	x, y, dst := w.place[n.args[0]], w.place[n.args[1]], w.place[n.dst]
	upper := func(d, n int) {
		w.word(0x4f000400|uint32(64-16)<<16, d, n, 0, fmt.Sprintf("SSHR V%d.4S, V%d.4S, #16", d, n))
	}
	lower := func(d, n int) {
		w.line("\tVSHL $16, V%d.S4, V%d.S4", n, d)
		upper(d, d)
	}
	upper(arm64Scratch, x)
	upper(arm64Spare, y)
	w.two(arm64Twos[opMulInt], arm64Scratch, arm64Scratch, arm64Spare)
	lower(arm64Spare, y)
	lower(dst, x)
	w.word(mla, arm64Scratch, dst, arm64Spare, fmt.Sprintf("MLA V%d.4S, V%d.4S, V%d.4S", arm64Scratch, dst, arm64Spare))
	w.move(dst, arm64Scratch)
}

func (w *arm64) extreme(n *node) {
	dst, first := w.place[n.dst], n.args[0]
	if w.constants[first] {
		x, y := w.vector(first, arm64Spare), w.vector(n.args[1], arm64Scratch)
		w.two(arm64Extremes[n.op], dst, x, y)
		return
	}
	x, y := w.place[first], w.vector(n.args[1], arm64Spare)
	greater, lesser := x, y
	if n.op == opMin {
		greater, lesser = y, x
	}
	w.two(arm64Turned[opLess], arm64Scratch, greater, lesser)
	w.either(dst, arm64Scratch, x, y)
}

// isNaN is true where an operand is not equal to itself.
func (w *arm64) isNaN(n *node) {
	dst := w.place[n.dst]
	x := w.vector(n.args[0], arm64Spare)
	if n.args[0] == n.args[1] {
		w.two(arm64Twos[opEqual], dst, x, x)
	} else {
		w.two(arm64Twos[opEqual], arm64Scratch, x, x)
		y := w.vector(n.args[1], arm64Spare)
		w.two(arm64Twos[opEqual], dst, y, y)
		w.line("\tVAND V%d.B16, V%d.B16, V%d.B16", arm64Scratch, dst, dst)
	}
	w.one(word{"NOT", 0x6e205800}, dst, dst)
}

func (w *arm64) choose(n *node) {
	x, y := w.vector(n.args[1], arm64Spare), w.vector(n.args[2], arm64Scratch)
	w.either(w.place[n.dst], w.place[n.args[0]], x, y)
}

// either is m ? x : y, by that one of BSL, BIT and BIF which overwrites what dst is
// already.
func (w *arm64) either(dst, m, x, y int) {
	switch dst {
	case y:
		w.line("\tVBIT V%d.B16, V%d.B16, V%d.B16", m, x, dst)
	case x:
		w.line("\tVBIF V%d.B16, V%d.B16, V%d.B16", m, y, dst)
	default:
		w.move(dst, m)
		w.line("\tVBSL V%d.B16, V%d.B16, V%d.B16", y, x, dst)
	}
}

// tailMask makes the mask of the first lanes: lane i is taken from word 4−n+i of
// the table, and those before word 4 are set.
func (w *arm64) tailMask(n *node) {
	w.line("\tMOVD $tails<>+16(SB), %s", arm64Address)
	w.line("\tSUB %s<<2, %[2]s, %[2]s", w.scalar(n.args[0]), arm64Address)
	w.line("\tFMOVQ (%s), F%d", arm64Address, w.place[n.dst])
}

// tail moves count lanes: one, or two and each of those above. NEON has no masks
// for memory, and what is beyond must not be touched.
func (w *arm64) tail(n *node, count reg, one, two string, each func(lane int)) {
	w.address(n.mem, arm64Address)
	single, end := w.label(), w.label()
	w.line("\tCMP $2, %s", w.scalar(count))
	w.line("\tBLT %s", single)
	w.line("\t%s", two)
	w.line("\tBEQ %s", end)
	w.line("\tADD $8, %s", arm64Address)
	each(2)
	w.line("\tCMP $3, %s", w.scalar(count))
	w.line("\tBEQ %s", end)
	w.line("\tADD $4, %s", arm64Address)
	each(3)
	w.line("\tB %s", end)
	w.line("%s:", single)
	w.line("\t%s", one)
	w.line("%s:", end)
}

// loadTail leaves zero in the lanes that it does not load.
func (w *arm64) loadTail(n *node) {
	dst := w.place[n.dst]
	load := func(name string) string { return fmt.Sprintf("%s (%s), F%d", name, arm64Address, dst) }
	w.tail(n, n.args[1], load("FMOVS"), load("FMOVD"), func(lane int) {
		w.line("\tVLD1 (%s), V%d.S[%d]", arm64Address, dst, lane)
	})
}

func (w *arm64) storeTail(n *node) {
	v := w.vector(n.args[0], arm64Scratch)
	store := func(name string) string { return fmt.Sprintf("%s F%d, (%s)", name, v, arm64Address) }
	w.tail(n, n.args[2], store("FMOVS"), store("FMOVD"), func(lane int) {
		w.line("\tVST1 V%d.S[%d], (%s)", v, lane, arm64Address)
	})
}

// widen makes four float32 of the 16-bit floats in the lower half of dst, or
// integers of the bytes in its lowest quarter.
func (w *arm64) widen(n *node) {
	dst := w.place[n.dst]
	switch n.op {
	case opLoadHalf, opLoadHalfOne:
		w.word(0x0e217800, dst, dst, 0, fmt.Sprintf("FCVTL V%[1]d.4S, V%[1]d.4H", dst))
	case opLoadBrain, opLoadBrainOne:
		w.word(0x2e613800, dst, dst, 0, fmt.Sprintf("SHLL V%[1]d.4S, V%[1]d.4H, #16", dst))
	default:
		w.line("\tVUXTL V%[1]d.B8, V%[1]d.H8", dst)
		w.line("\tVUXTL V%[1]d.H4, V%[1]d.S4", dst)
	}
}

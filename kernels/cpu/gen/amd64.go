package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// amd64Scalars are the registers for integers and pointers: not SP, not BP, which
// unwinders read, and not R14, which holds the goroutine.
var amd64Scalars = []string{"AX", "BX", "CX", "DX", "SI", "DI", "R8", "R9", "R10", "R11", "R12", "R13", "R15"}

// amd64 prints a program as Go assembly for AVX-512 or AVX2 with FMA.
type amd64 struct {
	*program
	*assignment
	out    strings.Builder
	labels int
	tables []string // their symbols' definitions
	evex   bool     // AVX-512
}

// lowerAMD64 returns the text of p's function.
func lowerAMD64(p *program, a *assignment) string {
	w := &amd64{program: p, assignment: a, evex: p.level.name == "avx512"}
	offsets, size := p.frame()
	w.line("// func %s", p.signature())
	w.line("TEXT ·%s(SB), NOSPLIT, $0-%d", p.symbol(), size)
	for i, x := range p.params {
		switch {
		case !p.uses(x.reg):
		case x.typ == "float32":
			w.line("\tVBROADCASTSS %s+%d(FP), %s", x.name, offsets[i], w.reg(x.reg))
		default:
			w.param(i, x.reg)
		}
	}
	w.list(p.body)
	w.line("\tVZEROUPPER")
	w.line("\tRET")
	return strings.Join(w.tables, "") + w.out.String()
}

// table defines a symbol of indices ahead of the function, and returns its name.
func (w *amd64) table(indices []int) string {
	var b strings.Builder
	name := fmt.Sprintf("%s%d<>", w.symbol(), len(w.tables))
	for i := 0; i < len(indices); i += 2 {
		fmt.Fprintf(&b, "DATA %s+%d(SB)/8, $0x%08x%08x\n", name, 4*i, indices[i+1], indices[i])
	}
	fmt.Fprintf(&b, "GLOBL %s(SB), RODATA|NOPTR, $%d\n", name, 4*len(indices))
	w.tables = append(w.tables, b.String())
	return name
}

// param loads parameter i, an integer or a pointer.
func (w *amd64) param(i int, to reg) {
	offsets, _ := w.frame()
	w.line("\tMOVQ %s+%d(FP), %s", w.params[i].name, offsets[i], w.reg(to))
}

func (w *amd64) line(format string, args ...any) { fmt.Fprintf(&w.out, format+"\n", args...) }

// reg names the register that r is in.
func (w *amd64) reg(r reg) string {
	switch {
	case w.regs[r] == scalar:
		return amd64Scalars[w.place[r]]
	case w.regs[r] == mask && w.evex:
		return fmt.Sprintf("K%d", w.place[r]+1) // K0 as an operand means no mask
	}
	return w.vector(w.place[r])
}

func (w *amd64) vector(i int) string {
	if w.evex {
		return fmt.Sprintf("Z%d", i)
	}
	return fmt.Sprintf("Y%d", i)
}

func (w *amd64) lower128(r reg) string { return fmt.Sprintf("X%d", w.place[r]) }
func (w *amd64) lower256(r reg) string { return fmt.Sprintf("Y%d", w.place[r]) }

func (w *amd64) mem(m mem) string {
	text := ""
	if m.disp != 0 {
		text = fmt.Sprint(m.disp)
	}
	text += "(" + w.reg(m.base) + ")"
	if m.index != none {
		text += fmt.Sprintf("(%s*%d)", w.reg(m.index), m.scale)
	}
	return text
}

// source is r as the operand of an instruction that may be in memory: constants
// are where they have no register. It returns the instruction's suffix, too.
func (w *amd64) source(r reg) (suffix, operand string) {
	c, inMemory := w.inMemory[r]
	switch {
	case !inMemory:
		return "", w.reg(r)
	case w.evex:
		return ".BCST", constantName(c)
	}
	return "", constantName(c)
}

// held is r in a register: the scratch register for a constant in memory.
func (w *amd64) held(r reg) string {
	c, inMemory := w.inMemory[r]
	if !inMemory {
		return w.reg(r)
	}
	scratch := w.vector(w.level.vectors - 1)
	w.line("\tVBROADCASTSS %s, %s", constantName(c), scratch)
	return scratch
}

// constantName is the symbol of a constant of the file, 32 bytes.
func constantName(f float32) string { return fmt.Sprintf("c%08x<>+0(SB)", math.Float32bits(f)) }

// amd64Constants prints the symbols of the constants that programs name.
func amd64Constants(used map[uint32]bool) string {
	var b strings.Builder
	for _, bits := range slices.Sorted(maps.Keys(used)) {
		name := fmt.Sprintf("c%08x<>", bits)
		for i := range 4 {
			fmt.Fprintf(&b, "DATA %s+%d(SB)/8, $0x%08x%08x\n", name, 8*i, bits, bits)
		}
		fmt.Fprintf(&b, "GLOBL %s(SB), RODATA|NOPTR, $32\n", name)
	}
	return b.String()
}

// tailTable is where masks of the first n of 8 lanes are read from, for AVX2.
const tailTable = `DATA tails<>+0(SB)/8, $-1
DATA tails<>+8(SB)/8, $-1
DATA tails<>+16(SB)/8, $-1
DATA tails<>+24(SB)/8, $-1
DATA tails<>+32(SB)/8, $0
DATA tails<>+40(SB)/8, $0
DATA tails<>+48(SB)/8, $0
DATA tails<>+56(SB)/8, $0
GLOBL tails<>(SB), RODATA|NOPTR, $64
`

// avx2Data is the constants of a file for AVX2.
func avx2Data(used map[uint32]bool) string { return avx512Data(used) + tailTable }

// avx512Data is those for AVX-512.
func avx512Data(used map[uint32]bool) string {
	return amd64Constants(used) + alternateTable + doubledTable
}

// doubledTable is each index twice.
const doubledTable = `DATA doubled<>+0(SB)/8, $0x0000000000000000
DATA doubled<>+8(SB)/8, $0x0000000100000001
DATA doubled<>+16(SB)/8, $0x0000000200000002
DATA doubled<>+24(SB)/8, $0x0000000300000003
DATA doubled<>+32(SB)/8, $0x0000000400000004
DATA doubled<>+40(SB)/8, $0x0000000500000005
DATA doubled<>+48(SB)/8, $0x0000000600000006
DATA doubled<>+56(SB)/8, $0x0000000700000007
GLOBL doubled<>(SB), RODATA|NOPTR, $64
`

// alternateTable is the sign of every other lane, the first included.
const alternateTable = `DATA alternate<>+0(SB)/8, $0x0000000080000000
DATA alternate<>+8(SB)/8, $0x0000000080000000
DATA alternate<>+16(SB)/8, $0x0000000080000000
DATA alternate<>+24(SB)/8, $0x0000000080000000
GLOBL alternate<>(SB), RODATA|NOPTR, $32
`

func (w *amd64) list(nodes []*node) {
	for _, n := range nodes {
		switch n.op {
		case opLoop, opIf, opElse, opEither:
			w.control(n)
		default:
			w.operation(n)
		}
	}
}

func (w *amd64) label() string {
	w.labels++
	return fmt.Sprintf("l%d", w.labels)
}

func (w *amd64) control(n *node) {
	counter, end := w.reg(n.args[0]), w.label()
	w.line("\tCMPQ %s, $%d", counter, n.imm)
	switch n.op {
	case opLoop:
		begin := w.label()
		w.line("\tJLT %s", end)
		w.line("%s:", begin)
		w.list(n.body)
		w.line("\tSUBQ $%d, %s", n.imm, counter)
		w.line("\tCMPQ %s, $%d", counter, n.imm)
		w.line("\tJGE %s", begin)
	case opIf:
		w.line("\tJLE %s", end)
		w.list(n.body)
	case opElse:
		w.line("\tJGT %s", end)
		w.list(n.body)
	case opEither:
		rest := w.label()
		w.line("\tJGT %s", rest)
		w.list(n.body)
		w.line("\tJMP %s", end)
		w.line("%s:", rest)
		w.list(n.rest)
	}
	w.line("%s:", end)
}

// amd64Names are the operations that are one instruction of operands in registers,
// the second of which may be in memory: dst = args[0] op args[1].
var amd64Names = map[op]string{
	opAdd: "VADDPS", opSub: "VSUBPS", opMul: "VMULPS", opDiv: "VDIVPS", opMax: "VMAXPS", opMin: "VMINPS",
	opAnd: "VANDPS", opOr: "VORPS", opXor: "VXORPS", opAndNot: "VANDNPS",
	opLowPairs: "VUNPCKLPS", opHighPairs: "VUNPCKHPS", opLowQuads: "VUNPCKLPD", opHighQuads: "VUNPCKHPD",
	opAddInt: "VPADDD", opSubInt: "VPSUBD", opMulInt: "VPMULLD", opMulWords: "VPMADDWD", opScale: "VSCALEFPS",
}

// amd64Updates are those that change dst: dst = f(dst, args[0], args[1]).
var amd64Updates = map[op]string{opFMA: "VFMADD231PS", opFNMA: "VFNMADD231PS", opMulAdd: "VFMADD213PS"}

// commutes are the operations whose operands may be exchanged. Max and min are
// not among them: they tell NaN by position.
var commutes = map[op]bool{opAdd: true, opMul: true, opAnd: true, opOr: true, opXor: true, opAddInt: true, opFMA: true, opFNMA: true}

// predicates are the comparisons of VCMPPS; a comparison with NaN is false, but
// for that which asks for it.
var predicates = map[op]int{opEqual: 0, opLess: 17, opNotLess: 21, opNaN: 3}

var amd64Ints = map[op]string{opAddImm: "ADDQ", opMulImm: "IMULQ", opShlImm: "SHLQ", opShrImm: "SHRQ"}

func (w *amd64) operation(n *node) {
	name, ok := amd64Names[n.op]
	if !ok {
		name, ok = amd64Updates[n.op]
	}
	if ok {
		x, y := n.args[0], n.args[1]
		if _, inMemory := w.inMemory[x]; inMemory && commutes[n.op] {
			x, y = y, x
		}
		suffix, operand := w.source(y)
		w.line("\t%s%s %s, %s, %s", name, suffix, operand, w.held(x), w.reg(n.dst))
		return
	}
	if imm, ok := predicates[n.op]; ok {
		suffix, operand := w.source(n.args[1])
		w.line("\tVCMPPS%s $%d, %s, %s, %s", suffix, imm, operand, w.held(n.args[0]), w.reg(n.dst))
		return
	}
	if name, ok := amd64Ints[n.op]; ok {
		w.line("\t%s $%d, %s", name, n.imm, w.reg(n.dst))
		return
	}
	w.special(n)
}

// special prints the operations that are of no common form.
func (w *amd64) special(n *node) {
	arg := func(i int) string { return w.reg(n.args[i]) }
	switch n.op {
	case opLoad:
		w.line("\tVMOVUPS %s, %s", w.mem(n.mem), w.reg(n.dst))
	case opLoadOne:
		w.line("\tVMOVSS %s, %s", w.mem(n.mem), w.lower128(n.dst))
	case opStore:
		w.line("\tVMOVUPS %s, %s", arg(0), w.mem(n.mem))
	case opStoreOne:
		w.line("\tVMOVSS %s, %s", w.lower128(n.args[0]), w.mem(n.mem))
	case opLoadTail:
		if w.evex {
			w.line("\tVMOVUPS.Z %s, %s, %s", w.mem(n.mem), arg(0), w.reg(n.dst))
		} else {
			w.line("\tVMASKMOVPS %s, %s, %s", w.mem(n.mem), arg(0), w.reg(n.dst))
		}
	case opStoreTail:
		if w.evex {
			w.line("\tVMOVUPS %s, %s, %s", arg(0), arg(1), w.mem(n.mem))
		} else {
			w.line("\tVMASKMOVPS %s, %s, %s", arg(0), arg(1), w.mem(n.mem))
		}
	case opFMAMem:
		w.line("\tVFMADD231PS.BCST %s, %s, %s", w.mem(n.mem), arg(0), w.reg(n.dst))
	case opSplat:
		w.line("\tVBROADCASTSS %s, %s", w.mem(n.mem), w.reg(n.dst))
	case opConst:
		if _, inMemory := w.inMemory[n.dst]; !inMemory {
			w.line("\tVBROADCASTSS %s, %s", constantName(n.f), w.reg(n.dst))
		}
	case opZero:
		w.line("\tVXORPS %[1]s, %[1]s, %[1]s", w.reg(n.dst))
	case opMove:
		w.line("\tVMOVAPS %s, %s", w.held(n.args[0]), w.reg(n.dst))
	case opFMAWhere:
		w.line("\tVFMADD231PS.Z %s, %s, %s, %s", arg(1), arg(0), arg(2), w.reg(n.dst))
	case opInverse:
		w.line("\tVRCP14PS %s, %s", w.held(n.args[0]), w.reg(n.dst))
	case opSqrt:
		w.line("\tVSQRTPS %s, %s", w.held(n.args[0]), w.reg(n.dst))
	case opRound:
		if w.evex {
			w.line("\tVRNDSCALEPS $8, %s, %s", w.held(n.args[0]), w.reg(n.dst))
		} else {
			w.line("\tVROUNDPS $8, %s, %s", w.held(n.args[0]), w.reg(n.dst))
		}
	case opFraction:
		w.line("\tVREDUCEPS $1, %s, %s", w.held(n.args[0]), w.reg(n.dst)) // of whole numbers, rounding down
	case opFromInt:
		w.line("\tVCVTDQ2PS %s, %s", w.held(n.args[0]), w.reg(n.dst))
	case opToInt:
		w.line("\tVCVTPS2DQ %s, %s", w.held(n.args[0]), w.reg(n.dst))
	case opShiftLeft:
		w.line("\tVPSLLD $%d, %s, %s", n.imm, arg(0), w.reg(n.dst))
	case opShiftRight:
		w.line("\tVPSRAD $%d, %s, %s", n.imm, arg(0), w.reg(n.dst))
	case opSelect:
		w.choose(n)
	case opSum, opTop:
		w.reduce(n)
	case opGroups:
		name := "VPERM2F128"
		if w.evex {
			name = "VSHUFF32X4"
		}
		w.line("\t%s $%d, %s, %s, %s", name, n.imm, arg(1), arg(0), w.reg(n.dst))
	case opEven:
		w.line("\tVSHUFPS $0x88, %s, %s, %s", arg(1), arg(0), w.reg(n.dst))
	case opOdd:
		w.line("\tVSHUFPS $0xdd, %s, %s, %s", arg(1), arg(0), w.reg(n.dst))
	case opTable:
		w.line("\tVMOVUPS %s+0(SB), %s", w.table(n.table), w.reg(n.dst))
	case opPermute:
		w.line("\tVPERMPS %s, %s, %s", arg(0), arg(1), w.reg(n.dst))
	case opPermute2:
		w.line("\tVMOVAPS %s, %s", arg(2), w.reg(n.dst))
		w.line("\tVPERMI2PS %s, %s, %s", arg(1), arg(0), w.reg(n.dst))
	case opLoadHalf, opLoadHalfTail, opLoadBrain, opLoadBrainTail, opLoadByte, opLoadByteTail:
		w.widen(n)
	case opLoadHalfOne, opLoadBrainOne, opLoadByteOne:
		w.widenOne(n)
	case opPackHalf, opPackHigh:
		w.pack(n)
	case opStorePack:
		w.line("\tVMOVUPS %s, %s", w.lowerHalf(n.args[0]), w.mem(n.mem))
	case opStorePackTail:
		w.line("\tVMOVDQU16 %s, %s, %s", w.lowerHalf(n.args[0]), arg(1), w.mem(n.mem))
	case opStorePackOne:
		w.line("\tVPEXTRW $0, %s, %s", w.lower128(n.args[0]), w.mem(n.mem))
	case opPackBytes:
		w.line("\tVPMOVDB %s, %s", arg(0), w.lower128(n.dst))
	case opStoreBytes:
		w.line("\tVMOVUPS %s, %s", w.lower128(n.args[0]), w.mem(n.mem))
	case opLoadDoubled:
		w.double(n)
	case opSwap:
		w.line("\tVPERMILPS $0xb1, %s, %s", arg(0), w.reg(n.dst))
	case opAlternate:
		if w.evex {
			w.line("\tVXORPD.BCST alternate<>+0(SB), %s, %s", arg(0), w.reg(n.dst))
		} else {
			w.line("\tVXORPD alternate<>+0(SB), %s, %s", arg(0), w.reg(n.dst))
		}
	case opDotBrain:
		w.line("\t%s // VDPBF16PS Z%d, Z%d, Z%d", dotBrain(w.place[n.args[1]], w.place[n.args[0]], w.place[n.dst]), w.place[n.args[1]], w.place[n.args[0]], w.place[n.dst])
	case opDotBytes:
		w.line("\tVPDPBUSD %s, %s, %s", arg(0), arg(1), w.reg(n.dst))
	case opPrefetch:
		w.line("\tPREFETCHT%d %s", n.imm, w.mem(n.mem))
	case opTailMask:
		w.tailMask(n)
	case opParam:
		w.param(n.imm, n.dst)
	case opCopyInt:
		if arg(0) != w.reg(n.dst) {
			w.line("\tMOVQ %s, %s", arg(0), w.reg(n.dst))
		}
	case opSetInt:
		w.line("\tMOVQ $%d, %s", n.imm, w.reg(n.dst))
	case opAddReg:
		w.line("\tADDQ %s, %s", arg(0), w.reg(n.dst))
	case opLoadInt:
		w.line("\tMOVLQSX %s, %s", w.mem(n.mem), w.reg(n.dst))
	case opLoadPointer:
		w.line("\tMOVQ %s, %s", w.mem(n.mem), w.reg(n.dst))
	case opAddress:
		w.line("\tLEAQ %s, %s", w.mem(n.mem), w.reg(n.dst))
	default:
		panic(fmt.Sprintf("BUG: kernel %s: %s has no operation %d", w.name, w.level.name, n.op))
	}
}

func (w *amd64) choose(n *node) {
	m, dst := w.reg(n.args[0]), w.reg(n.dst)
	suffix, x := w.source(n.args[1])
	y := w.held(n.args[2])
	if w.evex {
		w.line("\tVBLENDMPS%s %s, %s, %s, %s", suffix, x, y, m, dst)
		return
	}
	w.line("\tVBLENDVPS %s, %s, %s, %s", m, x, y, dst)
}

// tailMask makes the mask of the first lanes.
func (w *amd64) tailMask(n *node) {
	count, scratch := w.reg(n.args[0]), w.reg(n.args[1])
	if w.evex {
		w.line("\tMOVL $-1, %s", scratch)
		w.line("\tBZHIL %s, %s, %s", count, scratch, scratch)
		w.line("\tKMOVW %s, %s", scratch, w.reg(n.dst))
		return
	}
	// Lane i is taken from word 8−n+i: those before word 8 are set.
	w.line("\tLEAQ tails<>+32(SB), %s", scratch)
	w.line("\tSHLQ $2, %s", count)
	w.line("\tSUBQ %s, %s", count, scratch)
	w.line("\tSHRQ $2, %s", count)
	w.line("\tVMOVUPS (%s), %s", scratch, w.reg(n.dst))
}

// reduce leaves the reduction of all lanes in every lane: halves first, then
// quarters, so that the order is fixed.
func (w *amd64) reduce(n *node) {
	name := "VADDPS"
	if n.op == opTop {
		name = "VMAXPS"
	}
	x, t, dst := w.reg(n.args[0]), w.reg(n.args[1]), w.reg(n.dst)
	fold := func(format string, imm int) {
		w.line("\t"+format, imm, x, t)
		w.line("\t%s %s, %s, %s", name, t, x, dst)
		x = dst
	}
	if w.evex {
		fold("VSHUFF32X4 $%d, %[2]s, %[2]s, %[3]s", 0x4e)
		fold("VSHUFF32X4 $%d, %[2]s, %[2]s, %[3]s", 0xb1)
	} else {
		fold("VPERM2F128 $%d, %[2]s, %[2]s, %[3]s", 1)
	}
	fold("VSHUFPS $%d, %[2]s, %[2]s, %[3]s", 0x4e)
	fold("VSHUFPS $%d, %[2]s, %[2]s, %[3]s", 0xb1)
}

// widen loads narrow elements.
func (w *amd64) widen(n *node) {
	dst, from := w.reg(n.dst), w.mem(n.mem)
	z, masked := "", ""
	if len(n.args) > 0 {
		if !w.evex {
			panic("BUG: AVX2 loads no part of a vector of narrow elements")
		}
		z, masked = ".Z", w.reg(n.args[0])+", "
	}
	switch n.op {
	case opLoadHalf, opLoadHalfTail:
		w.line("\tVCVTPH2PS%s %s, %s%s", z, from, masked, dst)
	case opLoadByte, opLoadByteTail:
		w.line("\tVPMOVZXBD%s %s, %s%s", z, from, masked, dst)
	default:
		w.line("\tVPMOVZXWD%s %s, %s%s", z, from, masked, dst)
		w.line("\tVPSLLD $16, %s, %s", dst, dst)
	}
}

// widenOne loads one narrow element into the first lane.
func (w *amd64) widenOne(n *node) {
	dst, from := w.lower128(n.dst), w.mem(n.mem)
	w.line("\tVPXOR %[1]s, %[1]s, %[1]s", dst)
	switch n.op {
	case opLoadHalfOne:
		w.line("\tVPINSRW $0, %s, %s, %s", from, dst, dst)
		w.line("\tVCVTPH2PS %s, %s", dst, dst)
	case opLoadBrainOne: // the upper half of the lane
		w.line("\tVPINSRW $1, %s, %s, %s", from, dst, dst)
	case opLoadByteOne:
		w.line("\tVPINSRB $0, %s, %s, %s", from, dst, dst)
	}
}

// double spreads half as many elements as there are lanes, by a table of indices.
func (w *amd64) double(n *node) {
	indices, dst := w.reg(n.args[0]), w.reg(n.dst)
	w.line("\tVMOVUPS doubled<>+0(SB), %s", indices)
	if w.evex {
		w.line("\tVMOVUPS %s, %s", w.mem(n.mem), w.lower256(n.dst))
		w.line("\tVPERMPS %s, %s, %s", dst, indices, dst)
		return
	}
	w.line("\tVBROADCASTF128 %s, %s", w.mem(n.mem), dst) // VPERMILPS chooses within 128 bits
	w.line("\tVPERMILPS %s, %s, %s", indices, dst, dst)
}

// lowerHalf is the lower half of the register that r is in.
func (w *amd64) lowerHalf(r reg) string {
	if w.evex {
		return w.lower256(r)
	}
	return w.lower128(r)
}

// pack narrows the lanes to 16 bits.
func (w *amd64) pack(n *node) {
	x, dst, low := w.reg(n.args[0]), w.reg(n.dst), w.lowerHalf(n.dst)
	if n.op == opPackHalf {
		w.line("\tVCVTPS2PH $0, %s, %s", x, low) // to the nearest, ties to even
		return
	}
	w.line("\tVPSRLD $16, %s, %s", x, dst)
	if w.evex {
		w.line("\tVPMOVDW %s, %s", dst, low)
		return
	}
	w.line("\tVPACKUSDW %[1]s, %[1]s, %[1]s", dst) // within each 128 bits
	w.line("\tVPERMQ $8, %[1]s, %[1]s", dst)
}

// dotBrain encodes VDPBF16PS, which Go's assembler lacks: zd += pairs of z1 times
// pairs of z2 (Intel SDM, EVEX.512.F3.0F38.W0 52 /r).
func dotBrain(z2, z1, zd int) string {
	inv := func(x int) int { return ^x & 1 }
	p0 := inv(zd>>3)<<7 | inv(z2>>4)<<6 | inv(z2>>3)<<5 | inv(zd>>4)<<4 | 2
	p1 := (^z1&15)<<3 | 4 | 2
	p2 := 2<<5 | inv(z1>>4)<<3
	modrm := 0xc0 | (zd&7)<<3 | z2&7
	return fmt.Sprintf("BYTE $0x62; BYTE $0x%02x; BYTE $0x%02x; BYTE $0x%02x; BYTE $0x52; BYTE $0x%02x", p0, p1, p2, modrm)
}

package main

import (
	"fmt"
	"strings"
)

// Products of bfloat16 and of bytes on the tile registers of AMX, of 16 rows of 64 bytes. Go's
// assembler has none of their instructions: they are printed as bytes (Intel SDM
// volume 2, VEX.128.0F38.W0).
//
// A function that configures the tiles releases them before it returns, so that no
// Go code ever runs with tiles in use: the tiles are configured and in use in
// assembly alone, which the scheduler does not interrupt.

// tileText collects the lines of a function.
type tileText struct {
	strings.Builder
	multiplies tileDot // in the function that is being written
}

// tileDot is an instruction that adds the product of two tiles to a third.
type tileDot struct {
	name              string
	prefix, operation int
}

var (
	dotPairs = tileDot{"TDPBF16PS", prefixF3, 0x5c} // of bfloat16
	dotBytes = tileDot{"TDPBUSD", prefix66, 0x5e}   // of bytes, those of the left one without sign
)

func (w *tileText) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// gp are the numbers of the general registers.
var gp = map[string]int{
	"AX": 0, "CX": 1, "DX": 2, "BX": 3, "SI": 6, "DI": 7,
	"R8": 8, "R9": 9, "R10": 10, "R11": 11, "R12": 12, "R13": 13, "R15": 15,
}

// The prefixes of VEX, in its field pp.
const (
	prefixNone = 0
	prefix66   = 1
	prefixF3   = 2
	prefixF2   = 3
)

// vex is the bytes of an instruction up to its operation: r, x and b are the
// numbers that the fields of ModRM and SIB begin, v is the second operand.
func vex(prefix, operation, r, x, b, v int) []int {
	inv := func(n int) int { return ^(n >> 3) & 1 }
	return []int{0xc4, inv(r)<<7 | inv(x)<<6 | inv(b)<<5 | 2, (^v&15)<<3 | prefix, operation}
}

func (w *tileText) bytes(list []int, comment string) {
	parts := make([]string, len(list))
	for i, x := range list {
		parts[i] = fmt.Sprintf("BYTE $0x%02x", x)
	}
	w.line("\t%s // %s", strings.Join(parts, "; "), comment)
}

// configure loads the configuration at [base].
func (w *tileText) configure(base string) {
	n := gp[base]
	modrm := []int{0<<6 | n&7}
	if n&7 == 5 { // R13 as a base asks for a displacement
		modrm = []int{1<<6 | 5, 0}
	}
	w.bytes(append(vex(prefixNone, 0x49, 0, 0, n, 0), modrm...), "LDTILECFG ("+base+")")
}

func (w *tileText) release() {
	w.bytes(append(vex(prefixNone, 0x49, 0, 0, 0, 0), 0xc0), "TILERELEASE")
}

func (w *tileText) zero(t int) {
	w.bytes(append(vex(prefixF2, 0x49, t, 0, 0, 0), 0xc0|t<<3), fmt.Sprintf("TILEZERO TMM%d", t))
}

// move loads or stores tile t, row i of which is at base + disp + i·pitch.
func (w *tileText) move(name string, prefix, t int, base, pitch string, disp int) {
	b, x := gp[base], gp[pitch]
	w.bytes(append(vex(prefix, 0x4b, t, x, b, 0), 1<<6|t<<3|4, x&7<<3|b&7, disp&0xff),
		fmt.Sprintf("%s TMM%d, %d(%s)(%s*1)", name, t, disp, base, pitch))
}

func (w *tileText) load(t int, base, pitch string, disp int) {
	w.move("TILELOADD", prefixF2, t, base, pitch, disp)
}

func (w *tileText) store(t int, base, pitch string, disp int) {
	w.move("TILESTORED", prefixF3, t, base, pitch, disp)
}

// dot adds the product of tiles a and b to tile sum.
func (w *tileText) dot(sum, a, b int) {
	d := w.multiplies
	w.bytes(append(vex(d.prefix, d.operation, sum, 0, a, b), 0xc0|sum<<3|a), fmt.Sprintf("%s TMM%d, TMM%d, TMM%d", d.name, sum, a, b))
}

// The tiles: sums of the upper and the lower rows with the left and the right
// columns, the rows' operands, the columns' operands.
const (
	upperLeft = iota
	upperRight
	lowerLeft
	lowerRight
	upperRows
	lowerRows
	leftColumns
	rightColumns
)

// tilesFile is the file of the functions on tiles.
func tilesFile() string {
	w := &tileText{}
	w.line("%s//go:build amd64\n\n#include \"textflag.h\"\n", header)
	w.product("tileProduct", dotPairs, 1)
	w.product("tileThirds", dotPairs, thirds)
	w.product("tileBytesProduct", dotBytes, 1)
	w.round()
	w.pair()
	w.split()
	return w.String()
}

const (
	tileBytes  = 1024
	panelBytes = 2 * tileBytes // of a step
)

// product writes a function that multiplies a tile of rows, each number of which is a
// sum of so many parts, with panels. In a step along k, of 32, the parts follow one
// another.
func (w *tileText) product(name string, dot tileDot, parts int) {
	w.multiplies = dot
	w.line("// func %s(shape *tileShape, panels int, rows int, lower int, k int, a *uint16, b *uint16, ldb int, c *float32, ldc int, add int, ahead int)", name)
	w.line("TEXT ·%s(SB), NOSPLIT, $8-96", name)
	w.line("\tMOVQ shape+0(FP), AX")
	w.configure("AX")
	w.line("\tMOVQ a+40(FP), R8")
	w.line("\tMOVQ rows+16(FP), R9")
	w.line("\tSHLQ $6, R9") // from part to part of a
	w.line("\tMOVQ c+64(FP), R10")
	w.line("\tMOVQ ldc+72(FP), R11")
	w.line("\tMOVQ ldb+56(FP), R13")
	w.line("\tMOVQ $128, R12")
	w.line("panel:")
	w.line("\tMOVQ b+48(FP), SI")
	w.line("\tMOVQ k+32(FP), CX")
	w.line("\tMOVQ CX, steps-8(SP)")
	w.line("\tMOVQ R8, BX")
	w.line("\tCMPQ lower+24(FP), $0")
	w.line("\tJEQ upper")
	w.tile("both", []int{upperRows, lowerRows}, parts)
	w.line("\tJMP done")
	w.line("upper:")
	w.tile("half", []int{upperRows}, parts)
	w.line("done:")
	w.line("\tADDQ R13, b+48(FP)")
	w.line("\tADDQ $128, R10")
	w.line("\tDECQ panels+8(FP)")
	w.line("\tJNZ panel")
	w.release()
	w.line("\tRET\n")
}

// tile computes a tile of one or two halves of rows; the lower half is 16 rows on.
func (w *tileText) tile(label string, halves []int, parts int) {
	each := func(f func(t int, base string, disp int)) {
		w.line("\tMOVQ R10, DX")
		for i := range halves {
			if i > 0 {
				w.line("\tMOVQ R11, AX")
				w.line("\tSHLQ $4, AX")
				w.line("\tADDQ AX, DX")
			}
			f(2*i, "DX", 0)
			f(2*i+1, "DX", 64)
		}
	}
	w.line("\tCMPQ add+80(FP), $0")
	w.line("\tJEQ %sZero", label)
	each(func(t int, base string, disp int) { w.load(t, base, "R11", disp) })
	w.line("\tJMP %sBegin", label)
	w.line("%sZero:", label)
	for i := range 2 * len(halves) {
		w.zero(i)
	}
	w.line("%sBegin:", label)
	w.line("\tMOVQ $64, AX")
	if len(halves) > 1 {
		w.line("\tLEAQ %d(BX), DX", tileBytes)
		w.line("\tMOVQ R10, R15")
	}
	w.line("%sStep:", label)
	w.line("\tMOVQ ahead+88(FP), CX")
	w.line("\tADDQ SI, CX")
	w.step(halves, parts)
	if len(halves) > 1 {
		for range 2 { // the rows of c will be stored: they may be far away
			w.bytes([]int{0x41, 0x0f, 0x0d, 0x4f, 0}, "PREFETCHW (R15)")
			w.bytes([]int{0x41, 0x0f, 0x0d, 0x4f, 64}, "PREFETCHW 64(R15)")
			w.line("\tADDQ R11, R15")
		}
	}
	w.line("\tADDQ $%d, SI", panelBytes)
	w.line("\tDECQ steps-8(SP)")
	w.line("\tJNZ %sStep", label)
	each(func(t int, base string, disp int) { w.store(t, base, "R11", disp) })
}

// step multiplies the parts of a step along k, and goes on in the rows. Between the
// products it fetches the step of another panel, at CX: all at once would hold up the
// loads.
func (w *tileText) step(halves []int, parts int) {
	const lines = panelBytes / 64
	share, fetched := lines/(parts*len(halves)), 0
	fetch := func() {
		for range share {
			w.line("\tPREFETCHT1 %d(CX)", 64*fetched)
			fetched++
		}
	}
	for part := range parts {
		if part == 0 {
			w.load(leftColumns, "SI", "R12", 0)
		}
		w.load(upperRows, "BX", "AX", 0)
		w.dot(upperLeft, upperRows, leftColumns)
		if part == 0 {
			w.load(rightColumns, "SI", "R12", 64)
		}
		w.dot(upperRight, upperRows, rightColumns)
		w.line("\tADDQ R9, BX")
		fetch()
		if len(halves) > 1 {
			w.load(lowerRows, "DX", "AX", 0)
			w.dot(lowerLeft, lowerRows, leftColumns)
			w.dot(lowerRight, lowerRows, rightColumns)
			w.line("\tADDQ R9, DX")
			fetch()
		}
	}
	for fetched < lines {
		share = 1
		fetch()
	}
}

// round writes the function that rounds rows of a tile to bfloat16, two vectors at once.
func (w *tileText) round() {
	w.line("// func roundRows(rows int, n int, z *uint16, pitch int, x *float32, ldx int)")
	w.line("TEXT ·roundRows(SB), NOSPLIT, $0-48")
	w.line("\tMOVQ rows+0(FP), BX")
	w.line("\tMOVQ z+16(FP), R8")
	w.line("\tMOVQ pitch+24(FP), DX")
	w.line("\tMOVQ x+32(FP), R9")
	w.line("row:")
	w.line("\tMOVQ n+8(FP), CX")
	w.line("\tMOVQ R8, DI")
	w.line("\tMOVQ R9, SI")
	w.line("next:")
	w.line("\tVMOVUPS (SI), Z0")
	w.line("\tVMOVUPS 64(SI), Z1")
	w.roundTwo()
	w.line("\tVMOVUPS Z0, (DI)")
	w.line("\tADDQ $128, SI")
	w.line("\tADDQ DX, DI")
	w.line("\tSUBQ $32, CX")
	w.line("\tJNZ next")
	w.line("\tADDQ $64, R8")
	w.line("\tADDQ ldx+40(FP), R9")
	w.line("\tDECQ BX")
	w.line("\tJNZ row")
	w.line("\tVZEROUPPER")
	w.line("\tRET\n")
}

// roundTwo rounds two vectors: the lower half of Z0 becomes what Z0 was, the upper one
// Z1. EVEX.512.F2.0F38.W0 72 /r.
func (w *tileText) roundTwo() {
	w.bytes([]int{0x62, 0xf2, 0x77, 0x48, 0x72, 0xc0}, "VCVTNE2PS2BF16 Z0, Z1, Z0")
}

// pair writes the function that rounds two rows of 32 columns at a time and makes pairs
// of them.
func (w *tileText) pair() {
	w.words("bothHalves", func(i int) int { return i/2 + i%2*16 })
	w.line("// func pairRows(pairs int, z *uint16, x *float32, ldx int)")
	w.line("TEXT ·pairRows(SB), NOSPLIT, $0-32")
	w.line("\tMOVQ pairs+0(FP), CX")
	w.line("\tMOVQ z+8(FP), DI")
	w.line("\tMOVQ x+16(FP), SI")
	w.line("\tMOVQ ldx+24(FP), DX")
	w.line("\tVMOVDQU32 bothHalves<>(SB), Z2")
	w.line("next:")
	for v := range 2 {
		w.line("\tVMOVUPS %d(SI), Z0", 64*v)
		w.line("\tVMOVUPS %d(SI)(DX*1), Z1", 64*v)
		w.roundTwo()
		w.line("\tVPERMW Z0, Z2, Z0")
		w.line("\tVMOVDQU32 Z0, %d(DI)", 64*v)
	}
	w.line("\tLEAQ (SI)(DX*2), SI")
	w.line("\tADDQ $128, DI")
	w.line("\tDECQ CX")
	w.line("\tJNZ next")
	w.line("\tVZEROUPPER")
	w.line("\tRET\n")
}

// words writes a vector of 32 words.
func (w *tileText) words(name string, f func(i int) int) {
	for i := range 8 {
		word := uint64(0)
		for j := 3; j >= 0; j-- {
			word = word<<16 | uint64(f(4*i+j))
		}
		w.line("DATA %s<>+%d(SB)/8, $0x%016x", name, 8*i, word)
	}
	w.line("GLOBL %s<>(SB), RODATA|NOPTR, $64\n", name)
}

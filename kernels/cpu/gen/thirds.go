package main

// Numbers as sums of three of bfloat16, for products in float32 on tiles. Of the 24
// digits of a number, the first part has it rounded to 8, the second what that leaves,
// rounded to 8, and the third the rest, which is exact. Rounding is to the nearest,
// ties away from zero: half of the last place is added to the bits, and those below
// are taken away.

// thirds is how many parts there are.
const thirds = 3

// notFinite are the classes of VFPCLASSPS that have no parts: NaN and infinities.
const notFinite = 0x99

// split writes the function that splits a row, in steps of 32, the third parts first.
func (w *tileText) split() {
	w.words("upperWords", func(i int) int { return 2*i + 1 }) // of two vectors
	w.line("// func splitRow(steps int, z *uint16, pitch int, x *float32) bool")
	w.line("TEXT ·splitRow(SB), NOSPLIT, $0-33")
	w.line("\tMOVQ steps+0(FP), CX")
	w.line("\tMOVQ z+8(FP), DI")
	w.line("\tMOVQ pitch+16(FP), DX")
	w.line("\tMOVQ x+24(FP), SI")
	w.line("\tLEAQ (DX)(DX*2), R8")
	w.line("\tMOVL $0x8000, AX")
	w.line("\tVPBROADCASTD AX, Z30")
	w.line("\tMOVL $0xffff0000, AX")
	w.line("\tVPBROADCASTD AX, Z31")
	w.line("\tVMOVDQU32 upperWords<>(SB), Z29")
	w.line("\tKXORW K1, K1, K1")
	w.line("step:")
	w.line("\tVMOVUPS (SI), Z0")
	w.line("\tVMOVUPS 64(SI), Z1")
	for i, place := range []string{"(DI)(DX*2)", "(DI)(DX*1)"} {
		for _, x := range []int{0, 1} {
			part := x + 2
			if i == 0 { // adding to the bits of a NaN may make a number of it
				w.line("\tVFPCLASSPSZ $%d, Z%d, K2", notFinite, x)
				w.line("\tKORW K2, K1, K1")
			}
			w.line("\tVPADDD Z30, Z%d, Z%d", x, part)
			w.line("\tVPANDD Z31, Z%d, Z%d", part, part)
			if i == 0 {
				w.line("\tVFPCLASSPSZ $%d, Z%d, K2", notFinite, part)
				w.line("\tKORW K2, K1, K1")
			}
			w.line("\tVSUBPS Z%d, Z%d, Z%d", part, x, x)
		}
		w.line("\tVPERMT2W Z3, Z29, Z2")
		w.line("\tVMOVDQU32 Z2, %s", place)
	}
	w.line("\tVPERMT2W Z1, Z29, Z0")
	w.line("\tVMOVDQU32 Z0, (DI)")
	w.line("\tADDQ $128, SI")
	w.line("\tADDQ R8, DI")
	w.line("\tDECQ CX")
	w.line("\tJNZ step")
	w.line("\tKORTESTW K1, K1")
	w.line("\tSETEQ ret+32(FP)")
	w.line("\tVZEROUPPER")
	w.line("\tRET")
}

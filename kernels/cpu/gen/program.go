package main

// program is one kernel for one level.
type program struct {
	name   string
	params []param
	regs   []kind
	body   []*node
	level  *level
}

// param is a parameter of the kernel's function.
type param struct {
	name string
	typ  string // int, *float32, *uint16, *int32, *Step, *Tap, float32
	reg  reg
}

// kind says what a register holds.
type kind uint8

const (
	vector kind = iota // lanes of float32 or int32
	scalar             // an integer or a pointer
	mask               // a lane's answer to a comparison, or which lanes there are
)

// reg is a virtual register of a program.
type reg int

const none reg = -1

// mem is the memory at base + index·scale + disp bytes.
type mem struct {
	base  reg
	index reg
	scale int
	disp  int
}

func at(base reg, disp int) mem { return mem{base: base, index: none, disp: disp} }

// node is one operation; those of control flow have a body.
type node struct {
	op   op
	dst  reg
	args []reg
	mem  mem
	imm  int
	f    float32
	// table is of indices, one for each lane.
	table []int
	body  []*node
	rest  []*node // of opEither
}

// op is an operation of the vector machine that the levels have in common.
type op uint8

const (
	opLoad      op = iota // dst = memory
	opLoadOne             // the first lane; others 0
	opLoadTail            // the lanes of mask args[0], n = args[1]; others 0
	opStore               // memory = args[0]
	opStoreTail           // the lanes of mask args[1], n = args[2]
	opStoreOne            // the first lane
	opSplat               // all lanes are the float32 in memory
	opConst               // all lanes are f
	opZero
	opMove // dst = args[0]

	opAdd // dst = args[0] + args[1]
	opSub
	opMul
	opDiv
	opMax // args[1] if one is NaN
	opMin
	opSqrt
	opFMA      // dst += args[0]·args[1]
	opFNMA     // dst −= args[0]·args[1]
	opFNMAOnce // opFNMA that rounds once, in plain Go alone: the others do
	opMulAdd   // dst = dst·args[0] + args[1]
	opFMALane  // dst += args[0]·(lane imm of args[1])
	opFMAMem   // dst += args[0]·(the float32 in memory)

	opAnd // of bits
	opOr
	opXor
	opAndNot // ¬args[0] & args[1]

	opRound   // to the nearest integer, ties to even
	opToInt   // float32 → int32
	opFromInt // int32 → float32
	opAddInt  // of int32
	opSubInt
	opMulInt
	opShiftLeft  // by imm
	opShiftRight // by imm, keeping the sign
	opInverse    // 1/args[0] to 14 bits: AVX-512 alone
	opScale      // args[0]·2^⌊args[1]⌋: AVX-512 alone
	opFraction   // args[0] − ⌊args[0]⌋, 0 of −∞: AVX-512 alone
	opFMAWhere   // dst += args[0]·args[1] in the lanes of mask args[2], 0 in others: AVX-512 alone

	opLess    // dst is a mask: args[0] < args[1]
	opNotLess // NaN is not: AVX-512 alone
	opEqual
	opNaN    // either is NaN
	opSelect // args[0] ? args[1] : args[2]

	opSum // all lanes are the sum of args[0]'s; args[1] is scratch
	opTop // all lanes are the greatest of args[0]'s

	opLowPairs  // interleave 32-bit lanes of the lower halves of 128-bit groups
	opHighPairs // of the upper halves
	opLowQuads  // 64-bit lanes
	opHighQuads
	opGroups   // choose 128-bit groups by imm: AVX-512 VSHUFF32X4, AVX2 VPERM2F128
	opEven     // lanes 0 and 2 of args[0], then of args[1], in each group of 128 bits
	opOdd      // lanes 1 and 3
	opTable    // the lanes are the indices of the table
	opPermute  // dst's lane i is the lane of args[0] that lane i of args[1] says: AVX-512 and AVX2
	opPermute2 // … of args[0] and args[1] together, that lane i of args[2] says: AVX-512 alone

	opLoadHalf  // widen float16 from memory
	opLoadBrain // widen bfloat16
	opLoadByte  // widen bytes to int32
	opLoadHalfTail
	opLoadBrainTail
	opDotBrain // dst += pairs of bfloat16 in args[0] times those in args[1]: AVX-512 alone
	opMulWords // args[0]·args[1] of pairs of int16, both products added
	opDotBytes // dst += four signed bytes in args[0] times four of args[1], without sign: AVX-512 alone
	opLoadByteTail
	opLoadHalfOne
	opLoadBrainOne
	opLoadByteOne
	opPackHalf  // float16 of the lanes, 16 bits each, in the lower half
	opPackHigh  // the upper 16 bits of the lanes, in the lower half
	opStorePack // the lower half
	opStorePackTail
	opStorePackOne
	opPackBytes   // the lower 8 bits of the lanes, in the lowest quarter: AVX-512 alone
	opStoreBytes  // the lowest quarter: AVX-512 alone
	opLoadDoubled // half as many elements as lanes, each twice
	opSwap        // exchange neighbours: lanes 0 and 1, 2 and 3, …
	opAlternate   // negate lanes 0, 2, …

	opPrefetch // into the cache of level imm
	opTailMask // dst is the mask of the first args[0] lanes; args[1] is scratch

	opParam   // dst = parameter imm, a scalar
	opCopyInt // dst = args[0], of scalars
	opSetInt  // dst = imm
	opAddImm  // dst += imm
	opAddReg  // dst += args[0]
	opMulImm
	opShlImm
	opShrImm
	opAddress // dst = address of mem

	opLoadInt     // dst = the int32 in memory
	opLoadPointer // dst = the pointer in memory

	opLoop   // while args[0] ≥ imm: body, args[0] −= imm
	opIf     // body if args[0] > imm
	opElse   // body if args[0] ≤ imm
	opEither // body if args[0] ≤ imm, rest if not
)

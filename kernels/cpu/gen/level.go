package main

// level is an instruction level that programs are lowered to.
type level struct {
	name   string // in names of files and functions
	goarch string // "": all
	lanes  int
	// Registers that the linear scan may give out.
	vectors int
	scalars []string
	masks   int // 0: masks are vectors
	lower   func(p *program, a *assignment) string
	data    func(constants map[uint32]bool) string // ahead of a file's functions

	rows    int  // of the largest tile of a product
	columns int  // vectors in a row of the tile: a power of two, since attention cuts keys into whole panels
	byLane  bool // has a product by one lane of a vector
	addends bool // a multiply-add overwrites its addend, not a factor
	bases   int  // rows of a tile that have a pointer; the addresses of others have an index
	embeds  bool // a multiply-add takes a number from memory for all lanes
	crowded bool // there are few registers for integers: parameters are read when they are needed
	abreast int  // vectors of a turn whose operations alternate: more take more registers
}

// levels are in the order of preference on each machine. AVX-512 has as many bases as
// there are registers, since multiply-adds from memory want no index; AVX2 has few,
// since each costs an addition in a turn, and an index nothing.
var levels = []*level{
	{name: "avx512", goarch: "amd64", lanes: 16, vectors: 32, scalars: amd64Scalars, masks: 6, lower: lowerAMD64, data: avx512Data, rows: 14, columns: 2, bases: 9, embeds: true, crowded: true, abreast: 4},
	{name: "avx2", goarch: "amd64", lanes: 8, vectors: 16, scalars: amd64Scalars, lower: lowerAMD64, data: avx2Data, rows: 6, columns: 2, bases: 2, crowded: true, abreast: 1},
	// Four pipes of a latency of four want 16 chains of sums at least: 6×4 are 24, with
	// 10 loads in a step, which three load ports do in the time; 8×2 would want 10
	// for 16, and 8×3 makes no power of two.
	{name: "neon", goarch: "arm64", lanes: 4, vectors: 31, scalars: arm64Scalars, lower: lowerARM64, data: arm64Data, rows: 6, columns: 4, bases: 6, byLane: true, addends: true, abreast: 1},
	{name: "generic", lanes: 1, lower: lowerPlain, rows: 2, columns: 4, bases: 2, abreast: 1},
}

// wide reports whether the level has vectors at all.
func (l *level) wide() bool { return l.lanes > 1 }

// bytes is the size of a vector.
func (l *level) bytes() int { return 4 * l.lanes }

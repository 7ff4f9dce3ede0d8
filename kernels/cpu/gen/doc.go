// Gen writes package simd: vector kernels for each instruction level.
//
// A kernel is described once, as a function that builds a program of vector
// operations on registers without limit (builder.go; the descriptions are the
// files kernel_*.go). The program is the same for all levels but for the number of
// lanes and the shape of tiles. It is lowered to Go assembly for AVX-512 and for
// AVX2 with FMA (amd64.go), for NEON (arm64.go), and to plain Go with one lane
// (plain.go), which every other machine runs, and which the others are tested
// against. Registers are assigned by a linear scan (alloc.go); a program that
// needs more than there are is a mistake of its description, and ends the run.
//
// Products on the tile registers of AMX are no such programs: tiles.go prints them.
//
//	go run ./kernels/cpu/gen -out kernels/cpu/simd
package main

package main

import "slices"

// What is done to a block of a product while it is hot: rows of n elements, ldc
// apart.

// activations are the functions that follow a bias, in the order of simd's
// constants.
var activations = []func(b *builder, x reg) reg{
	func(b *builder, x reg) reg { return x },
	(*builder).relu, (*builder).gelu, (*builder).geluTanh, (*builder).silu, (*builder).quickGelu, (*builder).tanh, (*builder).sigmoid,
}

var epilogues = []family{
	{
		field: "Bias", size: len(activations),
		doc:    "Bias[f] sets the rows of c to f(c + bias); the index is an Activation.",
		params: slices.Concat(ints("rows", "n"), pointers("c"), ints("ldc"), pointers("bias")),
		indices: func(*level) []int {
			list := make([]int, len(activations))
			for i := range list {
				list[i] = i
			}
			return list
		},
		describe: func(b *builder, f int) {
			describeRows(b, []string{"c"}, []string{"bias"}, func(x []reg) reg { return activations[f](b, b.add(x[0], x[1])) })
		},
	},
	{
		field:  "BiasResidual",
		doc:    "BiasResidual sets the rows of c to (c + bias) + residual, whose rows are ldr apart.",
		params: slices.Concat(ints("rows", "n"), pointers("c"), ints("ldc"), pointers("bias", "residual"), ints("ldr")),
		describe: func(b *builder, _ int) {
			describeRows(b, []string{"c", "residual"}, []string{"bias"}, func(x []reg) reg { return b.add(b.add(x[0], x[2]), x[1]) })
		},
	},
	{
		field:  "AddRows",
		doc:    "AddRows adds the rows of residual, ldr apart, to those of c.",
		params: slices.Concat(ints("rows", "n"), pointers("c"), ints("ldc"), pointers("residual"), ints("ldr")),
		describe: func(b *builder, _ int) {
			describeRows(b, []string{"c", "residual"}, nil, func(x []reg) reg { return b.add(x[0], x[1]) })
		},
	},
	{
		field:  "MulRows",
		doc:    "MulRows multiplies the rows of c with those of gate, ldr apart.",
		params: slices.Concat(ints("rows", "n"), pointers("c"), ints("ldc"), pointers("gate"), ints("ldr")),
		describe: func(b *builder, _ int) {
			describeRows(b, []string{"c", "gate"}, nil, func(x []reg) reg { return b.mul(x[0], x[1]) })
		},
	},
}

// describeRows sets the rows of the first of matrices to f of the matrices' and
// the vectors' elements, in that order.
func describeRows(b *builder, matrices, vectors []string, f func(x []reg) reg) {
	pitches := map[string]reg{}
	for i, name := range matrices {
		pitch := b.param([]string{"ldc", "ldr"}[i])
		b.shl(pitch, 2)
		pitches[name] = pitch
	}
	b.while(b.param("rows"), 1, func() {
		var moving []reg
		for _, name := range slices.Concat(matrices, vectors) {
			moving = append(moving, b.copyInt(b.param(name)))
		}
		b.elements(b.copyInt(b.param("n")), 2, moving, func(u int, t tail) {
			x := make([]reg, len(moving))
			for i, p := range moving {
				x[i] = b.loadPart(at(p, u*b.level.bytes()), t)
			}
			b.storePart(at(moving[0], u*b.level.bytes()), f(x), t)
		})
		for _, name := range matrices {
			b.addInt(b.param(name), pitches[name])
		}
	})
}

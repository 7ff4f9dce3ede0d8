package main

import "slices"

// unaries are the functions of one operand.
var unaries = []struct {
	field, doc string
	f          func(b *builder, x reg) reg
}{
	{"Exp", "eˣ", (*builder).exp},
	{"Tanh", "the hyperbolic tangent", (*builder).tanh},
	{"Erf", "the error function", (*builder).erf},
	{"Sigmoid", "1/(1 + e⁻ˣ)", (*builder).sigmoid},
	{"Silu", "x·sigmoid(x)", (*builder).silu},
	{"QuickGelu", "x·sigmoid(1.702x)", (*builder).quickGelu},
	{"Gelu", "x·Φ(x)", (*builder).gelu},
	{"GeluTanh", "Gelu by its approximation with tanh", (*builder).geluTanh},
	{"Relu", "max(x, 0), NaN for NaN", (*builder).relu},
	{"Neg", "−x", func(b *builder, x reg) reg { return b.xor(x, b.bits(0x80000000)) }},
	{"Abs", "|x|", (*builder).abs},
	{"Sqrt", "√x", (*builder).sqrt},
	{"Reciprocal", "1/x", func(b *builder, x reg) reg { return b.div(b.constant(1), x) }},
}

// binaries are the functions of two operands, in the three ways in which they
// meet: two vectors, a vector and a number, a number and a vector.
var binaries = []struct {
	field, doc string
	f          func(b *builder, x, y reg) reg
	commutes   bool // a number and a vector is a vector and a number
}{
	{"Add", "x + y", (*builder).add, true},
	{"Sub", "x − y", (*builder).sub, false},
	{"Mul", "x·y", (*builder).mul, true},
	{"Div", "x/y", (*builder).div, false},
	{"Max", "the greater of x and y; NaN if y is", (*builder).max, false},
	{"Min", "the lesser of x and y; NaN if y is", (*builder).min, false},
}

// turn is how many vectors of an elementwise kernel are written out.
const turn = 4

func elementwise() []family {
	var list []family
	for _, u := range unaries {
		list = append(list, family{
			field: u.field, doc: u.field + " sets z to " + u.doc + ".", params: slices.Concat(ints("n"), pointers("z", "x")),
			describe: func(b *builder, _ int) { describeMap(b, []string{"x"}, nil, func(x []reg) reg { return u.f(b, x[0]) }) },
		})
	}
	for _, u := range binaries {
		list = append(list,
			family{
				field: u.field, doc: u.field + " sets z to " + u.doc + ".", params: slices.Concat(ints("n"), pointers("z", "x", "y")),
				describe: func(b *builder, _ int) {
					describeMap(b, []string{"x", "y"}, nil, func(x []reg) reg { return u.f(b, x[0], x[1]) })
				},
			},
			family{
				field: u.field + "Number", doc: u.field + "Number is " + u.field + " for one number y.", params: slices.Concat(ints("n"), pointers("z", "x"), numbers("y")),
				describe: func(b *builder, _ int) {
					describeMap(b, []string{"x"}, []string{"y"}, func(x []reg) reg { return u.f(b, x[0], x[1]) })
				},
			})
		if !u.commutes {
			list = append(list, family{
				field: "Number" + u.field, doc: "Number" + u.field + " is " + u.field + " for one number x.", params: slices.Concat(ints("n"), pointers("z"), numbers("x"), pointers("y")),
				describe: func(b *builder, _ int) {
					describeMap(b, []string{"y"}, []string{"x"}, func(x []reg) reg { return u.f(b, x[1], x[0]) })
				},
			})
		}
	}
	return append(list, family{
		field: "AddScaled", doc: "AddScaled adds y·x to z.", params: slices.Concat(ints("n"), pointers("z", "x"), numbers("y")),
		describe: func(b *builder, _ int) {
			describeMap(b, []string{"z", "x"}, []string{"y"}, func(x []reg) reg {
				b.fma(x[0], x[1], x[2])
				return x[0]
			})
		},
	})
}

// describeMap sets z to f of vectors and numbers, in that order.
func describeMap(b *builder, vectors, numbers []string, f func(x []reg) reg) {
	z := b.param("z")
	moving := []reg{z}
	for _, name := range vectors {
		if name != "z" {
			moving = append(moving, b.param(name))
		}
	}
	b.elements(b.param("n"), turn, moving, func(u int, t tail) {
		var x []reg
		for _, name := range vectors {
			x = append(x, b.loadPart(at(b.param(name), u*b.level.bytes()), t))
		}
		for _, name := range numbers {
			x = append(x, b.param(name))
		}
		b.storePart(at(z, u*b.level.bytes()), f(x), t)
	})
}

package main

import "slices"

// unaries are the functions of one operand.
var unaries = []struct {
	field, doc string
	f          func(b *builder, x reg) reg
	vectors    int // that are written out
}{
	{"Exp", "eˣ", (*builder).exp, turn},
	{"Tanh", "the hyperbolic tangent", (*builder).tanh, turn},
	{"Erf", "the error function", (*builder).erf, turn},
	{"Sigmoid", "1/(1 + e⁻ˣ)", (*builder).sigmoid, turn},
	{"Silu", "x·sigmoid(x)", (*builder).silu, turn},
	{"QuickGelu", "x·sigmoid(1.702x)", (*builder).quickGelu, turn},
	{"Gelu", "x·Φ(x)", (*builder).gelu, turn},
	{"GeluTanh", "Gelu by its approximation with tanh", (*builder).geluTanh, turn},
	{"HardSwish", "x·max(0, min(1, x/6 + ½))", (*builder).hardSwish, turn},
	{"Relu", "max(x, 0), NaN for NaN", (*builder).relu, turn},
	{"Neg", "−x", (*builder).negative, turn},
	{"Abs", "|x|", (*builder).abs, turn},
	{"Sqrt", "√x", (*builder).sqrt, turn},
	{"Reciprocal", "1/x", func(b *builder, x reg) reg { return b.div(b.constant(1), x) }, turn},
	{"Root", "x^½, of −0 and −∞ as powers have it", (*builder).root, turn},
	{"InverseRoot", "x^−½, of −0 and −∞ as powers have it", func(b *builder, x reg) reg { return b.div(b.constant(1), b.root(x)) }, turn},
	{"Log", "the natural logarithm", (*builder).log, 1},
	{"Sin", "the sine, for |x| ≤ 2¹⁷ and NaN", (*builder).sin, turn},
	{"Cos", "the cosine, for |x| ≤ 2¹⁷ and NaN", (*builder).cos, turn},
	{"Asin", "the arc sine", (*builder).asin, turn},
	{"Acos", "the arc cosine", (*builder).acos, 2},
	{"Atan", "the arc tangent", (*builder).atan, turn},
	{"Softplus", "log(1 + eˣ)", (*builder).softplus, 1},
	{"Mish", "x·tanh(log(1 + eˣ))", (*builder).mish, 2},
	{"Softsign", "x/(1 + |x|)", (*builder).softsign, turn},
	{"Sign", "−1, 0 or 1, NaN for NaN", (*builder).sign, turn},
	{"Floor", "⌊x⌋", (*builder).floor, turn},
	{"Ceil", "⌈x⌉", (*builder).ceil, turn},
	{"Round", "the integer nearest to x, ties to even", (*builder).nearest, turn},
}

// binaries are the functions of two operands, in the three ways in which they
// meet: two vectors, a vector and a number, a number and a vector.
var binaries = []struct {
	field, doc string
	f          func(b *builder, x, y reg) reg
	commutes   bool // a number and a vector is a vector and a number
	runs       bool // has kernels of many runs
	vectors    int
}{
	{"Add", "x + y", (*builder).add, true, true, turn},
	{"Sub", "x − y", (*builder).sub, false, true, turn},
	{"Mul", "x·y", (*builder).mul, true, true, turn},
	{"Div", "x/y", (*builder).div, false, true, turn},
	{"Max", "the greater of x and y; NaN if either is", (*builder).greater, true, false, turn},
	{"Min", "the lesser of x and y; NaN if either is", (*builder).lesser, true, false, turn},
	{"Pow", "xʸ, for |y| < 2²² and NaN", (*builder).pow, false, false, 1},
	{"Leak", "x, or x·y below 0", (*builder).leak, false, false, turn},
}

// turn is how many vectors of an elementwise kernel are written out, unless they
// want too many registers.
const turn = 4

func elementwise() []family {
	var list []family
	for _, u := range unaries {
		list = append(list, family{
			field: u.field, doc: u.field + " sets z to " + u.doc + ".", params: slices.Concat(ints("n"), pointers("z", "x")),
			describe: func(b *builder, _ int) {
				describeMap(b, u.vectors, []string{"x"}, nil, func(x []reg) reg { return u.f(b, x[0]) })
			},
		})
	}
	for _, u := range binaries {
		list = append(list,
			family{
				field: u.field, doc: u.field + " sets z to " + u.doc + ".", params: slices.Concat(ints("n"), pointers("z", "x", "y")),
				describe: func(b *builder, _ int) {
					describeMap(b, u.vectors, []string{"x", "y"}, nil, func(x []reg) reg { return u.f(b, x[0], x[1]) })
				},
			},
			family{
				field: u.field + "Number", doc: u.field + "Number is " + u.field + " for one number y.", params: slices.Concat(ints("n"), pointers("z", "x"), numbers("y")),
				describe: func(b *builder, _ int) {
					describeMap(b, u.vectors, []string{"x"}, []string{"y"}, func(x []reg) reg { return u.f(b, x[0], x[1]) })
				},
			})
		if u.runs {
			list = append(list, runs(u.field, u.commutes, u.f)...)
		}
		if !u.commutes {
			list = append(list, family{
				field: "Number" + u.field, doc: "Number" + u.field + " is " + u.field + " for one number x.", params: slices.Concat(ints("n"), pointers("z"), numbers("x"), pointers("y")),
				describe: func(b *builder, _ int) {
					describeMap(b, u.vectors, []string{"y"}, []string{"x"}, func(x []reg) reg { return u.f(b, x[1], x[0]) })
				},
			})
		}
	}
	return append(list, family{
		field: "Elu", doc: "Elu sets z to positive·x above 0, and to negative·(e^(inside·x) − 1) below.",
		params: slices.Concat(ints("n"), pointers("z", "x"), numbers("positive", "negative", "inside")),
		describe: func(b *builder, _ int) {
			describeMap(b, turn, []string{"x"}, []string{"positive", "negative", "inside"}, func(x []reg) reg { return b.elu(x[0], x[1], x[2], x[3]) })
		},
	}, family{
		field: "AddScaled", doc: "AddScaled adds y·x to z.", params: slices.Concat(ints("n"), pointers("z", "x"), numbers("y")),
		describe: func(b *builder, _ int) {
			describeMap(b, turn, []string{"z", "x"}, []string{"y"}, func(x []reg) reg {
				b.fma(x[0], x[1], x[2])
				return x[0]
			})
		},
	})
}

// describeMap sets z to f of vectors and numbers, in that order.
func describeMap(b *builder, unroll int, vectors, numbers []string, f func(x []reg) reg) {
	z := b.param("z")
	moving := []reg{z}
	for _, name := range vectors {
		if name != "z" {
			moving = append(moving, b.param(name))
		}
	}
	b.elements(b.param("n"), unroll, moving, func(u int, t tail) {
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

// runs are the kernels of a function of two operands for many short runs, such as
// what broadcasting leaves: one call for all, since a call for each would cost more
// than its work.
func runs(field string, commutes bool, f func(b *builder, x, y reg) reg) []family {
	params := slices.Concat(ints("rows", "n"), pointers("z", "x"), ints("ldx"), pointers("y"), ints("ldy"))
	list := []family{
		{
			field: field + "Runs", doc: field + "Runs is " + field + " of each of the rows: of n elements, those of z one after the other, of x and y ldx and ldy apart.", params: params,
			describe: func(b *builder, _ int) { describeRuns(b, "", f) },
		},
		{
			field: field + "NumberRuns", doc: field + "NumberRuns is " + field + "Runs for one number y in each row.", params: params,
			describe: func(b *builder, _ int) { describeRuns(b, "y", f) },
		},
	}
	if !commutes {
		list = append(list, family{
			field: "Number" + field + "Runs", doc: "Number" + field + "Runs is " + field + "Runs for one number x in each row.", params: params,
			describe: func(b *builder, _ int) { describeRuns(b, "x", f) },
		})
	}
	return list
}

// describeRuns writes both forms of many runs: those that a vector holds have
// their mask made once.
func describeRuns(b *builder, number string, f func(b *builder, x, y reg) reg) {
	z, n, lanes := b.param("z"), b.param("n"), b.level.lanes
	pitch := b.copyInt(n)
	b.shl(pitch, 2)
	steps := map[string]reg{"x": b.param("ldx"), "y": b.param("ldy")}
	for _, name := range []string{"x", "y"} {
		b.shl(steps[name], 2)
	}
	rows := b.param("rows")
	each := func(body func()) {
		b.while(rows, 1, func() {
			body()
			b.addInt(z, pitch)
			for _, name := range []string{"x", "y"} {
				b.addInt(b.param(name), steps[name])
			}
		})
	}
	// one computes a vector of a row; a number is the same for all.
	one := func(x, y, z mem, splat reg, t tail) {
		operand := func(name string, m mem) reg {
			if name == number {
				return splat
			}
			return b.loadPart(m, t)
		}
		v, w := operand("x", x), operand("y", y)
		b.storePart(z, f(b, v, w), t)
	}
	splat := func() reg {
		if number == "" {
			return none
		}
		return b.splat(at(b.param(number), 0))
	}
	if b.level.wide() {
		b.ifNot(n, lanes, func() {
			t := b.tail(n)
			each(func() { one(at(b.param("x"), 0), at(b.param("y"), 0), at(z, 0), splat(), t) })
		})
	}
	each(func() {
		s := splat()
		to, x, y := b.copyInt(z), b.copyInt(b.param("x")), b.copyInt(b.param("y"))
		moving := []reg{to}
		if number != "x" {
			moving = append(moving, x)
		}
		if number != "y" {
			moving = append(moving, y)
		}
		b.elements(b.copyInt(n), 2, moving, func(u int, t tail) {
			disp := u * b.level.bytes()
			one(at(x, disp), at(y, disp), at(to, disp), s, t)
		})
	})
}

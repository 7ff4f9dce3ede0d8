package sym

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

// expr is an expression as written: the form that the canonical one must agree
// with wherever this has a value.
type expr struct {
	op   string // "" for a leaf
	a, b *expr
	name string // of a symbol; "" for a constant
	k    int64
}

// names are the symbols of random expressions; the last may be negative.
var names = []string{"a", "b", "c", "z"}

func (e *expr) String() string {
	switch {
	case e.op != "":
		return fmt.Sprintf("%s(%s, %s)", e.op, e.a, e.b)
	case e.name != "":
		return e.name
	}
	return fmt.Sprint(e.k)
}

// operations are the ways to combine two dims, with their meaning on numbers.
var operations = map[string]struct {
	dims    func(a, b Dim) Dim
	numbers func(a, b int64) (int64, bool)
}{
	"add":       {Dim.Add, func(a, b int64) (int64, bool) { return a + b, true }},
	"sub":       {Dim.Sub, func(a, b int64) (int64, bool) { return a - b, true }},
	"mul":       {Dim.Mul, func(a, b int64) (int64, bool) { return a * b, true }},
	"div":       {Dim.Div, floorDivOK},
	"ceildiv":   {Dim.CeilDiv, ceilDivOK},
	"mod":       {Dim.Mod, func(a, b int64) (int64, bool) { q, ok := floorDivOK(a, b); return a - b*q, ok }},
	"min":       {Dim.Min, func(a, b int64) (int64, bool) { return min(a, b), true }},
	"max":       {Dim.Max, func(a, b int64) (int64, bool) { return max(a, b), true }},
	"broadcast": {Broadcast, broadcastOK},
}

var operationNames = []string{"add", "sub", "mul", "div", "ceildiv", "mod", "min", "max", "broadcast", "add", "sub", "mul"}

func randomExpr(r *rand.Rand, depth int) *expr {
	if depth == 0 || r.IntN(6) == 0 {
		if r.IntN(3) == 0 {
			return &expr{k: r.Int64N(9) - 2}
		}
		return &expr{name: names[r.IntN(len(names))]}
	}
	return &expr{
		op: operationNames[r.IntN(len(operationNames))],
		a:  randomExpr(r, depth-1),
		b:  randomExpr(r, depth-1),
	}
}

func (e *expr) dim() Dim {
	switch {
	case e.op != "":
		return operations[e.op].dims(e.a.dim(), e.b.dim())
	case e.name == "z":
		return Signed(e.name)
	case e.name != "":
		return Symbol(e.name)
	}
	return Const(e.k)
}

func (e *expr) value(b Bindings) (int64, bool) {
	switch {
	case e.op != "":
		x, ok := e.a.value(b)
		if !ok {
			return 0, false
		}
		y, ok := e.b.value(b)
		if !ok {
			return 0, false
		}
		return operations[e.op].numbers(x, y)
	case e.name != "":
		return b[e.name], true
	}
	return e.k, true
}

// bindings are all combinations of small sizes, 0 among them.
func bindings() []Bindings {
	var all []Bindings
	for _, a := range []int64{0, 1, 2, 5} {
		for _, b := range []int64{0, 1, 3, 4} {
			for _, c := range []int64{0, 1, 2, 7} {
				for _, z := range []int64{-3, 0, 1, 4} {
					all = append(all, Bindings{"a": a, "b": b, "c": c, "z": z})
				}
			}
		}
	}
	return all
}

// eachRandom calls f with random expressions and their canonical form.
func eachRandom(t *testing.T, count int, f func(e *expr, d Dim)) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	for i := range count {
		e := randomExpr(r, 1+i%4)
		f(e, e.dim())
		if t.Failed() {
			return
		}
	}
}

const randomCount = 4000

// TestCanonicalFormHasTheValueWritten is the property that everything rests on.
func TestCanonicalFormHasTheValueWritten(t *testing.T) {
	all := bindings()
	eachRandom(t, randomCount, func(e *expr, d Dim) {
		for _, b := range all {
			want, ok := e.value(b)
			if !ok {
				continue
			}
			got, err := d.Eval(b)
			if err != nil || got != want {
				t.Errorf("%s = %s at %v: got %d, %v, want %d", e, d, b, got, err, want)
				return
			}
		}
	})
}

func TestCompileAgreesWithEval(t *testing.T) {
	all := bindings()
	index := map[string]int{"a": 3, "b": 0, "c": 1, "z": 2}
	eachRandom(t, randomCount, func(e *expr, d Dim) {
		f, err := d.Compile(func(name string) int { return index[name] })
		if err != nil {
			t.Errorf("%s: %v", d, err)
			return
		}
		for _, b := range all {
			want, errWant := d.Eval(b)
			got, err := f([]int64{b["b"], b["c"], b["z"], b["a"]})
			if (err == nil) != (errWant == nil) || got != want || err != nil && !errors.Is(errWant, err) {
				t.Errorf("%s at %v: compiled gives %d, %v, Eval %d, %v", d, b, got, err, want, errWant)
				return
			}
		}
	})
}

func TestPrintAndParseAreInverse(t *testing.T) {
	eachRandom(t, randomCount, func(e *expr, d Dim) {
		text := d.String()
		back, err := Parse(text)
		if err != nil || !back.Equal(d) || back.String() != text || back.Key() != d.Key() {
			t.Errorf("%s prints %s, parsed %s, %v", e, text, back, err)
		}
	})
}

func TestBoundsHoldEveryValue(t *testing.T) {
	all := bindings()
	within := map[string]Interval{"a": {0, 5}, "b": {0, 4}, "c": {0, 7}, "z": {-3, 4}}
	eachRandom(t, randomCount, func(e *expr, d Dim) {
		free, bound := d.Bounds(nil), d.Bounds(within)
		for _, b := range all {
			v, err := d.Eval(b)
			if err == nil && (!free.Contains(v) || !bound.Contains(v)) {
				t.Errorf("%s is %d at %v: outside %s or %s", d, v, b, free, bound)
				return
			}
		}
	})
}

func TestCompareIsSound(t *testing.T) {
	all := bindings()
	r := rand.New(rand.NewPCG(3, 4))
	for range randomCount / 2 {
		d, e := randomExpr(r, 2).dim(), randomExpr(r, 2).dim()
		order, known := d.Compare(e)
		if !known && !d.Equal(e) {
			continue
		}
		for _, b := range all {
			x, err1 := d.Eval(b)
			y, err2 := e.Eval(b)
			if err1 != nil || err2 != nil {
				continue
			}
			got := 0
			if x < y {
				got = -1
			} else if x > y {
				got = 1
			}
			if got != order {
				t.Fatalf("%s and %s compare as %d, but are %d and %d at %v", d, e, order, x, y, b)
			}
		}
	}
}

func TestSubstAgreesWithBinding(t *testing.T) {
	all := bindings()
	eachRandom(t, randomCount/4, func(e *expr, d Dim) {
		part := d.Subst(map[string]Dim{"a": Symbol("b").Add(Const(1)), "c": Const(2)})
		for _, b := range all {
			inner := Bindings{"a": b["b"] + 1, "b": b["b"], "c": 2, "z": b["z"]}
			want, ok := e.value(inner)
			if !ok {
				continue
			}
			if got, err := part.Eval(b); err != nil || got != want {
				t.Errorf("%s after substitution is %s at %v: %d, %v, want %d", d, part, b, got, err, want)
				return
			}
		}
	})
}

func TestExactDivisionMultipliesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range randomCount {
		d, e := randomExpr(r, 3).dim(), randomExpr(r, 2).dim()
		if q, ok := d.DivExact(e); ok && !q.Mul(e).Equal(d) {
			t.Fatalf("%s / %s = %s, times the divisor %s", d, e, q, q.Mul(e))
		}
		product := d.Mul(e)
		if q, ok := product.DivExact(e); !e.Is(0) && (!ok || !q.Equal(d)) {
			t.Fatalf("(%s)*(%s) / %s = %s, %t", d, e, e, q, ok)
		}
	}
}

// TestOrderDoesNotMatter checks that sums, products, minima and maxima of the
// same operands have one form.
func TestOrderDoesNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range randomCount {
		x, y, z := randomExpr(r, 2).dim(), randomExpr(r, 2).dim(), randomExpr(r, 2).dim()
		for _, name := range []string{"add", "mul", "min", "max"} {
			f := operations[name].dims
			if !f(x, y).Equal(f(y, x)) {
				t.Fatalf("%s of %s and %s: %s, swapped %s", name, x, y, f(x, y), f(y, x))
			}
			if name == "min" || name == "max" {
				continue // bounds may prove more of one grouping
			}
			if l, r := f(f(x, y), z), f(x, f(y, z)); !l.Equal(r) {
				t.Fatalf("%s of %s, %s, %s: %s or %s", name, x, y, z, l, r)
			}
		}
		if sum := x.Add(y); !sum.Sub(y).Equal(x) {
			t.Fatalf("%s + %s - %s = %s", x, y, y, sum.Sub(y))
		}
	}
}

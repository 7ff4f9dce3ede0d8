package sym

import "slices"

// Dim is a symbolic dimension. The zero value is the constant 0. Dims are
// immutable and may be shared between goroutines; compare them with Equal.
type Dim struct {
	_ [0]func() // == would compare pointers: not comparable on purpose
	c int64     // the value when p is nil
	p *poly
}

// Const returns the constant n.
func Const(n int64) Dim { return Dim{c: n} }

// Symbol returns the symbol of that name: the size of a dimension, at least 0.
// Any non-empty name will do; ONNX's dim_param names contain all sorts of
// characters. An empty name is a bug of the caller and panics.
func Symbol(name string) Dim {
	if name == "" {
		panic("BUG: sym: symbol without a name")
	}
	return newSymbol(opSymbol, name).dim()
}

// Signed returns a symbol that may also be negative: the contents of an integer
// tensor rather than a size. It is written signed(name), and is bound by name
// like any other symbol.
func Signed(name string) Dim {
	if name == "" {
		panic("BUG: sym: symbol without a name")
	}
	return newSymbol(opSigned, name).dim()
}

// IsConst returns the value of a constant.
func (d Dim) IsConst() (int64, bool) { return d.c, d.p == nil }

// Is reports whether d is the constant n.
func (d Dim) Is(n int64) bool { return d.p == nil && d.c == n }

// IsSymbol returns the name when d is nothing but a symbol.
func (d Dim) IsSymbol() (string, bool) {
	a := d.asAtom()
	if a == nil || (a.op != opSymbol && a.op != opSigned) {
		return "", false
	}
	return a.name, true
}

// Equal reports whether d and e have the same canonical form. True means equal
// for every binding; false means only that equality was not proved.
func (d Dim) Equal(e Dim) bool {
	if d.p == nil || e.p == nil {
		return d.p == nil && e.p == nil && d.c == e.c
	}
	return d.p == e.p || slices.EqualFunc(d.p.terms, e.p.terms, sameTerm)
}

// Key returns a string that is the same for two dims exactly if they are Equal:
// for use as a map key. It is not meant to be read.
func (d Dim) Key() string { return string(d.appendKey(nil)) }

// Symbols returns the names of the symbols in d, sorted, each once.
func (d Dim) Symbols() []string {
	if d.p == nil {
		return nil
	}
	var names []string
	for _, s := range d.program().syms {
		names = append(names, s.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// asAtom returns the atom when d is exactly one, else nil.
func (d Dim) asAtom() *atom {
	if d.p == nil || len(d.p.terms) != 1 {
		return nil
	}
	t := d.p.terms[0]
	if t.k != 1 || len(t.f) != 1 || t.f[0].n != 1 {
		return nil
	}
	return t.f[0].a
}

func (a *atom) dim() Dim {
	return Dim{p: &poly{terms: []term{{k: 1, f: []factor{{a, 1}}}}}}
}

package attr

import (
	"strings"
	"testing"
)

func TestPredicateText(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"m0", "m0"},
		{" m0 & m1 | !m2 ", "m0&m1|!m2"},
		{"k<=q|k<m0", "k<=q|k<m0"},
		{"(m0|m1)&m2", "(m0|m1)&m2"},
		{"((m0))", "m0"},
		{"!(m0==m1)", "!(m0==m1)"},
		{"!!m0", "!!m0"},
		{"!(m0&m1)", "!(m0&m1)"},
		{"m0!=m12", "m0!=m12"},
	} {
		p, err := ParsePredicate(c.text)
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		if got := p.String(); got != c.want {
			t.Errorf("%s reads as %s, want %s", c.text, got, c.want)
		}
	}
}

func TestIllegalFormulas(t *testing.T) {
	for _, c := range []struct {
		masks      int
		text, want string
	}{
		{1, "m0 m0", `"m0" is left over`},
		{1, "(m0", `no ")" before ""`},
		{1, "m0&", "want m0, m1, …, q or k before"},
		{1, "m0>k", `">k" is left over`},
		{1, "m", "want m0"},
		{1, "m99999999999", "want m0"},
		{1, strings.Repeat("!", 100) + "m0", "nested more than 64 deep"},
		{1, strings.Repeat("(", 100) + "m0", "nested more than 64 deep"},
		{1, "m0&m1", "m1, but there are 1 masks"},
		{2, "m0", "want m1 either compared or as a condition"},
		{1, "m0&m0<k", "want m0 either compared or as a condition"},
		{0, "k", "k alone is no condition"},
	} {
		a := attention(func(a *Attention) { a.Masks, a.Visible = c.masks, c.text })
		err := a.Check()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d masks, %q: %v, want %q", c.masks, c.text, err, c.want)
		}
	}
}

// Two bindings in a row may have different formulas.
func TestFormulaOfBinding(t *testing.T) {
	var c Bound
	for _, text := range []string{"k<=q", "", "k<q"} {
		a := attention(func(a *Attention) { a.Visible = text })
		if err := c.check(a); err != nil {
			t.Fatal(err)
		}
		if got := c.Sees; (got == nil) != (text == "") || got != nil && got.String() != text {
			t.Errorf("bound %v, want %q", got, text)
		}
	}
}

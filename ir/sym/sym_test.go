package sym

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func parsed(t *testing.T, s string) Dim {
	t.Helper()
	d, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCanonicalForms(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"s + 1 + s", "2*s+1"},
		{"(a+b)*(a-b)", "a*a-b*b"},
		{"4*(a*2) - a", "7*a"},
		{"1 - s", "1-s"},
		{"-s", "-s"},
		{"s*0 + 3", "3"},
		{"a ** 0", "1"},
		// Division.
		{"(a*b)/b", "a"},
		{"(64*s)/64", "s"},
		{"(64*s + 63)/64", "s"},
		{"(2*s + 3)/2", "s+1"},
		{"(s/2)/3", "s/6"},
		{"((s+1)/2 + 1)/2", "(s+3)/4"},
		{"(12*a*b)/(4*b)", "3*a"},
		{"(a*a + a)/a", "a+1"},
		{"s/1", "s"},
		{"s/-2", "-((s+1)/2)"},
		{"7/2", "3"},
		{"-7/2", "-4"},
		{"ceildiv(s, 2)", "(s+1)/2"},
		{"ceildiv(7, 2)", "4"},
		{"(a*b + b)/(b*c)", "(a+1)/c"},
		// Remainders cancel against blocks.
		{"s % 64 + 64*(s/64)", "s"},
		{"(4*s) % 4", "0"},
		{"(4*s + 6) % 4", "2"},
		{"s - s % 8", "8*(s/8)"},
		{"-1 % 4", "3"},
		// Minimum and maximum.
		{"min(s, s+1)", "s"},
		{"max(0, s)", "s"},
		{"min(s, 0)", "0"},
		{"max(signed(z), 0)", "max(signed(z), 0)"},
		{"min(2*s, 4)", "2*min(s, 2)"},
		{"max(a, max(b, a))", "max(a, b)"},
		{"min(a, 3, 5)", "min(a, 3)"},
		{"max(p, p+s)", "p+s"},
		{"min(2*s, 1)+max(2*s-1, 0)", "2*s"},
		{"max(6*s-2, 0)+min(6*s, 2)", "6*s"},
		{"min(s, 2)+max(s-1, 0)", "min(s, 2)+max(s-1, 0)"},
		// Broadcasting.
		{"broadcast(s, 1)", "s"},
		{"broadcast(s, s)", "s"},
		{"broadcast(s, 4)", "4"},
		{"broadcast(a, b, a)", "broadcast(a, b)"},
		{"broadcast(a, b+2)", "b+2"},
		{"broadcast(s, min(s, 64))", "s"},
		{"broadcast(s/2-1, max(s/2-1, 0))", "s/2-1"},
		{"broadcast(s, t, min(s, 64))", "broadcast(s, t)"},
		{"broadcast(s, min(s, t))", "broadcast(s, min(s, t))"},
		// Names.
		{"`batch size` + 1", "`batch size`+1"},
		{"signed(z)*2", "2*signed(z)"},
		{"let($0=a+1, $0*$0)", "a*a+2*a+1"},
	} {
		d := parsed(t, test.text)
		if d.String() != test.want || !d.Equal(parsed(t, test.want)) {
			t.Errorf("%s is %s, want %s", test.text, d, test.want)
		}
	}
}

func TestString(t *testing.T) {
	for _, text := range []string{
		"0", "-5", "s", "2*s+1", "1-s", "a-b", "-a-b", "(s+1)/2", "a*b/c", "a/(b/c)", "2*(s/3)", "-9223372036854775808",
		"max(a, b)", "ceildiv(a, b)", "`a b`", "signed(z)", "x.y",
	} {
		d := parsed(t, text)
		if back := parsed(t, d.String()); !back.Equal(d) {
			t.Errorf("%s prints %s, which is %s", text, d, back)
		}
	}
	for _, name := range []string{"batch size", "1x", "a`b", `back\slash`, "naïve", "日本", "\x00\xff", "a\"b", "let", "min"} {
		d := Symbol(name).Mul(Const(2))
		if back := parsed(t, d.String()); !back.Equal(d) {
			t.Errorf("symbol %q prints %s, which is %s", name, d, back)
		}
	}
}

// TestSharedSubtermsArePrintedOnce checks that the text of an expression whose
// tree doubles at each step grows linearly.
func TestSharedSubtermsArePrintedOnce(t *testing.T) {
	d := Symbol("a")
	for range 40 {
		d = d.Div(Symbol("b")).Mul(d.Add(Const(1)).Div(Symbol("c"))).Div(Const(3))
	}
	text := d.String()
	if len(text) > 20000 || !strings.HasPrefix(text, "let(") {
		t.Fatalf("%d bytes: %.80s…", len(text), text)
	}
	if back := parsed(t, text); !back.Equal(d) {
		t.Error("the text is read as something else")
	}
	if v, err := d.Eval(Bindings{"a": 9, "b": 2, "c": 3}); err != nil || v != 0 {
		t.Errorf("value %d, %v, want 0", v, err)
	}
}

func TestParseErrors(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "an expression is missing"},
		{"a +", "an expression is missing"},
		{"a b", "unexpected text after the expression"},
		{"(a", ") is missing"},
		{"2x", "a number ends in a letter"},
		{"99999999999999999999", "out of range"},
		{"f(a)", "unknown function f"},
		{"min(a)", "min can't take 1 arguments"},
		{"ceildiv(a, b, c)", "ceildiv can't take 3 arguments"},
		{"a ** b", "the power must be a constant"},
		{"a ** 99", "the power must be a constant"},
		{"`", "a quoted name is empty or does not end"},
		{"``", "a quoted name is empty or does not end"},
		{"$0", "$ without a definition"},
		{"let($0=a, let($0=b, $0))", "let can't nest"},
		{"signed()", "signed takes a name"},
		{"?", `unexpected "?"`},
		{strings.Repeat("(", 1000), "nested too deeply"},
	} {
		_, err := Parse(test.text)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.40q: error %v, want %q", test.text, err, test.want)
		}
	}
}

func TestScanLeavesTheRest(t *testing.T) {
	for _, test := range []struct{ text, dim, rest string }{
		{"2*s+1] more", "2*s+1", "] more"},
		{"a, b", "a", ", b"},
		{"a = b", "a", " = b"},
	} {
		d, rest, err := Scan(test.text)
		if err != nil || d.String() != test.dim || rest != test.rest {
			t.Errorf("Scan(%q) = %s, %q, %v", test.text, d, rest, err)
		}
	}
	s, rest, err := ScanShape("[a, 2*b ,3] tail")
	if err != nil || s.String() != "[a,2*b,3]" || rest != " tail" {
		t.Errorf("ScanShape: %s, %q, %v", s, rest, err)
	}
	for _, bad := range []string{"a]", "[a", "[a b]", "[a,]"} {
		if s, err := ParseShape(bad); err == nil {
			t.Errorf("ParseShape(%q) = %s", bad, s)
		}
	}
}

func TestDimParam(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"batch", "batch"},
		{"past_sequence_length + 1", "past_sequence_length+1"},
		{"2*s0", "2*s0"},
		{"batch-size", "`batch-size`"},
		{"N/A", "`N/A`"},
		{"a - b", "a-b"},
		{"Concat_12.dim0", "Concat_12.dim0"},
		{"weird ]name", "`weird ]name`"},
	} {
		if got := DimParam(test.text).String(); got != test.want {
			t.Errorf("DimParam(%q) = %s, want %s", test.text, got, test.want)
		}
	}
}

func TestBroadcastShapes(t *testing.T) {
	for _, test := range []struct{ a, b, want string }{
		{"[b,1,4]", "[s,1]", "[b,s,4]"},
		{"[]", "[2,s]", "[2,s]"},
		{"[b,s]", "[4]", "[b,4]"},
		{"[a]", "[b]", "[broadcast(a, b)]"},
		{"[0]", "[1]", "[0]"},
		{"[2,3]", "[4]", ""},
		{"[0]", "[2]", ""},
	} {
		a, _ := ParseShape(test.a)
		b, _ := ParseShape(test.b)
		got, err := BroadcastShapes(a, b)
		if test.want == "" {
			if !errors.Is(err, ErrBroadcast) {
				t.Errorf("%s with %s: %s, %v, want an error", a, b, got, err)
			}
			continue
		}
		if err != nil || got.String() != test.want {
			t.Errorf("%s with %s: %s, %v, want %s", a, b, got, err, test.want)
		}
	}
}

func TestShapeEval(t *testing.T) {
	s, _ := ParseShape("[b,2*s+1,64]")
	got, err := s.Eval(Bindings{"b": 2, "s": 3})
	if err != nil || !slices.Equal(got, []int{2, 7, 64}) {
		t.Errorf("%s: %v, %v", s, got, err)
	}
	if n := s.Elements().String(); n != "128*b*s+64*b" {
		t.Errorf("%s has %s elements", s, n)
	}
	if names := s.Symbols(); !slices.Equal(names, []string{"b", "s"}) {
		t.Errorf("%s has symbols %q", s, names)
	}
	for _, test := range []struct {
		shape string
		b     Bindings
		want  error
	}{
		{"[b,c]", Bindings{"b": 1}, ErrUnbound},
		{"[b]", Bindings{"b": -1}, ErrNegative},
		{"[b-4]", Bindings{"b": 1}, ErrNegative},
		{"[b/c]", Bindings{"b": 1, "c": 0}, ErrDivisionByZero},
		{"[b*b]", Bindings{"b": math.MaxInt64}, ErrOverflow},
		{"[broadcast(b, c)]", Bindings{"b": 2, "c": 3}, ErrBroadcast},
	} {
		s, _ := ParseShape(test.shape)
		if got, err := s.Eval(test.b); !errors.Is(err, test.want) {
			t.Errorf("%s at %v: %v, %v, want %v", s, test.b, got, err, test.want)
		}
	}
}

func TestSolve(t *testing.T) {
	for _, test := range []struct {
		dim  string
		want int64
		b    Bindings
		name string
		v    int64
		err  error
	}{
		{"s", 7, nil, "s", 7, nil},
		{"past + seq", 7, Bindings{"past": 3}, "seq", 4, nil},
		{"2*s + 1", 7, nil, "s", 3, nil},
		{"2*s + 1", 8, nil, "", 0, ErrNoSolution},
		{"past + seq", 2, Bindings{"past": 3}, "", 0, ErrNoSolution},
		{"signed(z) + 3", 2, nil, "z", -1, nil},
		{"a*b", 6, Bindings{"a": 2}, "b", 3, nil},
		{"a*b", 6, nil, "", 0, ErrUnbound},
		{"s*s", 9, nil, "", 0, ErrNoSolution},
		{"12", 12, nil, "", 0, nil},
		{"12", 13, nil, "", 0, ErrNoSolution},
		{"s", 3, Bindings{"s": 3}, "", 0, nil},
		{"s", 4, Bindings{"s": 3}, "", 0, ErrNoSolution},
	} {
		name, v, err := Solve(test.want, parsed(t, test.dim), test.b)
		if name != test.name || v != test.v || !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
			t.Errorf("Solve(%d, %s, %v) = %q, %d, %v", test.want, test.dim, test.b, name, v, err)
		}
	}
}

func TestCompileNeedsEverySymbol(t *testing.T) {
	_, err := parsed(t, "a+b").Compile(func(name string) int { return strings.Index("a", name) })
	if !errors.Is(err, ErrUnbound) {
		t.Errorf("error %v, want %v", err, ErrUnbound)
	}
}

func TestCompiledDoesNotAllocate(t *testing.T) {
	f, err := parsed(t, "max(2*s+1, t/3)*b").Compile(func(name string) int { return strings.Index("stb", name) })
	if err != nil {
		t.Fatal(err)
	}
	vals := []int64{4, 100, 3}
	if n := testing.AllocsPerRun(100, func() { f(vals) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func TestOverflow(t *testing.T) {
	for _, text := range []string{"9223372036854775807 + 1", "9223372036854775807 * 2", "n*n", "n + 1", "n*2 - n*2 + n*n"} {
		if v, err := parsed(t, text).Eval(Bindings{"n": math.MaxInt64}); !errors.Is(err, ErrOverflow) {
			t.Errorf("%s: %d, %v", text, v, err)
		}
	}
}

// TestGrowthIsBounded multiplies sums until they would have millions of terms.
func TestGrowthIsBounded(t *testing.T) {
	d := Const(1)
	b := Bindings{}
	want := int64(1)
	for i := range 24 {
		name := fmt.Sprintf("s%02d", i)
		d = d.Mul(Symbol(name).Add(Const(1)))
		b[name] = int64(i % 3)
		want *= int64(i%3 + 1)
	}
	if got, err := d.Eval(b); err != nil || got != want {
		t.Errorf("product is %d, %v, want %d", got, err, want)
	}
	if n := len(d.String()); n > 20000 {
		t.Errorf("the text has %d bytes", n)
	}
	if back := parsed(t, d.String()); !back.Equal(d) {
		t.Error("the text is read as something else")
	}
}

func TestZeroValueAndKeys(t *testing.T) {
	var zero Dim
	if !zero.Is(0) || zero.String() != "0" || !zero.Equal(Const(0)) {
		t.Errorf("the zero Dim is %s", zero)
	}
	if name, ok := Symbol("s").IsSymbol(); !ok || name != "s" {
		t.Errorf("IsSymbol: %q, %t", name, ok)
	}
	if _, ok := parsed(t, "2*s").IsSymbol(); ok {
		t.Error("2*s is a symbol")
	}
	if Symbol("s").Key() == Signed("s").Key() {
		t.Error("a size and a signed symbol have one key")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"2*s+1", "(a*b)/b", "min(a, max(b, 3), -c)", "let($0=a/b, $0*$0)", "`x y` % 4", "signed(z)**3",
		"ceildiv(a, 64)*64", "broadcast(a, b, 1)", "group(9223372036854775807)+1", "--1", "((((a))))",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := Parse(s)
		if err != nil {
			return
		}
		text := d.String()
		back, err := Parse(text)
		if err != nil {
			t.Fatalf("%q prints %q: %v", s, text, err)
		}
		if !back.Equal(d) {
			t.Fatalf("%q prints %q, which is %q", s, text, back)
		}
	})
}

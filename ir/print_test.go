package ir_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/text"
)

func TestPrintElided(t *testing.T) {
	g := ir.NewGraph("g")
	g.AddOutput(g.NewConst("small", tensor.New(tensor.Int8, 64)))
	g.AddOutput(g.NewConst("large", tensor.New(tensor.Float32, 65)))
	g.AddOutput(g.NewConst("words", tensor.New(tensor.String, 65)))
	var b strings.Builder
	if err := g.Print(&b, ir.PrintOptions{Elide: true}); err != nil {
		t.Fatal(err)
	}
	var large []string
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, "elided") {
			large = append(large, line)
		}
	}
	// The first 8 bytes of the SHA-256 of 260 zero bytes, and of 65 pairs of quotes.
	want := []string{
		"  const %1 \"large\" : f32[65] = elided \"9c0095c04ef53d9d\"\n",
		"  const %2 \"words\" : str[65] = elided \"470d91bc261baada\"\n",
	}
	if diff := cmp.Diff(want, large); diff != "" {
		t.Errorf("elided lines (-want +got):\n%s", diff)
	}
	if _, err := text.Parse(b.String()); err == nil || !strings.Contains(err.Error(), "elided") {
		t.Errorf("parsing a dump: %v, want an error that says so", err)
	}
}

// TestCanonical prints alike what differs in numbers and names only, fresh
// symbols included.
func TestCanonical(t *testing.T) {
	const want = `graph {
  input %0 : f32[n]
  %1 = NonZero(%0) : i64[1,u1_1]
  %2 = Opaque(%1) {domain="", op_type=Any, why=""} : seq(i64[u1_1])
  output %1
  output %2
}
`
	for _, src := range []string{
		`graph "a" { input %x : f32[n] %y = NonZero(%x) @"node"
           %z = Opaque(%y) {domain="", op_type=Any, why=""} : seq(i64[u1_1]) output %y output %z }`,
		`graph { doc "text" metadata "k" = "v" input %9 : f32[n] %7 = NonZero(%9) sources ["s"]
           %3 = Opaque(%7) {domain="", op_type=Any, why=""} : seq(i64[u7_1]) output %7 output %3 }`,
	} {
		if diff := cmp.Diff(want, parse(t, src).Canonical()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

var errFull = errors.New("full")

// failing fails after a few bytes, like a full disk.
type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestPrintError(t *testing.T) {
	if err := parse(t, diamond).Print(&failing{left: 10}, ir.PrintOptions{}); err != errFull {
		t.Errorf("error %v, want that of the writer", err)
	}
}

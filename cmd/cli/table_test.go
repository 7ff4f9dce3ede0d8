package cli

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestTable(t *testing.T) {
	tab := table{
		columns: []column{{head: "A"}, {"NAME", 8, true}, {head: "NONE"}, {"MORE", 6, false}},
		rows:    [][]string{{"x", "a-long-name-of-a-node", blank, "this and that"}, {"yy", "short\x1b[31m", blank, blank}},
	}
	cases := []struct {
		width int
		want  string
	}{
		{0, `
  A   NAME                   NONE  MORE
  x   a-long-name-of-a-node  –     this and that
  yy  short�[31m             –     –
`},
		{40, `
  A   NAME                 MORE
  x   a-long…me-of-a-node  this and that
  yy  short�[31m           –
`},
		{30, `
  A   NAME         MORE
  x   a-lo…a-node  this and t…
  yy  short�[31m   –
`},
		{12, `
  x  a-l…node
      more
      this
      and
      that
  yy  sho…[31m
`},
	}
	for _, c := range cases {
		var b strings.Builder
		if err := tab.write(&b, "  ", c.width, 2); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, "\n"+b.String()); diff != "" {
			t.Errorf("width %d:\n%s", c.width, diff)
		}
	}
}

func TestWrap(t *testing.T) {
	text := "one two three fourteen"
	for width, want := range map[int][]string{
		0: {text}, 100: {text}, 9: {"one two", "three", "fourteen"}, 2: {"one", "two", "three", "fourteen"},
	} {
		if diff := cmp.Diff(want, wrap(text, width)); diff != "" {
			t.Errorf("width %d:\n%s", width, diff)
		}
	}
}

// TestExplainFits checks that no line is wider than the terminal.
func TestExplainFits(t *testing.T) {
	long := strings.Repeat("encoder/layer.11/attention/", 4)
	wide := fusedSpec(32, `%3 "`+long+`"`)
	wide.KVHeads, wide.Causal, wide.Window, wide.Biases, wide.Rope, wide.Cache = 8, "bottom_right", [2]int{4096, 0}, []string{"%77"}, true, true
	e := explained{Model: "m", Candidates: []candidate{
		{Anchor: long + "Softmax", Verdict: "fused", Kind: "attention", Variants: []string{"S1", "M3", "L1", "packed", "G1"}, Spec: wide},
		{Anchor: "s", Verdict: "refused", Kind: "attention", Reason: &reason{"scale", "n (Mul)", strings.Repeat("what is wanted ", 20), "g"}, Remedy: strings.Repeat("do this ", 30)},
	}}
	for _, width := range []int{60, 80, 100, 120, 200} {
		var b strings.Builder
		if err := e.write(&b, false, width); err != nil {
			t.Fatal(err)
		}
		_, body, _ := strings.Cut(b.String(), "\n")
		for line := range strings.Lines(body) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > width {
				t.Errorf("width %d: a line of %d: %s", width, n, line)
			}
		}
	}
}

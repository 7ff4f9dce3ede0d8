package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/parallax-go/parallax/ir/attr"
)

// terminalWidth is how many characters a line of w has; 0 if w is no terminal.
func terminalWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// summary is the first line.
func (e explained) summary() string {
	refused := 0
	for _, c := range e.Candidates {
		if c.Verdict == "refused" {
			refused++
		}
	}
	text := fmt.Sprintf("%s: %d attention and %d Parallax nodes of %s", e.Model, e.Fused.Attention, e.Fused.Parallax, count(len(e.Candidates), "candidate"))
	if refused > 0 {
		text += fmt.Sprintf(", %d refused", refused)
	}
	return text
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// writeText prints the summary, the table of anchors and the near misses;
// candidates that are alike share a row unless all are to be listed.
func (e explained) writeText(w io.Writer, all bool) error { return e.write(w, all, terminalWidth(w)) }

func (e explained) write(w io.Writer, all bool, width int) error {
	groups := group(e.Candidates)
	if all {
		groups = nil
		for _, c := range e.Candidates {
			groups = append(groups, alike{c})
		}
	}
	if _, err := fmt.Fprintln(w, e.summary()); err != nil || len(groups) == 0 {
		return err
	}
	t := table{columns: slices.Concat([]column{{head: "VERDICT"}, {head: "KIND"}, {"ANCHOR", 16, true}, {}}, specColumns)}
	var misses []alike
	for _, g := range groups {
		anchor := together(g.each(func(c candidate) string { return c.Anchor }))
		t.rows = append(t.rows, slices.Concat([]string{g[0].Verdict, g[0].Kind, anchor, g.times()}, g.cells()))
		if g[0].Reason != nil {
			misses = append(misses, g)
		}
	}
	fmt.Fprintln(w)
	if err := t.write(w, "", width, 4); err != nil {
		return err
	}
	if err := e.writeRules(w); err != nil || len(misses) == 0 {
		return err
	}
	fmt.Fprintf(w, "\nNear misses\n")
	for _, g := range misses {
		if err := g.writeMiss(w, width); err != nil {
			return err
		}
	}
	return nil
}

// writeRules lists which reading of their standard the native nodes follow.
func (e explained) writeRules(w io.Writer) error {
	var rules []string
	for _, c := range e.Candidates {
		for _, r := range c.Rules {
			if !slices.Contains(rules, r) {
				rules = append(rules, r)
			}
		}
	}
	if rules == nil {
		return nil
	}
	_, err := fmt.Fprintf(w, "\nWhere releases of ONNX differ\n  %s\n", strings.Join(rules, "\n  "))
	return err
}

// writeMiss says why candidates are refused, and what may help.
func (g alike) writeMiss(w io.Writer, width int) error {
	part := func(f func(*reason) string) string {
		return together(g.each(func(c candidate) string { return f(c.Reason) }))
	}
	head := together(g.each(func(c candidate) string { return c.Anchor }))
	if times := g.times(); times != "" {
		head += "  " + times
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n  %s\n", clean(head))
	for _, line := range [][2]string{
		{"check", g[0].Reason.Check},
		{"node", part(func(r *reason) string { return r.Node })},
		{"wanted", part(func(r *reason) string { return r.Want })},
		{"found", part(func(r *reason) string { return r.Got })},
		{"remedy", g[0].Remedy},
	} {
		const label = 12
		if line[1] == "" {
			continue
		}
		for i, text := range wrap(line[1], max(0, width-label)) {
			if i > 0 {
				line[0] = ""
			}
			fmt.Fprintf(&b, "    %-*s%s\n", label-4, line[0], clean(text))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// specColumns are the columns that a specification fills, see [candidate.cells].
var specColumns = []column{
	{head: "HEADS"}, {head: "CAUSAL"}, {head: "WINDOW"}, {"MASKS", 8, true}, {"BIASES", 8, true},
	{head: "ROPE"}, {head: "CACHE"}, {"ALSO", 8, false}, {"VARIANTS", 6, false},
}

// cells are the columns of c after the anchor.
func (c candidate) cells() []string {
	variants := orBlank(strings.Join(c.Variants, " "))
	s := c.Spec
	if s == nil {
		return []string{blank, blank, blank, blank, blank, blank, blank, blank, variants}
	}
	return []string{
		s.heads(), s.causal(), s.window(), s.masks(), s.biases(),
		yes(s.Rope), yes(s.Cache), orBlank(strings.Join(s.also(), " ")), variants,
	}
}

// cells are those of all candidates of g: they differ in the numbers of names.
func (g alike) cells() []string {
	row := g[0].cells()
	for i := range row {
		row[i] = together(g.each(func(c candidate) string { return c.cells()[i] }))
	}
	return row
}

func orBlank(text string) string {
	if text == "" {
		return blank
	}
	return text
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return blank
}

// heads is 32/8×128: query heads, key heads if they are fewer, and the size of a
// head, also of a value head if that is another.
func (s *spec) heads() string {
	text := fmt.Sprint(s.Heads)
	if s.KVHeads != s.Heads {
		text += fmt.Sprintf("/%d", s.KVHeads)
	}
	text += "×" + s.HeadSize
	if s.ValueSize != s.HeadSize {
		text += "," + s.ValueSize
	}
	return text
}

func (s *spec) causal() string {
	if s.Causal == string(attr.CausalNone) {
		return blank
	}
	return strings.ReplaceAll(s.Causal, "_", "-")
}

// window is −4…+0: keys relative to the query.
func (s *spec) window() string {
	if s.Window == [2]int{-1, -1} {
		return blank
	}
	left, right := "", ""
	if s.Window[0] >= 0 {
		left = fmt.Sprintf("−%d", s.Window[0])
	}
	if s.Window[1] >= 0 {
		right = fmt.Sprintf("+%d", s.Window[1])
	}
	return left + "…" + right
}

func (s *spec) masks() string { return orBlank(strings.Join(s.Masks, ", ")) }

func (s *spec) biases() string { return orBlank(strings.Join(s.Biases, ", ")) }

// shownElsewhere are the attributes that other columns tell of, or operands.
var shownElsewhere = []string{
	"heads", "kv_heads", "causal", "window_left", "window_right", "layout", "has_r", "biases", "masks", "has_past", "has_present", "fill_value",
}

// also lists the other attributes that are not at their defaults.
func (s *spec) also() []string {
	var list []string
	for _, f := range attr.Fields(s.attention) {
		if f.Default || slices.Contains(shownElsewhere, f.Name) {
			continue
		}
		switch value := f.Value.Interface().(type) {
		case bool:
			list = append(list, strings.TrimPrefix(f.Name, "has_"))
		case float64:
			list = append(list, fmt.Sprintf("%s=%.4g", f.Name, value))
		default:
			list = append(list, fmt.Sprintf("%s=%v", f.Name, value))
		}
	}
	return list
}

package readme

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/tests/models"
)

var update = flag.Bool("update", false, "write the tables instead of comparing them")

// TestTables compares what stands between the markers of the README with what the
// code says.
func TestTables(t *testing.T) {
	path := filepath.Join(models.Root(), "README.md")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := string(data)
	for name, table := range map[string]func(*testing.T) string{"operators": operators, "attention": attention} {
		want = replace(t, want, name, table(t))
	}
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Errorf("the README's tables are out of date, run make generate (-want +got):\n%s", diff)
	}
}

// replace puts table between the markers called name.
func replace(t *testing.T, text, name, table string) string {
	t.Helper()
	begin, end := fmt.Sprintf("<!-- begin %s -->\n", name), fmt.Sprintf("<!-- end %s -->", name)
	before, rest, found := strings.Cut(text, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("README.md has no markers for %s", name)
	}
	return before + begin + table + end + after
}

// operators lists the operators by the best kernel there is.
func operators(*testing.T) string {
	var fast, slow, none []string
	for _, o := range parallax.Operators() {
		switch {
		case slices.ContainsFunc(o.Kernels, func(id string) bool { return strings.HasPrefix(id, "cpu.") }):
			fast = append(fast, o.Name)
		case len(o.Kernels) > 0:
			slow = append(slow, o.Name)
		default:
			none = append(none, o.Name)
		}
	}
	var b strings.Builder
	b.WriteString("| kernels | operators |\n|---|---|\n")
	row := func(what string, names []string) {
		fmt.Fprintf(&b, "| %s (%d) | %s |\n", what, len(names), strings.Join(names, ", "))
	}
	row("fast path on CPU for the common cases", fast)
	row("reference kernel, one thread", slow)
	row("no kernel: rewritten when read, or control flow", none)
	return b.String()
}

// attention counts verdicts over the fixtures.
func attention(t *testing.T) string {
	cases, err := models.Cases()
	if err != nil {
		t.Fatal(err)
	}
	type row struct{ models, fused, native, parallax, refused int }
	rows := map[string]*row{}
	var order []string
	for _, c := range cases {
		remarks, err := parallax.Explain(c.Model)
		if err != nil {
			t.Fatal(err)
		}
		family := c.Family
		if rows[family] == nil {
			rows[family] = &row{}
			order = append(order, family)
		}
		r := rows[family]
		r.models++
		for _, m := range remarks {
			switch {
			case m.Verdict == passes.Refused:
				r.refused++
			case m.Kind == passes.KindParallax:
				r.parallax++
			case m.Verdict == passes.Native:
				r.native++
			default:
				r.fused++
			}
		}
	}
	slices.Sort(order)
	var b strings.Builder
	b.WriteString("| fixtures | models | attention fused | native | Parallax fused | refused |\n|---|---|---|---|---|---|\n")
	for _, family := range order {
		r := rows[family]
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d |\n", family, r.models, r.fused, r.native, r.parallax, r.refused)
	}
	return b.String()
}

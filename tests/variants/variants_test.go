package variants

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/passes"
)

var update = flag.Bool("update", false, "write what becomes of the graphs, and docs/attention.md")

const table = "../../docs/attention.md"

func TestVariants(t *testing.T) {
	all := readVariants(t)
	for i := range all {
		t.Run(all[i].id, func(t *testing.T) { check(t, &all[i]) })
	}
	if *update && !t.Failed() {
		write(t, table, []byte(render(all)))
	}
	page, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(page), render(all)); diff != "" {
		t.Errorf("docs/attention.md is stale: run with -update\n%s", diff)
	}
}

// check runs the cases of v, and makes their results what v wants if told so.
func check(t *testing.T, v *variant) {
	for i := range v.cases {
		c := &v.cases[i]
		t.Run(c.name, func(t *testing.T) {
			g, r := compile(t, c.graph)
			got := tell(g, r)
			if *update {
				c.want = got
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if slices.ContainsFunc(r.Remarks, func(m passes.Remark) bool { return m.Verdict != passes.Refused }) {
				computesTheSame(t, c.graph, g)
			}
		})
	}
	if *update && !t.Failed() {
		write(t, v.file, v.format())
	}
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestFiles finds files that no id leads to, and ids that are not described.
func TestFiles(t *testing.T) {
	known := ids()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if id := strings.TrimSuffix(filepath.Base(file), ".txtar"); !slices.Contains(known, id) {
			t.Errorf("%s is of no known variant", file)
		}
	}
	for _, v := range readVariants(t) {
		if v.about == "" || strings.Contains(v.about, "\n") || len(v.cases) == 0 {
			t.Errorf("%s has %d cases, and is described as %q: one line is wanted", v.file, len(v.cases), v.about)
		}
		for _, c := range v.cases {
			if c.want == "" {
				t.Errorf("%s: %s has no result", v.file, c.name)
			}
		}
	}
}

// TestCodes checks the codes that explain lists: if it lists one anywhere, it
// lists it for every fused case of the file about it.
func TestCodes(t *testing.T) {
	listed := map[string]bool{}
	all := readVariants(t)
	for _, v := range all {
		for _, c := range v.cases {
			for _, code := range c.codes() {
				listed[code] = true
			}
		}
	}
	for _, v := range all {
		for _, c := range v.cases {
			if codes := c.codes(); listed[v.id] && len(codes) > 0 && !slices.Contains(codes, v.id) {
				t.Errorf("%s: %s is fused as %v", v.file, c.name, codes)
			}
		}
	}
}

// codes are the variants listed for the fused anchors of c.
func (c phrasing) codes() []string {
	var codes []string
	for line := range strings.Lines(c.want) {
		head, _, _ := strings.Cut(line, ":")
		if words := strings.Fields(head); len(words) > 2 && words[0] == string(passes.Fused) {
			codes = append(codes, words[2:]...)
		}
	}
	return codes
}

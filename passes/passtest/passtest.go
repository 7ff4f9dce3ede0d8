// Package passtest tests passes by text: graphs before and after, in txtar
// files that show the reader what a pass does.
//
// A file holds cases. Each is a section "NAME before" and a section "NAME
// after"; without the second, the pass must leave the graph as it is. What comes
// before the first section says what the file is about.
package passtest

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/text"
	"github.com/parallax-go/parallax/passes"
)

var update = flag.Bool("update", false, "rewrite the after sections of the test files")

// Files runs the pass on every case of testdata/*.txtar, under the options if
// there are any.
func Files(t *testing.T, p passes.Pass, o ...passes.Options) {
	t.Helper()
	for _, file := range files(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { cases(t, p, file, o) })
	}
}

func files(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	return files
}

// Each calls test with the graph before the pass of every case, for tests of
// another kind: that the values stay the same.
func Each(t *testing.T, test func(t *testing.T, src string)) {
	t.Helper()
	for _, file := range files(t) {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if name, isBefore := strings.CutSuffix(f.Name, " before"); isBefore {
				t.Run(name, func(t *testing.T) { test(t, string(f.Data)) })
			}
		}
	}
}

func cases(t *testing.T, p passes.Pass, file string, o []passes.Options) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, f := range archive.Files {
		if _, twice := sections[f.Name]; twice {
			t.Fatalf("section %q is there twice", f.Name)
		}
		sections[f.Name] = string(f.Data)
	}
	var updated []txtar.File
	for _, f := range archive.Files {
		name, kind, _ := cutLast(f.Name, " ")
		switch {
		case kind == "after":
			if _, ok := sections[name+" before"]; !ok {
				t.Errorf("section %q has no before", f.Name)
			}
			continue
		case kind != "before":
			t.Errorf("section %q is neither before nor after", f.Name)
			continue
		}
		updated = append(updated, f)
		t.Run(name, func(t *testing.T) {
			after, changes := sections[name+" after"]
			if !changes {
				after = string(f.Data)
			}
			got := Apply(t, p, string(f.Data), o...)
			if want := Parse(t, after).Canonical(); want != got.Canonical() && !*update {
				t.Errorf("got\n%s\nwant\n%s", got.Canonical(), want)
			}
			if *update && got.Canonical() != Parse(t, string(f.Data)).Canonical() {
				updated = append(updated, txtar.File{Name: name + " after", Data: []byte(renumbered(t, got))})
			}
		})
	}
	if *update {
		archive.Files = updated
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func renumbered(t *testing.T, g *ir.Graph) string {
	t.Helper()
	var b strings.Builder
	if err := g.Print(&b, ir.PrintOptions{Renumber: true}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Parse reads the text form of a graph.
func Parse(t *testing.T, src string) *ir.Graph {
	t.Helper()
	g, err := text.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Apply runs the pass on the graph that src describes, verified before and
// after, under the options if there are any.
func Apply(t *testing.T, p passes.Pass, src string, o ...passes.Options) *ir.Graph {
	t.Helper()
	g := Parse(t, src)
	options := passes.Options{}
	for _, options = range o {
	}
	options.Verify = true
	if _, err := passes.Run(context.Background(), g, []passes.Pass{p}, &options); err != nil {
		t.Fatal(err)
	}
	return g
}

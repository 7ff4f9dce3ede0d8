package layers

import (
	_ "embed"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

//go:embed layers.txt
var layers string

// row says what a package, or those below a prefix, may import.
type row struct {
	pattern string
	ours    []string
	others  []string
	std     bool
}

// readTable parses the text above.
func readTable(text string) ([]row, error) {
	var table []row
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		columns := strings.Split(line, "|")
		if len(columns) < 2 || len(columns) > 3 || len(strings.Fields(columns[0])) != 1 {
			return nil, fmt.Errorf("line %d: want package | ours | others", i+1)
		}
		r := row{pattern: strings.TrimSpace(columns[0]), ours: strings.Fields(columns[1])}
		if len(columns) == 3 {
			r.others = strings.Fields(columns[2])
		}
		if len(r.others) == 1 && r.others[0] == "std" {
			r.others, r.std = nil, true
		}
		table = append(table, r)
	}
	return table, nil
}

// find returns the row of the package at path, relative to the module.
func find(table []row, path string) (row, bool) {
	best, found := row{}, false
	for _, r := range table {
		if r.pattern == path {
			return r, true
		}
		if strings.HasSuffix(r.pattern, "/*") && matches(r.pattern, path) && len(r.pattern) > len(best.pattern) {
			best, found = r, true
		}
	}
	return best, found
}

func matches(pattern, path string) bool {
	if prefix, below := strings.CutSuffix(pattern, "/*"); below {
		return strings.HasPrefix(path, prefix+"/")
	}
	return pattern == "all" || pattern == path
}

// allows reports whether the package may import the package of ours at path.
func (r row) allows(path string) bool {
	allowed := false
	for _, p := range r.ours {
		if except, no := strings.CutPrefix(p, "-"); no && matches(except, path) {
			return false
		}
		allowed = allowed || matches(p, path)
	}
	return allowed
}

// allowsOther reports whether the package may import the package at path of
// another module.
func (r row) allowsOther(path string) bool {
	for _, module := range r.others {
		if path == module || strings.HasPrefix(path, module+"/") {
			return true
		}
	}
	return false
}

func TestReadTable(t *testing.T) {
	table, err := readTable("# text\n\na | b c/* -c/d | x.org/m y.org/n\nc/* |\nc/e | all | std\n")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range []struct{ from, to string }{
		{"a", "b"}, {"a", "b/x"}, {"a", "c"}, {"a", "c/e"}, {"a", "c/d"}, {"c/f", "b"}, {"c/e", "b"}, {"c/e/g", "b"},
	} {
		r, found := find(table, c.from)
		got = append(got, fmt.Sprint(c.from, " ", c.to, " ", found && r.allows(c.to)))
	}
	want := []string{"a b true", "a b/x false", "a c false", "a c/e true", "a c/d false", "c/f b false", "c/e b true", "c/e/g b false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ours (-want +got):\n%s", diff)
	}
	a, _ := find(table, "a")
	if !a.allowsOther("x.org/m/sub") || a.allowsOther("x.org/more") || a.std {
		t.Errorf("other modules of %+v", a)
	}
	if e, _ := find(table, "c/e"); !e.std || e.allowsOther("std") {
		t.Errorf("std of %+v", e)
	}
	if _, found := find(table, "d"); found {
		t.Error("a package without a row is found")
	}
	if _, err := readTable("a\n"); err == nil {
		t.Error("a row without columns is read")
	}
}

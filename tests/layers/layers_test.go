// Package layers checks the imports of every package of the module against the
// table in layers.txt. It reads the files themselves, so that those of other
// systems and those behind build tags count.
package layers

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/parallax-go/parallax"

// root is the module's folder as seen from this one.
const root = "../.."

// graph holds the imports of each package, by path relative to the module; those
// of ours are relative as well and start with "./".
type graph map[string]map[string]bool

const ours = "./"

// readImports collects the imports of all files that are no tests.
func readImports() (graph, error) {
	g := graph{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return enter(name, d)
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		folder, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		return g.add(filepath.ToSlash(folder), name)
	})
	return g, err
}

// enter skips the folders that the go command skips, and nested modules.
func enter(name string, d fs.DirEntry) error {
	if name == root {
		return nil
	}
	hidden := strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "_")
	_, err := os.Stat(filepath.Join(name, "go.mod"))
	if hidden || d.Name() == "testdata" || err == nil {
		return filepath.SkipDir
	}
	return nil
}

func (g graph) add(pkg, name string) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
	if g[pkg] == nil {
		g[pkg] = map[string]bool{}
	}
	for _, spec := range file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if p == module {
			p = module + "/."
		}
		if rest, own := strings.CutPrefix(p, module+"/"); own {
			p = ours + rest
		}
		g[pkg][p] = true
	}
	return nil
}

func (g graph) packages() []string { return slices.Sorted(maps.Keys(g)) }

func (g graph) imports(pkg string) []string { return slices.Sorted(maps.Keys(g[pkg])) }

// below returns everything that pkg imports, however far down, and by whom.
func (g graph) below(pkg string) map[string]string {
	seen := map[string]string{}
	for queue := []string{pkg}; len(queue) > 0; queue = queue[1:] {
		for _, p := range g.imports(queue[0]) {
			if _, again := seen[p]; again {
				continue
			}
			seen[p] = queue[0]
			if own, ok := strings.CutPrefix(p, ours); ok {
				queue = append(queue, own)
			}
		}
	}
	return seen
}

// isStd reports a package of the standard library: no dot in the first element.
func isStd(p string) bool {
	first, _, _ := strings.Cut(p, "/")
	return !strings.Contains(first, ".") && p != "C"
}

func read(t *testing.T) (graph, []row) {
	t.Helper()
	g, err := readImports()
	if err != nil {
		t.Fatal(err)
	}
	table, err := readTable(layers)
	if err != nil {
		t.Fatal(err)
	}
	if len(g) < 10 {
		t.Fatalf("%d packages found: is the module in %s?", len(g), path.Clean(root))
	}
	return g, table
}

func TestImports(t *testing.T) {
	g, table := read(t)
	for _, pkg := range g.packages() {
		r, found := find(table, pkg)
		if !found {
			t.Errorf("%s has no row in layers.txt", pkg)
			continue
		}
		for _, p := range g.imports(pkg) {
			if fault := check(r, table, p); fault != "" {
				t.Errorf("%s must not import %s: %s", pkg, strings.TrimPrefix(p, ours), fault)
			}
		}
	}
}

// check says what is wrong with the import p of a package with row r.
func check(r row, table []row, p string) string {
	own, isOurs := strings.CutPrefix(p, ours)
	switch {
	case isOurs && !r.allows(own):
		return fmt.Sprintf("its row allows %s", strings.Join(r.ours, ", "))
	case isOurs && r.std:
		if needed, _ := find(table, own); !needed.std {
			return "generated programs carry the one and not the other"
		}
	case !isOurs && !isStd(p) && !r.allowsOther(p):
		return fmt.Sprintf("of other modules its row allows %q", r.others)
	}
	return ""
}

// TestNamesOfTheTable finds misspelt names and packages that are gone.
func TestNamesOfTheTable(t *testing.T) {
	g, table := read(t)
	for _, r := range table {
		for _, name := range append([]string{r.pattern}, r.ours...) {
			name = strings.TrimPrefix(name, "-")
			if base, below := strings.CutSuffix(name, "/*"); below {
				name = base
			}
			if name == "all" || known(g, name) || planned[name] {
				continue
			}
			t.Errorf("row %s: there is no package %s", r.pattern, name)
		}
	}
}

// known reports whether name is a package or has packages below it.
func known(g graph, name string) bool {
	for pkg := range g {
		if pkg == name || strings.HasPrefix(pkg, name+"/") {
			return true
		}
	}
	return false
}

// planned are packages of the design that are not there yet.
var planned = map[string]bool{
	"kernels/cuda": true, "codegen/cudasrc": true, "runtime/cuda": true,
}

func TestPlanned(t *testing.T) {
	g, _ := read(t)
	for name := range planned {
		if known(g, name) {
			t.Errorf("%s exists: it is planned no longer", name)
		}
	}
}

// TestStatic checks what keeps binaries static: CUDA and purego, which makes a
// binary dynamic even without cgo, are reached from neither the façade nor the
// command, and cgo from nowhere.
func TestStatic(t *testing.T) {
	g, _ := read(t)
	for _, pkg := range []string{".", "cmd/parallax"} {
		if g[pkg] == nil {
			t.Errorf("there is no package %s", pkg)
		}
		for p, by := range g.below(pkg) {
			if p == ours+"runtime/cuda" || strings.HasPrefix(p, "github.com/ebitengine/purego") {
				t.Errorf("%s reaches %s through %s", pkg, p, by)
			}
		}
	}
	for _, pkg := range g.packages() {
		if g[pkg]["C"] {
			t.Errorf("%s uses cgo", pkg)
		}
	}
}

// TestCarried checks that the packages that generated programs carry hold their
// own sources.
func TestCarried(t *testing.T) {
	_, table := read(t)
	for _, r := range table {
		if !r.std {
			continue
		}
		if _, err := os.Stat(filepath.Join(root, r.pattern, "embed.go")); err != nil {
			t.Errorf("%s holds no embed.go: %v", r.pattern, err)
		}
	}
}

package gosrc

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/tensor"
)

// writer prints one package.
type writer struct {
	place    place
	programs []*codegen.Program // the root first, children after their parents
	index    map[*codegen.Program]int
	weights  weights
	attrs    []string       // literals of the attribute variables, by number
	attrOf   map[string]int // number by literal
	helpers  []*helper      // functions of fused nodes
	buf      bytes.Buffer
	errs     []error
}

func newWriter(p *codegen.Program, l place) *writer {
	w := &writer{
		place: l, index: map[*codegen.Program]int{}, attrOf: map[string]int{},
		weights: weights{at: map[*tensor.Tensor]int{}},
	}
	w.number(p)
	return w
}

func (w *writer) number(p *codegen.Program) {
	w.index[p] = len(w.programs)
	w.programs = append(w.programs, p)
	for _, s := range p.Steps {
		for _, c := range s.Children {
			w.number(c)
		}
	}
}

func (w *writer) printf(format string, args ...any) { fmt.Fprintf(&w.buf, format, args...) }

// source is a Go file of the package before it is formatted.
type source struct {
	name string
	text []byte
}

// sources prints the two files: what a user reads, and the tables.
func (w *writer) sources() []source {
	w.api()
	for i := range w.programs {
		w.run(i)
	}
	for _, h := range w.helpers {
		h.print(w)
	}
	model := w.file("model.go", w.modelHead())
	w.printf("//go:embed %s\nvar weights string\n\n", weightsFile)
	for i := range w.programs {
		w.spec(i)
	}
	w.variables()
	return []source{model, w.file(planFile, fmt.Sprintf("package %s\n\n", w.place.pkg))}
}

// modelHead is the comment of the package, which shows how it is used.
func (w *writer) modelHead() string {
	root := w.programs[0]
	l := w.place
	return fmt.Sprintf(`// Package %s runs the ONNX model %q on target %s:
//
//	m, err := %s.New()
//	out, err := m.%s(ctx, %s.Inputs{…})
//
// The steps are in this file, in the order in which they run. The sizes, the
// memory and the constants that they work on are in %s: tensor f.T(3) of a
// step is slot 3 there.
package %s

`, l.pkg, root.Name, root.Target, l.pkg, l.method, l.pkg, planFile, l.pkg)
}

// file takes what has been printed as the body of a file.
func (w *writer) file(name, head string) source {
	body := w.buf.Bytes()
	w.buf = bytes.Buffer{}
	w.printf("%s from %q. DO NOT EDIT.\n\n%s", generated, w.programs[0].Name, head)
	used, err := packagesIn(body)
	if err != nil {
		w.errs = append(w.errs, fmt.Errorf("BUG: the generated source is not Go: %w\n%s", err, numbered(body)))
	}
	w.imports(used, bytes.Contains(body, []byte("\n//go:embed ")) || bytes.HasPrefix(body, []byte("//go:embed ")))
	w.buf.Write(body)
	s := source{name, w.buf.Bytes()}
	w.buf = bytes.Buffer{}
	return s
}

// runtimePackages are those that generated code may import.
var runtimePackages = []string{"ir/attr", "ir/tensor", "kernels/cpu", "kernels/par", "kernels/ref", "runtime/rt"}

func (w *writer) imports(used map[string]bool, embed bool) {
	w.printf("import (\n")
	if used["context"] {
		w.printf("\t\"context\"\n")
	}
	if embed {
		w.printf("\t_ \"embed\"\n")
	}
	if used["math"] {
		w.printf("\t\"math\"\n")
	}
	w.printf("\n")
	for _, pkg := range runtimePackages {
		if used[path.Base(pkg)] {
			w.printf("\t%q\n", w.place.runtime+"/"+pkg)
		}
	}
	w.printf(")\n\n")
}

// packagesIn returns the names before a dot in the code of body, comments and
// strings left aside: those of packages are among them.
func packagesIn(body []byte) (map[string]bool, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+string(body), parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				used[x.Name] = true
			}
		}
		return true
	})
	return used, nil
}

// variables prints the attributes that the steps refer to.
func (w *writer) variables() {
	if len(w.attrs) == 0 {
		return
	}
	w.printf("// The attributes of the steps.\nvar (\n")
	for i, literal := range w.attrs {
		w.printf("\tattr%d = %s\n", i, literal)
	}
	w.printf(")\n\n")
}

// attr returns the variable that holds a.
func (w *writer) attr(a any) string {
	literal := attrLiteral(a)
	i, seen := w.attrOf[literal]
	if !seen {
		i = len(w.attrs)
		w.attrs = append(w.attrs, literal)
		w.attrOf[literal] = i
	}
	return fmt.Sprintf("&attr%d", i)
}

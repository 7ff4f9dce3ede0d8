package gosrc

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"slices"
	"strings"

	"github.com/parallax-go/parallax/codegen"
)

// Options say what package to print.
type Options struct {
	// Dir is where the package will be: its module and, if Package is "", its
	// name follow from it.
	Dir     string
	Package string
	Func    string // the method that runs the model; "": Run
	// Standalone brings the runtime's sources along, in folder internal.
	Standalone bool
	// Module writes a go.mod with this path.
	Module string
}

// File is one file of a package.
type File struct {
	Name string // slash-separated, relative to the package's folder
	Data []byte
}

// modulePath is where the runtime packages are imported from.
const modulePath = "github.com/parallax-go/parallax"

// weightsFile holds the constants, planFile the tables.
const (
	weightsFile = "weights.bin"
	planFile    = "plan.go"
)

// Emit prints p. The files come sorted by name.
func Emit(p *codegen.Program, o Options) ([]File, error) {
	place, err := locate(o)
	if err != nil {
		return nil, err
	}
	w := newWriter(p, place)
	var files []File
	for _, s := range w.sources() {
		text, err := format.Source(s.text)
		if err != nil {
			w.errs = append(w.errs, fmt.Errorf("BUG: the generated source is not Go: %w\n%s", err, numbered(s.text)))
		}
		files = append(files, File{s.name, text})
	}
	if err := errors.Join(w.errs...); err != nil {
		return nil, err
	}
	files = append(files, File{weightsFile, w.weights.bytes()})
	if o.Standalone {
		copies, err := runtimeSources(place.runtime)
		if err != nil {
			return nil, err
		}
		files = append(files, copies...)
	}
	if place.goMod != "" {
		files = append(files, File{"go.mod", []byte(place.goMod)})
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

// numbered puts line numbers before the lines of a source that is in error.
func numbered(source []byte) string {
	var b strings.Builder
	for i, line := range bytes.Split(source, []byte("\n")) {
		fmt.Fprintf(&b, "%5d %s\n", i+1, line)
	}
	return b.String()
}

package engine

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"text/template"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/codegen"
)

// Generated is the engine that is a program with the model in it, as a Go package.
const Generated = "generated"

//go:embed generated.go.tmpl
var generatedMain string

// generatedFiles are what stands beside the package: a workspace finds this project
// and what it needs where they are.
var generatedFiles = map[string]*template.Template{
	"main.go": template.Must(template.New("main.go").Parse(generatedMain)),
	"go.mod":  template.Must(template.New("go.mod").Parse("module generated\n\ngo 1.25.0\n")),
	"go.work": template.Must(template.New("go.work").Parse("go 1.25.0\n\nuse (\n\t.\n\t{{.Root}}\n\t{{.Root}}/tests/bench\n)\n")),
}

// generatedPackage is what the templates need to know of a package.
type generatedPackage struct {
	Root                                       string
	Inputs, Outputs, StateInputs, StateOutputs []string // StateInputs are nil without a State
}

// Generate compiles the model in a file to a Go package, and builds a worker of it in
// a folder; root is this project's. The worker's path is returned.
func Generate(model, folder, root string) (string, error) {
	source, err := parallax.Open(model)
	if err != nil {
		return "", err
	}
	defer source.Close()
	program, err := source.LowerForGo(context.Background(), parallax.CompileOptions{})
	if err != nil {
		return "", err
	}
	if _, err := source.Compile(context.Background(), filepath.Join(folder, "model"), parallax.CompileOptions{}); err != nil {
		return "", err
	}
	p := namesOf(program)
	p.Root = filepath.ToSlash(root)
	for name, t := range generatedFiles {
		f, err := os.Create(filepath.Join(folder, name))
		if err != nil {
			return "", err
		}
		if err := errors.Join(t.Execute(f, p), f.Close()); err != nil {
			return "", err
		}
	}
	worker := filepath.Join(folder, "worker.exe")
	build := exec.Command("go", "build", "-o", worker, ".")
	build.Dir, build.Env = folder, append(os.Environ(), "GOWORK="+filepath.Join(folder, "go.work"))
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building a worker: %w\n%s", err, out)
	}
	return worker, nil
}

// namesOf lists the inputs and outputs of a program, in order.
func namesOf(program *codegen.Program) *generatedPackage {
	p := &generatedPackage{}
	past, present := map[int]bool{}, map[int]bool{}
	for _, s := range program.States {
		past[s.Input], present[s.Output] = true, true
	}
	for i, x := range program.Inputs {
		p.Inputs = append(p.Inputs, x.Name)
		if len(past) > 0 && !past[i] {
			p.StateInputs = append(p.StateInputs, x.Name)
		}
	}
	for i, x := range program.Outputs {
		p.Outputs = append(p.Outputs, x.Name)
		if len(past) > 0 && !present[i] {
			p.StateOutputs = append(p.StateOutputs, x.Name)
		}
	}
	return p
}

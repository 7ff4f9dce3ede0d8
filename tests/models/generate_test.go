package models

import (
	"bytes"
	"context"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/codegen/gosrc"
)

// TestGenerate compiles every model to a standalone Go package and checks that
// the packages build offline without cgo, pass vet, are formatted, come out the
// same twice, and give the bits of the run in this process with 1, 2, 3 and 7
// threads.
//
// All packages share one module, and so one copy of the runtime: what is tested
// is the code, and building the runtime once per model would only take time. The
// first model is compiled as a module of its own as well.
func TestGenerate(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	cases := all(t)
	module := t.TempDir()
	write(t, filepath.Join(module, "go.mod"), "module generated\n\ngo 1.25.0\n")
	for _, c := range cases {
		emit(t, c, module)
	}
	shareRuntime(t, module, cases)
	source, err := format.Source([]byte(mainSource(cases)))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(module, "main.go"), string(source))
	goTool(t, module, "vet", "./...")
	program := filepath.Join(module, "all.exe")
	goTool(t, module, "build", "-o", program, ".")
	if out, err := exec.Command("gofmt", "-l", module).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("not formatted: %s %v", out, err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { compareBits(t, c, program) })
	}
}

// TestGenerateAlone compiles one model as users do: a module of its own.
func TestGenerateAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	c := all(t)[0]
	dir := filepath.Join(t.TempDir(), "alone")
	if _, err := parallax.Compile(c.Model, dir, parallax.CompileOptions{Standalone: true, Module: "alone"}); err != nil {
		t.Fatal(err)
	}
	goTool(t, dir, "vet", "./...")
	goTool(t, dir, "build", "./...")
}

func packageOf(c Case) string { return "m" + strings.NewReplacer("_", "", "-", "").Replace(c.Name) }

// emit compiles c into the module, twice.
func emit(t *testing.T, c Case, module string) {
	t.Helper()
	pkg := packageOf(c)
	options := parallax.CompileOptions{Package: pkg, Standalone: true, NoState: true}
	dir := filepath.Join(module, pkg)
	if _, err := parallax.Compile(c.Model, dir, options); err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	src, err := parallax.Open(c.Model)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	p, err := src.LowerForGo(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	again, err := gosrc.Emit(p, gosrc.Options{Dir: dir, Package: pkg, Standalone: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range again {
		first, err := os.ReadFile(filepath.Join(dir, f.Name))
		if err != nil || !bytes.Equal(first, f.Data) {
			t.Errorf("%s: %s differs the second time (%v)", c.Name, f.Name, err)
		}
	}
}

// shareRuntime keeps the first package's copy of the runtime for all.
func shareRuntime(t *testing.T, module string, cases []Case) {
	t.Helper()
	for i, c := range cases {
		pkg := packageOf(c)
		own := filepath.Join(module, pkg, "internal")
		if i == 0 {
			if err := os.Rename(own, filepath.Join(module, "internal")); err != nil {
				t.Fatal(err)
			}
			rewrite(t, filepath.Join(module, "internal"), "generated/"+pkg+"/internal/", "generated/internal/")
		} else if err := os.RemoveAll(own); err != nil {
			t.Fatal(err)
		}
		rewrite(t, filepath.Join(module, pkg), "generated/"+pkg+"/internal/", "generated/internal/")
	}
}

func rewrite(t *testing.T, dir, from, to string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, bytes.ReplaceAll(data, []byte(`"`+from), []byte(`"`+to)), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// mainSource runs the model that its first argument names on a data folder: the
// inputs come as files of raw bytes, the outputs are written as such.
func mainSource(cases []Case) string {
	var imports, rows strings.Builder
	for _, c := range cases {
		pkg := packageOf(c)
		fmt.Fprintf(&imports, "\t%q\n", "generated/"+pkg)
		fmt.Fprintf(&rows, `	%q: func(threads int, in []*tensor.Tensor) []*tensor.Tensor {
		m, err := %s.New(%s.WithThreads(threads))
		if err != nil {
			log.Fatal(err)
		}
		defer m.Close()
		var inputs %s.Inputs
		set(&inputs, in)
		out, err := m.Run(context.Background(), inputs)
		if err != nil {
			log.Fatal(err)
		}
		return get(&out)
	},
`, c.Name, pkg, pkg, pkg)
	}
	return `package main

import (
	"context"
	"encoding/gob"
	"log"
	"os"
	"reflect"
	"strconv"

	"generated/internal/parallax/ir/tensor"
` + imports.String() + `)

var models = map[string]func(int, []*tensor.Tensor) []*tensor.Tensor{
` + rows.String() + `}

type raw struct {
	DType int
	Shape []int
	Data  []byte
}

func set(to any, in []*tensor.Tensor) {
	v := reflect.ValueOf(to).Elem()
	for i := range v.NumField() {
		v.Field(i).Set(reflect.ValueOf(in[i]))
	}
}

func get(from any) (out []*tensor.Tensor) {
	v := reflect.ValueOf(from).Elem()
	for i := range v.NumField() {
		out = append(out, v.Field(i).Interface().(*tensor.Tensor))
	}
	return out
}

func main() {
	threads, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	var in []raw
	if err := gob.NewDecoder(os.Stdin).Decode(&in); err != nil {
		log.Fatal(err)
	}
	var tensors []*tensor.Tensor
	for _, r := range in {
		t := tensor.New(tensor.DType(r.DType), r.Shape...)
		copy(t.Bytes(), r.Data)
		tensors = append(tensors, t)
	}
	var out []raw
	for _, t := range models[os.Args[1]](threads, tensors) {
		out = append(out, raw{int(t.DType), t.Shape, t.Bytes()})
	}
	if err := gob.NewEncoder(os.Stdout).Encode(out); err != nil {
		log.Fatal(err)
	}
}
`
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// goTool runs the go command as on a machine without cgo and network.
func goTool(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOPROXY=off", "GOFLAGS=-mod=mod", "GOWORK=off", "GOTOOLCHAIN=local")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

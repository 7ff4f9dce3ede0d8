// Package static checks what the binaries are: static, without an interpreter,
// and buildable for every platform that is promised.
package static

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/parallax-go/parallax"
)

// generatedMain uses a generated package.
const generatedMain = `package main

import (
	"context"
	"log"

	"recall"
)

func main() {
	m, err := recall.New()
	if err != nil {
		log.Fatal(err)
	}
	if _, err := m.Run(context.Background(), recall.Inputs{}); err != nil {
		log.Fatal(err)
	}
}
`

// TestBuilds builds the command, a program with the façade, and one with a
// generated package for the platforms; those for Linux must have no ELF
// interpreter: they run in an empty container.
func TestBuilds(t *testing.T) {
	root := repository(t)
	facade := filepath.Join(root, "tests", "static", "facade")
	generated := generate(t)
	for _, platform := range platforms {
		goos, goarch, _ := strings.Cut(platform, "/")
		t.Run(platform, func(t *testing.T) {
			for _, b := range []struct{ name, dir, pkg string }{
				{"command", root, "./cmd/parallax"},
				{"facade", facade, "."},
				{"generated", generated, "./cmd/run"},
			} {
				out := filepath.Join(t.TempDir(), b.name)
				build(t, b.dir, out, b.pkg, goos, goarch)
				if goos == "linux" {
					noInterpreter(t, out)
				}
			}
		})
	}
}

func repository(t *testing.T) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// generate compiles the demo model to a standalone module with a main package.
func generate(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "recall")
	model := filepath.Join(repository(t), "examples", "recall", "parallax-recall", "model.onnx")
	if _, err := parallax.Compile(model, dir, parallax.CompileOptions{Standalone: true, Module: "recall"}); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "cmd", "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cmd", "run", "main.go"), []byte(generatedMain), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func build(t *testing.T, dir, out, pkg, goos, goarch string) {
	t.Helper()
	cmd := exec.Command("go", "build", "-o", out, pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s for %s/%s: %v\n%s", pkg, goos, goarch, err, text)
	}
}

func noInterpreter(t *testing.T, path string) {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("%s has a program header %s: it is not static", filepath.Base(path), p.Type)
		}
	}
}

package parallax

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/codegen/gosrc"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/upgrade"
)

// CompileOptions say what to write.
type CompileOptions struct {
	Target string // "go", the default, or "onnx"

	// Of ONNX.
	Form  string // "function", the default, "attention" or "inline"
	Opset int    // 0: the least that fits

	// Of Go.
	Package    string // 0: from the folder's name
	Func       string // the method that runs; "": Run
	Standalone bool   // copy the runtime's sources in
	Module     string // write a go.mod with this module path
	NoState    bool   // no NewState for past/present pairs
}

// Written tells what Compile wrote.
type Written struct {
	Path    string
	Files   []string // relative to Path, sorted; the base name if Path is a file
	Bytes   int64
	Remarks []passes.Remark
	Upgrade *upgrade.Report // nil if none was asked for
}

func (c CompileOptions) gosrc(dir string) gosrc.Options {
	return gosrc.Options{Dir: dir, Package: c.Package, Func: c.Func, Standalone: c.Standalone, Module: c.Module}
}

// Check reports options that make no sense.
func (c CompileOptions) Check() error {
	switch c.Target {
	case "", "go":
		if c.Form != "" || c.Opset != 0 {
			return fmt.Errorf("form and opset are of target onnx, the target is go")
		}
	case "onnx":
		if c.Package != "" || c.Func != "" || c.Module != "" || c.Standalone || c.NoState {
			return fmt.Errorf("package, func, module, standalone and state are of target go, the target is onnx")
		}
	default:
		return fmt.Errorf("target %q is not go or onnx", c.Target)
	}
	if err := checkForm(c.Form); err != nil {
		return err
	}
	return c.gosrc("").Check()
}

func checkForm(form string) error {
	switch form {
	case "", onnx.FormFunction, onnx.FormAttention, onnx.FormInline:
		return nil
	}
	return fmt.Errorf("form %q is not function, attention or inline", form)
}

// Compile optimises the model and writes it to out: a folder for Go, a file for
// ONNX. Nothing is left half-written.
func (s *Source) Compile(ctx context.Context, out string, c CompileOptions) (*Written, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Target == "onnx" {
		return s.writeONNX(ctx, out, c)
	}
	return s.writeGo(ctx, out, c)
}

func (s *Source) writeGo(ctx context.Context, out string, c CompileOptions) (*Written, error) {
	p, err := s.LowerForGo(ctx, c)
	if err != nil {
		return nil, err
	}
	files, err := gosrc.Emit(p, c.gosrc(out))
	if err != nil {
		return nil, err
	}
	w := &Written{Path: out, Remarks: s.remarks}
	for _, f := range files {
		w.Files = append(w.Files, f.Name)
		w.Bytes += int64(len(f.Data))
	}
	return w, writeError(gosrc.Write(out, files))
}

// LowerForGo is Lower with what c says of the program.
func (s *Source) LowerForGo(ctx context.Context, c CompileOptions) (*codegen.Program, error) {
	s.options.noState = c.NoState
	return s.Lower(ctx)
}

func (s *Source) writeONNX(ctx context.Context, out string, c CompileOptions) (*Written, error) {
	if err := s.optimiseFile(ctx); err != nil {
		return nil, err
	}
	return s.save(out, onnx.ExportOptions{Form: c.Form, Opset: c.Opset})
}

// save writes the graph as it is.
func (s *Source) save(out string, o onnx.ExportOptions) (*Written, error) {
	m, err := onnx.Export(s.graph, o)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	if err := wire.EncodeTo(&buf, m); err != nil {
		return nil, err
	}
	w := &Written{Path: out, Files: []string{filepath.Base(out)}, Bytes: int64(buf.Len()), Remarks: s.remarks}
	return w, writeError(WriteFile(out, buf.Bytes()))
}

func writeError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrWrite, err)
}

// WriteFile writes data beside path and renames it into place: the file is there
// whole or not at all.
func WriteFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if e := new(fs.PathError); errors.As(err, &e) {
		return &fs.PathError{Op: "create", Path: path, Err: e.Err} // the user knows no other name
	}
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

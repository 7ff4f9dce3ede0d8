//go:build interop

package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/contrib"
)

const recorded = "../testdata/contrib"

// TestRecordedAnew: ONNX Runtime computes what the repository's files say.
func TestRecordedAnew(t *testing.T) {
	dir := t.TempDir()
	_, file, _, _ := runtime.Caller(0)
	cmd := exec.Command(python(t, runtimes), filepath.Join(filepath.Dir(file), "contrib.py"), dir)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want, err := contrib.Read(recorded)
	if err != nil {
		t.Fatal(err)
	}
	got, err := contrib.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d operators, want %d", len(got), len(want))
	}
	for i, f := range want {
		if len(got[i].Cases) != len(f.Cases) || got[i].Op != f.Op {
			t.Errorf("%d cases of %s, want %d of %s", len(got[i].Cases), got[i].Op, len(f.Cases), f.Op)
			continue
		}
		for j := range f.Cases {
			if diff := differ(&got[i].Cases[j], &f.Cases[j]); diff != "" {
				t.Errorf("%s: %s", f.Title(&f.Cases[j]), diff)
			}
		}
	}
}

// differ compares the outputs of two recordings of a case.
func differ(got, want *contrib.Case) string {
	if got.Name != want.Name || len(got.Out) != len(want.Out) {
		return fmt.Sprintf("it is %q with %d outputs", got.Name, len(got.Out))
	}
	if want.Refused != "" {
		return ""
	}
	for i, o := range want.Out {
		if o == nil {
			continue
		}
		x, errX := got.Out[i].Tensor(tensor.Float32)
		y, errY := o.Tensor(tensor.Float32)
		if err := errors.Join(errX, errY); err != nil {
			return err.Error()
		}
		if diff := far(x, y, 1e-5, 1e-5); diff != "" {
			return o.Name + ": " + diff
		}
	}
	return ""
}

// TestContribExport: the recorded cases, written in each form, compute the same
// in ONNX Runtime.
func TestContribExport(t *testing.T) {
	files, err := contrib.Read(recorded)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var jobs []job
	for _, f := range files {
		for i := range f.Cases {
			c := &f.Cases[i]
			if c.Refused != "" || c.Padding != nil {
				continue
			}
			for _, form := range []string{onnx.FormFunction, onnx.FormAttention, onnx.FormInline} {
				out := filepath.Join(dir, fmt.Sprintf("%s-%s-%d-%d", form, f.Op, f.Opset, i))
				if err := writeCase(&f, c, form, out); err != nil {
					t.Errorf("%s, form %s: %v", f.Title(c), form, err)
					continue
				}
				jobs = append(jobs, job{filepath.Join(out, "model.onnx"), out, 5e-4, 5e-4})
			}
		}
	}
	check(t, dir, jobs)
}

// writeCase writes a case as model.onnx and test_data_set_0 in dir.
func writeCase(f *contrib.File, c *contrib.Case, form, dir string) error {
	m, err := f.Model(c, tensor.Float32, true)
	if err != nil {
		return err
	}
	data, err := wire.Encode(m)
	if err != nil {
		return err
	}
	s, err := parallax.OpenReader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	defer s.Close()
	set := filepath.Join(dir, "test_data_set_0")
	if err := os.MkdirAll(set, 0o755); err != nil {
		return err
	}
	if _, err := s.Compile(context.Background(), filepath.Join(dir, "model.onnx"), parallax.CompileOptions{Target: "onnx", Form: form}); err != nil {
		return err
	}
	for kind, list := range map[string][]*contrib.Operand{"input": c.In, "output": c.Out} {
		for i, o := range list {
			if o == nil || o.Const {
				continue
			}
			x, err := o.Tensor(tensor.Float32)
			if err != nil {
				return err
			}
			pb, err := wire.EncodeTensor(onnx.WriteTensor(o.Name, x))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(set, fmt.Sprintf("%s_%d.pb", kind, i)), pb, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

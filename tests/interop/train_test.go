//go:build interop

package interop

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/cmd/cli"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/tensor/npy"
	"github.com/parallax-go/parallax/tests/models"
)

// TestTraining follows the README: a model is upgraded, trained in PyTorch by the
// lines that stand there, and gets the trained weights. It computes then what the
// trained module did.
func TestTraining(t *testing.T) {
	known, err := models.Cases()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bert_sdpa_ts14", "qwen3_qknorm_kv"} {
		t.Run(name, func(t *testing.T) { train(t, caseOf(t, known, name)) })
	}
}

func train(t *testing.T, c models.Case) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	command(t, at("start.json"), "convert", c.Model, "-o", at("start.onnx"), "--upgrade", "parallax", "--form", "inline", "--opset", "15", "--json")
	sets, err := c.Sets()
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range sets[0].Inputs {
		write(t, at(name+".npy"), x)
	}
	_, file, _, _ := runtime.Caller(0)
	cmd := exec.Command(python(t, torch), filepath.Join(filepath.Dir(file), "train.py"), dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("train.py: %v\n%s", err, out)
	}
	command(t, at("trained.json"), "convert", c.Model, "-o", at("trained.onnx"), "--upgrade", "parallax", "--weights", at("trained.npz"), "--json")
	m, err := parallax.Load(at("trained.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	got, err := m.Run(context.Background(), sets[0].Inputs)
	if err != nil {
		t.Fatal(err)
	}
	want, err := npy.ReadArchiveFile(at("outputs.npz"))
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range want {
		for i := range x.Len() {
			if a, b := got[name].FloatAt(i), x.FloatAt(i); !(math.Abs(a-b) <= c.ATol+c.RTol*math.Abs(b)) {
				t.Fatalf("%s: element %d is %g, PyTorch has %g", name, i, a, b)
			}
		}
	}
}

// command runs the command, its JSON into a file.
func command(t *testing.T, stdout string, args ...string) {
	t.Helper()
	f, err := os.Create(stdout)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if code := cli.Main(args, nil, f, os.Stderr); code != 0 {
		t.Fatalf("%v: exit code %d", args, code)
	}
	data, err := os.ReadFile(stdout)
	if err != nil || !json.Valid(data) {
		t.Fatalf("%v: %v, JSON: %t", args, err, json.Valid(data))
	}
}

func write(t *testing.T, path string, x *tensor.Tensor) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := npy.Write(f, x); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

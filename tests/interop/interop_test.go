//go:build interop

// Package interop gives what we export to others: ONNX's own checker must accept
// it, ONNX Runtime must compute the same, and PyTorch the gradients of upgraded
// models. All come from pip, into the user's cache directory.
package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/tests/models"
)

// environment is a Python with packages. Versions are pinned: a newer one is to be
// chosen, not to happen.
type environment struct {
	name         string // its folder in the cache
	modules      string // to import
	requirements []string
}

var runtimes = environment{"interop-venv", "onnx, onnxruntime", []string{"onnx==1.22.0", "onnxruntime==1.32.0", "numpy"}}

// job is one exported file for check.py.
type job struct {
	Model string  `json:"model"`
	Data  string  `json:"data"` // folder with test_data_set_*
	RTol  float64 `json:"rtol"`
	ATol  float64 `json:"atol"`
}

func TestExport(t *testing.T) {
	cases, err := models.Cases()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var jobs []job
	for _, form := range []string{"function", "attention", "inline"} {
		for _, c := range cases {
			out := filepath.Join(dir, form, c.Name+".onnx")
			if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
				t.Fatal(err)
			}
			written, err := parallax.Compile(c.Model, out, parallax.CompileOptions{Target: "onnx", Form: form})
			if err != nil {
				t.Errorf("%s, form %s: %v", c.Name, form, err)
				continue
			}
			again, err := parallax.Explain(out)
			if err != nil {
				t.Errorf("%s, form %s: read back: %v", c.Name, form, err)
				continue
			}
			if got, want := fused(again), fused(written.Remarks); got != want {
				t.Errorf("%s, form %s: %s nodes read back, %s written", c.Name, form, got, want)
			}
			// In form attention one mask says it all; what it says in f16 stays a bias.
			if diff := cmp.Diff(fusions(written.Remarks), fusions(again)); diff != "" && form != "attention" {
				t.Errorf("%s, form %s: other nodes read back (-written +read):\n%s", c.Name, form, diff)
			}
			jobs = append(jobs, job{out, c.Dir, c.RTol, c.ATol})
		}
	}
	check(t, dir, jobs)
}

// fused counts the nodes of each kind.
func fused(remarks []passes.Remark) string {
	attention, probed := 0, 0
	for _, r := range remarks {
		switch {
		case r.Verdict == passes.Refused:
		case r.Kind == passes.KindParallax:
			probed++
		default:
			attention++
		}
	}
	return fmt.Sprintf("%d attention and %d Parallax", attention, probed)
}

// fusions lists what is fused, and how.
func fusions(remarks []passes.Remark) []string {
	var nodes []string
	for _, r := range remarks {
		if r.Verdict == passes.Refused || r.Spec == nil {
			continue
		}
		a := r.Spec.Attention
		nodes = append(nodes, fmt.Sprintf("%s: %d heads, %d of keys, causal %s, window %d %d, cache %t",
			r.Kind, a.Heads, a.KVHeads, a.Causal, a.WindowLeft, a.WindowRight, r.Spec.Cache))
	}
	slices.Sort(nodes)
	return nodes
}

// check runs check.py over the jobs.
func check(t *testing.T, dir string, jobs []job) {
	t.Helper()
	judge(t, dir, "check.py", runtimes, jobs, len(jobs))
}

// judge gives the jobs to a script of this folder, as JSON, and reports what it
// finds wrong: one line of JSON per job.
func judge(t *testing.T, dir, script string, e environment, jobs any, count int) {
	t.Helper()
	list, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	_, file, _, _ := runtime.Caller(0)
	cmd := exec.Command(python(t, e), filepath.Join(filepath.Dir(file), script))
	cmd.Dir = dir
	cmd.Stdin = bytes.NewReader(list)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	d := json.NewDecoder(bytes.NewReader(out))
	checked := 0
	for d.More() {
		var r struct{ Model, Error string }
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		checked++
		if r.Error != "" {
			t.Errorf("%s: %s", r.Model, r.Error)
		}
	}
	if checked != count {
		t.Errorf("%d of %d models were checked", checked, count)
	}
}

// python returns the interpreter of an environment, which it makes if need be.
func python(t *testing.T, e environment) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	env := filepath.Join(cache, "parallax", e.name)
	interpreter := filepath.Join(env, "bin", "python")
	probe := exec.Command(interpreter, "-c", "import "+e.modules)
	if probe.Run() == nil {
		return interpreter
	}
	for _, args := range [][]string{
		{"python3", "-m", "venv", env},
		append([]string{interpreter, "-m", "pip", "install", "-q"}, e.requirements...),
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	return interpreter
}

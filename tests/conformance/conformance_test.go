//go:build conformance

package conformance

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/tests/conformance/nodetests"
)

var update = flag.Bool("update", false, "write the names of the tests that pass to pass.txt")

func TestNodes(t *testing.T) {
	root, err := nodetests.Dir()
	if err != nil {
		t.Fatal(err)
	}
	dirs, err := filepath.Glob(filepath.Join(root, "test_*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no node tests in %s: run go run ./tests/conformance/fetch (%v)", root, err)
	}
	r := newReport(t)
	for _, dir := range dirs {
		r.check(t, dir)
	}
	r.finish(t)
}

// report compares what passes with what is listed.
type report struct {
	pass   map[string]bool
	lack   map[string]string
	used   map[string]bool // entries of lack
	passed []string
	others int // tests of operators that we don't have
}

func newReport(t *testing.T) *report {
	pass, err := passing()
	if err != nil {
		t.Fatal(err)
	}
	lack, err := lacking()
	if err != nil {
		t.Fatal(err)
	}
	return &report{pass: pass, lack: lack, used: map[string]bool{}}
}

func (r *report) check(t *testing.T, dir string) {
	name := filepath.Base(dir)
	n, err := readModel(dir)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	failures := n.run(t, dir)
	entry, lacks := reasonFor(r.lack, name)
	switch {
	case len(failures) == 0:
		r.passed = append(r.passed, name)
		if !r.pass[name] && !*update {
			t.Errorf("%s passes and is not in pass.txt", name)
		}
	case r.pass[name] && !*update:
		t.Errorf("%s is in pass.txt:\n%s", name, strings.Join(failures, "\n"))
	case lacks:
		r.used[entry] = true
	case n.ours():
		t.Errorf("%s does not pass and is not in lacking.txt:\n%s", name, strings.Join(failures, "\n"))
	default:
		r.others++
	}
}

// run runs the test with every executor and returns what went wrong.
func (n *node) run(t *testing.T, dir string) []string {
	if err := n.readSets(dir); err != nil {
		return []string{err.Error()}
	}
	var failures []string
	t.Run(n.name, func(t *testing.T) {
		for _, x := range executors {
			err := n.runOn(t, x)
			if err != nil {
				failures = append(failures, fmt.Sprintf("\t%s: %v", x.name, err))
			}
			var unsupported *onnx.UnsupportedError
			if errors.As(err, &unsupported) {
				return
			}
		}
	})
	return failures
}

func (n *node) runOn(t *testing.T, x executor) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	run, err := x.load(t, n)
	if err != nil {
		return err
	}
	for _, s := range n.sets {
		out, err := run(s.in)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		for i, want := range s.out {
			if err := compare(out[i], want); err != nil {
				return fmt.Errorf("%s: output %d %w", s.name, i, err)
			}
		}
	}
	return nil
}

func (r *report) finish(t *testing.T) {
	t.Logf("%d passed, %d of operators that we don't have", len(r.passed), r.others)
	for entry := range r.lack {
		if !r.used[entry] {
			t.Errorf("lacking.txt: nothing fails that is called %s", entry)
		}
	}
	if *update {
		slices.Sort(r.passed)
		if err := os.WriteFile("pass.txt", []byte(passHead+strings.Join(r.passed, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for name := range r.pass {
		if _, err := os.Stat(filepath.Join(mustDir(t), name)); err != nil {
			t.Errorf("pass.txt: no test is called %s", name)
		}
	}
}

const passHead = "# ONNX node tests that pass. Written by: go test -tags conformance ./tests/conformance -update\n"

func mustDir(t *testing.T) string {
	dir, err := nodetests.Dir()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

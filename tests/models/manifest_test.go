package models

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
)

var update = flag.Bool("update", false, "write manifest.txt instead of comparing it")

// manifestHead is what manifest.txt starts with.
const manifestHead = `# What explain tells of every fixture: the counts, and each anchor's verdict with
# the specification of the fused node, or with the check that refused it; and how many
# transposes the program has. Written by
#	go test ./tests/models -run Manifest -update
`

// TestManifest compares what is recognised in every fixture with manifest.txt, so
// that a fusion that gets lost, or that changes, is seen. After a change that is
// meant, write it again and read the difference:
//
//	go test ./tests/models -run Manifest -update
func TestManifest(t *testing.T) {
	var b strings.Builder
	b.WriteString(manifestHead)
	for _, c := range all(t) {
		remarks, program := compiled(t, c.Model)
		writeVerdicts(&b, c.Name, remarks, transposes(program))
	}
	path := filepath.Join(Root(), "tests", "models", "manifest.txt")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("other fusions than manifest.txt lists (-manifest +now):\n%s", diff)
	}
}

// compiled is what is recognised in a model, and its program.
func compiled(t *testing.T, model string) ([]passes.Remark, *codegen.Program) {
	t.Helper()
	source, err := parallax.Open(model)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	program, err := source.Lower(context.Background())
	if err != nil {
		t.Fatalf("%s: %v", model, err)
	}
	remarks, err := source.Explain(context.Background())
	if err != nil {
		t.Fatalf("%s: %v", model, err)
	}
	return remarks, program
}

// transposes counts the steps that transpose.
func transposes(p *codegen.Program) int {
	n := 0
	for _, s := range p.Steps {
		if s.Op == op.Transpose.Name {
			n++
		}
	}
	return n
}

func writeVerdicts(b *strings.Builder, model string, remarks []passes.Remark, transposes int) {
	attention, probed := count(remarks)
	fmt.Fprintf(b, "\n%s: %d attention, %d parallax, %d refused; %d Transpose\n", model, attention, probed, len(remarks)-attention-probed, transposes)
	for _, r := range remarks {
		fmt.Fprintf(b, "  %s %s %s: %s\n", r.Verdict, r.Kind, r.Anchor, verdict(r))
	}
}

// verdict is the specification of a fused node, attributes at their defaults left
// out, or the reason in short. Values are counted, not named: their numbers
// change with the order of passes.
func verdict(r passes.Remark) string {
	switch {
	case r.Reason != nil:
		return fmt.Sprintf("%s at %s", r.Reason.Check, r.Reason.Node)
	case r.Spec == nil:
		return "unknown"
	}
	a := *r.Spec.Attention
	a.Scale = rounded(a.Scale)
	parts := []string{fmt.Sprintf("size=%s/%s", r.Spec.HeadSize, r.Spec.ValueSize), attr.Format(&a)}
	if r.Spec.Rope {
		parts = append(parts, "rope")
	}
	if r.Spec.Cache {
		parts = append(parts, "cache")
	}
	return strings.Join(parts, ", ")
}

// rounded keeps six digits: files hold the factors of a scale in their own type.
func rounded(x float64) float64 {
	x, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 6, 64), 64)
	if err != nil {
		panic("BUG: a number that was just printed: " + err.Error())
	}
	return x
}

package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/tests/bench/contest"
	"github.com/parallax-go/parallax/tests/bench/stat"
	"github.com/parallax-go/parallax/tests/models"
)

func verdict(figure float64) *contest.Verdict {
	return &contest.Verdict{
		Row:     &contest.Row{Section: contest.Attention, Case: &contest.Case{Name: "attention S=128"}, Target: contest.AtLeast(1.1)},
		Threads: 2, Medians: map[string]float64{"parallax": 2e6, "onnxruntime": 3e6}, Best: "onnxruntime",
		Figure: figure, Interval: stat.Interval{Low: figure - .1, High: figure + .1},
	}
}

func TestSection(t *testing.T) {
	why := map[string]string{"attention S=128": "the weather"}
	for figure, want := range map[float64]string{
		1.5: "| attention S=128 | 2 | 2 ms | 3 ms | – | – | 1.50 | 1.40–1.60 | ≥ 1.1 | yes |  |\n",
		1:   "| attention S=128 | 2 | 2 ms | 3 ms | – | – | 1.00 | 0.90–1.10 | ≥ 1.1 | no | the weather |\n",
	} {
		if got := section(contest.Attention, []*contest.Verdict{verdict(figure)}, why); !strings.HasSuffix(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestWrite: the document has the markers of every section, and what stands around
// them stays.
func TestWrite(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(models.Root(), "docs", "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	rows, err := contest.Rows("", false)
	if err != nil {
		t.Fatal(err)
	}
	rows = append(rows, contest.Ablations(func(string) bool { return true })...)
	var verdicts []*contest.Verdict
	for i := range rows {
		v := verdict(2)
		v.Row = &rows[i]
		verdicts = append(verdicts, v)
	}
	if err := Write(path, ThisMachine(map[string]string{"parallax": "go1"}), verdicts); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if strings.Count(string(after), "| "+r.Title()+" |") != 1 {
			t.Errorf("%s is not in the document once", r.Title())
		}
	}
	before, _, _ := strings.Cut(string(data), "<!--")
	if !strings.HasPrefix(string(after), before) || strings.Count(string(after), "<!--") != strings.Count(string(data), "<!--") {
		t.Error("what stands around the tables has changed")
	}
}

// TestHeld: a reason is for a row that is there.
func TestHeld(t *testing.T) {
	rows, err := contest.Rows("", false)
	if err != nil {
		t.Fatal(err)
	}
	titles := map[string]bool{"embedding of 1 sentence": true, "embedding of 32 sentences of mixed lengths": true, "load of the embedding model": true, "peak memory of the embedding model": true}
	for _, r := range rows {
		titles[r.Title()] = true
	}
	for processor, reasons := range held {
		for title := range reasons {
			if !titles[title] {
				t.Errorf("%s: there is no row %q", processor, title)
			}
		}
	}
}

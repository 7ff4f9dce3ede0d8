package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
)

// TestPageEscapes puts a hostile name into every place of a page. What a browser
// makes of it is tested in tests/page.
func TestPageEscapes(t *testing.T) {
	const evil = `"'></title><script>x()</script><b onclick=x() style=url(x)>{{.}}`
	ref := passes.Ref{ID: 1, Name: evil, Type: ir.TensorOf(tensor.Float32, sym.ShapeOf(2))}
	s := fusedSpec(4, evil)
	remarks := []passes.Remark{
		{Anchor: evil, Verdict: passes.Refused, Kind: passes.KindAttention, Before: []passes.Piece{{Name: evil, Op: evil, In: []passes.Ref{ref}, Out: []passes.Ref{{ID: 2, Name: evil}}}}},
		{Anchor: evil, Verdict: passes.Fused, Kind: passes.KindAttention},
	}
	e := explained{Model: evil, Candidates: []candidate{
		{Anchor: evil, Verdict: "refused", Reason: &reason{evil, evil, evil, evil}, Remedy: evil},
		{Anchor: evil, Verdict: "fused", Kind: "attention", Variants: []string{evil}, Spec: s},
	}}
	facts := parallax.Inspection{Producer: evil, Inputs: []parallax.Port{{Name: evil, Type: ref.Type}}, Opsets: map[string]int64{evil: 1}}
	path := filepath.Join(t.TempDir(), "page.html")
	if err := newPage(e, remarks, facts, nil, errors.New("no\n"+evil)).write(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for _, bad := range []string{"<script", "<b onclick", `"'>`, "\n" + evil} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if n := strings.Count(page, "&lt;script&gt;"); n < 20 {
		t.Errorf("only %d places show the name", n)
	}
	if !strings.Contains(page, "Not measured: no ") || strings.Count(page, `<figure class="drawing">`) != 2 {
		t.Errorf("the page lacks something:\n%s", page)
	}
}

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"a.b/c_1": "a.b/c_1", "注意": "注意", "a\tb\nc": "a b c", "\x1b[31m": "�[31m", "\u202eabc": "�abc", "\xff": "�", "1\u00a0ms": "1\u00a0ms",
	} {
		if got := clean(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

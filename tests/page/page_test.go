//go:build page

package page

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/parallax-go/parallax/cmd/cli"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/models"
)

//go:embed look.js
var look string

var screens = []screen{
	{"wide and light", 1280, 900, "light"},
	{"wide and dark", 1280, 900, "dark"},
	{"narrow", 400, 800, "light"},
}

// shown are fixtures of all kinds, which are looked at on every screen: fused,
// refused, in bodies, native, with a probe, with caches. The others are looked at
// on the first.
var shown = []string{"bert_sdpa", "t5_enc_dec", "trap_mask_after_softmax", "if_merged_decoder", "sdpa_opset23", "llama_gqa_kv_sdpa", "weight_dynamo18"}

func TestPage(t *testing.T) {
	cases, err := models.Cases()
	if err != nil {
		t.Fatal(err)
	}
	cases = append(cases, models.Case{Name: "hostile names", Model: hostile(t)})
	everywhere := append([]string{"hostile names"}, shown...)
	b := start(t)
	defer func() { b.t = t }()
	for _, c := range cases {
		page := filepath.Join(t.TempDir(), "page.html")
		anchors := explain(t, c.Model, page)
		on := screens[:1]
		if at := slices.Index(everywhere, c.Name); at >= 0 {
			on, everywhere = screens, slices.Delete(everywhere, at, at+1)
		}
		for _, s := range on {
			t.Run(c.Name+", "+s.name, func(t *testing.T) {
				b.t = t
				check(t, b, "file://"+page, s, anchors)
			})
		}
	}
	if len(everywhere) > 0 {
		t.Errorf("there are no fixtures %q", everywhere)
	}
}

// check looks at one page.
func check(t *testing.T, b *browser, url string, s screen, anchors int) {
	p := b.open(url, s)
	defer p.close()
	var seen struct {
		Wrong    []string
		Drawings int
		IDs      bool
	}
	p.evaluate(look, &seen)
	complaints, requests := p.complaints()
	for _, c := range complaints {
		t.Errorf("the browser complains: %s", c)
	}
	if len(requests) != 1 || requests[0] != url {
		t.Errorf("requests are %q, want the page alone", requests)
	}
	for _, w := range seen.Wrong {
		t.Error(w)
	}
	if seen.Drawings != anchors {
		t.Errorf("%d drawings of %d anchors", seen.Drawings, anchors)
	}
	if !seen.IDs {
		t.Error("two elements have one id")
	}
}

// explain writes the page of a model and returns how many anchors it has.
func explain(t *testing.T, model, page string) int {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := cli.Main([]string{"explain", "--json", "--html", page, model}, nil, &stdout, &stderr); code != 0 {
		t.Fatalf("%s: exit code %d: %s", model, code, stderr.String())
	}
	var e struct{ Candidates []any }
	if err := json.Unmarshal(stdout.Bytes(), &e); err != nil {
		t.Fatal(err)
	}
	return len(e.Candidates)
}

// names that try to break out of where they stand, and some that are only hard to
// set: an operator's, a value's.
var names = []string{
	`</title><script>hostile = 1</script>`, `"><img src="http://example.com/x.png" onerror="hostile = 1">`, `]]></svg><script>hostile = 1</script>`,
	`' onload='hostile = 1`, `{{.Model}}`, `url(http://example.com/y.css)`, `<style>@import "http://example.com/z.css"</style>`,
	"\u202edlrow\u202c", "a\x00b\x07c\nd", "注意力機制第一層輸出値的名前是非常長的", "é́́́́́́", "🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂", `-->`, `&lt;b&gt;`,
	`averyveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryveryverylongnamewithoutanyplacetobreakit`,
}

// hostile is a model whose nodes and values have such names.
func hostile(t *testing.T) string {
	data, err := os.ReadFile(filepath.Join(models.Root(), "tests", "testdata", "models", "bert_eager", "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	renamed := map[string]string{}
	rename := func(name string) string {
		if name == "" {
			return ""
		}
		if renamed[name] == "" {
			n := len(renamed)
			renamed[name] = fmt.Sprintf("%s%d", names[n%len(names)], n)
		}
		return renamed[name]
	}
	g := m.Graph
	g.Name = rename(g.Name)
	m.ProducerName = names[0]
	for _, list := range [][]*wire.ValueInfo{g.Input, g.Output, g.ValueInfo} {
		for _, v := range list {
			v.Name = rename(v.Name)
		}
	}
	for _, w := range g.Initializer {
		w.Name = rename(w.Name)
	}
	for _, n := range g.Node {
		n.Name = rename("node " + n.Name)
		for i := range n.Input {
			n.Input[i] = rename(n.Input[i])
		}
		for i := range n.Output {
			n.Output[i] = rename(n.Output[i])
		}
	}
	var out bytes.Buffer
	if err := wire.EncodeTo(&out, m); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), `<b onmouseover=hostile=1>.onnx`)
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

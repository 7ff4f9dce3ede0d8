package variants

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/text"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/std"
)

// variant is a file of testdata.
type variant struct {
	id, about string // S1; what it is, in words
	file      string
	cases     []phrasing
}

// phrasing is a graph and what is expected of it.
type phrasing struct {
	name, graph string
	want        string
}

// became is the suffix of the sections that say what became of a graph.
const became = " becomes"

func readVariants(t *testing.T) []variant {
	t.Helper()
	var all []variant
	for _, id := range ids() {
		file := filepath.Join("testdata", id+".txtar")
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, readVariant(id, file, archive))
	}
	return all
}

func readVariant(id, file string, archive *txtar.Archive) variant {
	v := variant{id: id, file: file, about: strings.TrimSpace(string(archive.Comment))}
	for _, f := range archive.Files {
		name, isResult := strings.CutSuffix(f.Name, became)
		if !isResult {
			v.cases = append(v.cases, phrasing{name: name, graph: string(f.Data)})
			continue
		}
		if last := len(v.cases) - 1; last >= 0 && v.cases[last].name == name {
			v.cases[last].want = string(f.Data)
		}
	}
	return v
}

// format is the inverse of readVariant.
func (v variant) format() []byte {
	archive := &txtar.Archive{Comment: []byte(v.about + "\n")}
	for _, c := range v.cases {
		archive.Files = append(archive.Files,
			txtar.File{Name: c.name, Data: []byte(c.graph)}, txtar.File{Name: c.name + became, Data: []byte(c.want)})
	}
	return txtar.Format(archive)
}

// groups are the ids, by letter, and how many there are.
var groups = []struct {
	letter, title string
	count         int
}{
	{"S", "Scale", 11},
	{"M", "Masks", 20},
	{"L", "Layouts and projections", 13},
	{"R", "Rotary embedding", 9},
	{"N", "Norms of queries and keys", 4},
	{"G", "Grouped heads", 5},
	{"K", "KV cache", 8},
	{"X", "Extras that change the mathematics", 12},
	{"P", "Precision and axis guards", 8},
	{"T", "Parallax attention: a probe t beside the weights p", 8},
}

func ids() []string {
	var all []string
	for _, g := range groups {
		for i := range g.count {
			all = append(all, fmt.Sprintf("%s%d", g.letter, i+1))
		}
	}
	return all
}

// compile runs the whole pipeline.
func compile(t *testing.T, src string) (*ir.Graph, *passes.Result) {
	t.Helper()
	g := parse(t, src)
	r, err := passes.Run(context.Background(), g, std.Passes(), &passes.Options{Verify: true})
	if err != nil {
		t.Fatal(err)
	}
	return g, r
}

func parse(t *testing.T, src string) *ir.Graph {
	t.Helper()
	g, err := text.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// tell says what became of a graph: a line for every anchor, and one that counts
// the nodes beside the fused ones.
func tell(g *ir.Graph, r *passes.Result) string {
	var b strings.Builder
	for _, m := range r.Remarks {
		b.WriteString(verdict(m) + "\n")
	}
	if len(r.Remarks) == 0 {
		b.WriteString("no anchor\n")
	}
	if left := beside(g); left != "" {
		b.WriteString("beside: " + left + "\n")
	}
	return b.String()
}

func verdict(m passes.Remark) string {
	line := string(m.Verdict)
	if m.Reason != nil {
		return fmt.Sprintf("%s: %s at %s: want %s, got %s", line, m.Reason.Check, m.Reason.Node, m.Reason.Want, m.Reason.Got)
	}
	line += " " + string(m.Kind)
	if len(m.Variants) > 0 {
		line += " " + strings.Join(m.Variants, " ")
	}
	line += ": " + attr.Format(m.Spec.Attention)
	if m.Spec.Rope {
		line += ", rope"
	}
	if m.Spec.Cache {
		line += ", cache"
	}
	return line
}

// beside counts the nodes that are neither fused attention nor projections.
func beside(g *ir.Graph) string {
	count := map[string]int{}
	for n := range g.All() {
		if n.Op != op.Parallax {
			count[n.Op.Name]++
		}
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(count)) {
		part := name
		if count[name] > 1 {
			part = fmt.Sprintf("%d %s", count[name], name)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

package cli

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/passes"
)

//go:embed page.html
var pageText string

// pages escapes whatever comes from the model by where it stands.
var pages = template.Must(template.New("page").Parse(pageText))

// page is what explain --html shows.
type page struct {
	Model      string
	Summary    string
	Facts      []fact
	Columns    []string
	Rows       []pageRow
	Attentions []attentionView
}

type fact struct{ Name, Value string }

// pageRow is a row of the table of anchors.
type pageRow struct {
	ID, Anchor, Verdict string
	Cells               []pageCell
}

// pageCell is a cell of a table. Long names are cut; Whole is all of one.
type pageCell struct{ Text, Whole string }

// mostInName is how many characters of a name a table shows.
const mostInName = 32

func pageCells(texts ...string) []pageCell {
	cells := make([]pageCell, len(texts))
	for i, text := range texts {
		cells[i].Text, cells[i].Whole = clean(text), clean(text)
	}
	return cells
}

// attentionView is the section of one anchor.
type attentionView struct {
	ID, Anchor, Verdict, Kind string
	Before, After             *drawing
	Stays                     string // why there is nothing after
	Spec, Reason              []fact
	Numerics                  []pageRow
	NoNumerics                string // why there are none
	Measured, Time            string
}

// newPage collects what the page shows. Figures come from list; if there is none,
// unmeasured says why.
func newPage(e explained, remarks []passes.Remark, in parallax.Inspection, list []*measured, unmeasured error) *page {
	p := &page{Model: clean(e.Model), Summary: clean(e.summary()), Facts: modelFacts(in)}
	p.Columns = []string{"Verdict", "Kind"}
	for _, c := range specColumns {
		p.Columns = append(p.Columns, c.head[:1]+strings.ToLower(c.head[1:]))
	}
	p.Columns = append(p.Columns, "Max abs", "Max ulp", "Fused", "Unfused")
	for i, r := range remarks {
		a := newAttentionView(fmt.Sprintf("a%d", i), r, e.Candidates[i])
		figures := a.measure(r, list, unmeasured)
		c := e.Candidates[i]
		row := pageRow{ID: a.ID, Anchor: a.Anchor, Verdict: c.Verdict, Cells: pageCells(slices.Concat([]string{c.Verdict, c.Kind}, c.cells(), figures)...)}
		for i, column := range specColumns {
			if cell := &row.Cells[2+i]; column.names {
				cell.Text = elide(cell.Whole, mostInName, true)
			}
		}
		p.Rows = append(p.Rows, row)
		p.Attentions = append(p.Attentions, a)
	}
	return p
}

func modelFacts(in parallax.Inspection) []fact {
	facts := []fact{{"Producer", in.Producer}, {"IR version", fmt.Sprint(in.IRVersion)}, {"Operator sets", opsetText(in.Opsets)}}
	for _, p := range in.Inputs {
		facts = append(facts, fact{"Input", p.Name + " : " + p.Type.String()})
	}
	for _, p := range in.Outputs {
		facts = append(facts, fact{"Output", p.Name + " : " + p.Type.String()})
	}
	nodes := 0
	for _, n := range in.Operators {
		nodes += n
	}
	facts = append(facts, fact{"Nodes", fmt.Sprint(nodes)}, fact{"Parameters", fmt.Sprintf("%d (%s)", in.Parameters, bytesText(in.Bytes))})
	for i := range facts {
		facts[i].Value = clean(facts[i].Value)
	}
	return facts
}

func newAttentionView(id string, r passes.Remark, c candidate) attentionView {
	a := attentionView{ID: id, Anchor: clean(r.Anchor), Verdict: c.Verdict, Kind: c.Kind}
	a.Before, a.After = drawBefore(id+"-before", r), drawAfter(id+"-after", r)
	switch {
	case a.After != nil:
	case r.Verdict == passes.Refused:
		a.Stays = "It stays as it is."
	default:
		a.Stays = "The fused node is equal to another one, and they became one."
	}
	if s := c.Spec; s != nil {
		a.Spec = s.facts()
	}
	if w := c.Reason; w != nil {
		a.Reason = []fact{{"Check", w.Check}, {"Node", clean(w.Node)}, {"Wanted", clean(w.Want)}, {"Found", clean(w.Got)}, {"Remedy", c.Remedy}}
	}
	return a
}

// facts lists the attributes, and what operands there are.
func (s *spec) facts() []fact {
	facts := []fact{
		{"Query heads", fmt.Sprint(s.Heads)}, {"Key heads", fmt.Sprint(s.KVHeads)},
		{"Size of a head", s.HeadSize}, {"Size of a value", s.ValueSize},
		{"Causal", s.causal()}, {"Window", s.window()}, {"Masks", s.masks()}, {"Biases", s.biases()},
		{"Rotary embedding", yes(s.Rope)}, {"KV cache", yes(s.Cache)},
		{"Attributes", attr.Format(s.attention)},
	}
	for i := range facts {
		facts[i].Value = clean(facts[i].Value)
	}
	return facts
}

// measure fills in the figures of the fused node, and returns those of the table.
func (a *attentionView) measure(r passes.Remark, list []*measured, why error) []string {
	figures := []string{blank, blank, blank, blank}
	switch {
	case r.Verdict == passes.Refused:
		a.NoNumerics = "Nothing is fused here."
		return figures
	case why != nil:
		a.NoNumerics = clean("Not measured: " + why.Error() + ".")
		return figures
	case r.Node == nil || ran(r, list) == nil:
		a.NoNumerics = "There is no fused node that ran on " + list[len(list)-1].Inputs + "."
		return figures
	}
	m := ran(r, list)
	a.Measured = "Fused node beside its decomposition on the same operands, on " + m.Inputs + "."
	worst := comparison{}
	for _, n := range m.nodes[r.Node.Label()] {
		a.Numerics = append(a.Numerics, pageRow{Anchor: clean(n.Name), Cells: pageCells(
			fmt.Sprint(n.Shape), fmt.Sprintf("%.3g", float64(n.MaxAbs)), fmt.Sprintf("%.4g", float64(n.MaxULP)), strings.TrimSpace(okText(n.OK)))})
		worst.MaxAbs, worst.MaxULP = max(worst.MaxAbs, n.MaxAbs), max(worst.MaxULP, n.MaxULP)
	}
	figures[0], figures[1] = fmt.Sprintf("%.3g", float64(worst.MaxAbs)), fmt.Sprintf("%.4g", float64(worst.MaxULP))
	if fused, file, ok := m.times(r); ok {
		figures[2], figures[3] = durationText(fused), durationText(file)
		a.Time = fmt.Sprintf("%s fused, %s unfused (%.1f×), the median of %s.", figures[2], figures[3], float64(file)/float64(fused), count(m.timed(), "run"))
	}
	return figures
}

func durationText(d time.Duration) string { return fmt.Sprintf("%.3f%cms", milliseconds(d), noBreak) }

// write writes the page to the file called path.
func (p *page) write(path string) error {
	var b bytes.Buffer
	if err := pages.Execute(&b, p); err != nil {
		return err
	}
	return parallax.WriteFile(path, b.Bytes())
}

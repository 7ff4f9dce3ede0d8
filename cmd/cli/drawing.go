package cli

import (
	"fmt"
	"html/template"
	"strings"
	"unicode"

	"github.com/parallax-go/parallax/cmd/cli/draw"
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
)

// drawing is a graph with texts, laid out. The page's template prints it as SVG.
type drawing struct {
	ID            string // unique in the page
	Title, Desc   string
	Width, Height float64
	Boxes         []drawnBox
	Edges         []drawnEdge
}

type drawnBox struct {
	draw.Box
	Class string // node, fused, operand or result
	Lines []drawnLine
	Title string // in full
}

type drawnLine struct {
	X, Y float64
	Text string
	Bold bool
}

type drawnEdge struct{ Path, Title string }

// Sizes of texts in boxes. Monospaced fonts are at most 0.62 of their size wide.
const (
	fontSize   = 12
	charWidth  = 0.62 * fontSize
	lineHeight = 16
	padding    = 8
	mostChars  = 26 // of a line; the whole is in the box's title
)

// sketch is a drawing in the making.
type sketch struct {
	graph draw.Graph
	boxes []drawnBox
	edges []drawnEdge
}

// box adds a box with a line for each text that is not empty, and returns its
// number. The first is bold if the box is an operator.
func (s *sketch) box(class, title string, lines ...string) int {
	b := drawnBox{Class: class, Title: clean(title)}
	widest := 4
	for _, text := range lines {
		if text == "" {
			continue
		}
		text = elideWide(clean(text), mostChars)
		widest = max(widest, displayWidth(text))
		b.Lines = append(b.Lines, drawnLine{Text: text, Bold: len(b.Lines) == 0 && (class == "node" || class == "fused")})
	}
	s.boxes = append(s.boxes, b)
	s.graph.Nodes = append(s.graph.Nodes, draw.Node{
		Width:  float64(widest)*charWidth + 2*padding,
		Height: float64(len(b.Lines)*lineHeight + padding),
	})
	return len(s.boxes) - 1
}

func (s *sketch) edge(from, to int, title string) {
	s.graph.Edges = append(s.graph.Edges, draw.Edge{From: from, To: to})
	s.edges = append(s.edges, drawnEdge{Title: clean(title)})
}

// finish lays the drawing out.
func (s *sketch) finish(id, title, desc string) *drawing {
	l := draw.New(&s.graph)
	d := &drawing{ID: id, Title: clean(title), Desc: clean(desc), Width: l.Width, Height: l.Height, Boxes: s.boxes, Edges: s.edges}
	for i := range d.Boxes {
		b := &d.Boxes[i]
		b.Box = l.Boxes[i]
		for k := range b.Lines {
			b.Lines[k].X = b.X + b.Width/2
			b.Lines[k].Y = b.Y + padding/2 + lineHeight*(float64(k)+0.75)
		}
	}
	for i := range d.Edges {
		d.Edges[i].Path = curve(l.Paths[i])
	}
	return d
}

// curve is an SVG path: straight through the layers that an edge crosses, bent
// between them.
func curve(points []draw.Point) string {
	var b strings.Builder
	fmt.Fprintf(&b, "M%.1f %.1f", points[0].X, points[0].Y)
	for i := 1; i < len(points); i++ {
		from, to := points[i-1], points[i]
		if from.X == to.X {
			fmt.Fprintf(&b, "L%.1f %.1f", to.X, to.Y)
			continue
		}
		middle := (from.Y + to.Y) / 2
		fmt.Fprintf(&b, "C%.1f %.1f %.1f %.1f %.1f %.1f", from.X, middle, to.X, middle, to.X, to.Y)
	}
	return b.String()
}

// drawBefore draws the nodes that a fused one replaced, or those around an anchor
// that stays.
func drawBefore(id string, r passes.Remark) *drawing {
	s := &sketch{}
	made := map[int]int{} // the box that a value comes from
	var pieces []passes.Piece
	for _, p := range r.Before {
		if _, twice := made[p.Out[0].ID]; twice {
			continue
		}
		pieces = append(pieces, p)
		box := s.box("node", p.Op+" "+p.Name+" "+attr.Format(p.Attr), shortOp(p.Op), p.Name, attr.Format(p.Attr))
		for _, v := range p.Out {
			made[v.ID] = box
		}
	}
	read := map[int]bool{}
	for _, p := range pieces {
		for _, v := range p.In {
			if v.ID < 0 {
				continue
			}
			read[v.ID] = true
			from, drawn := made[v.ID]
			if !drawn {
				from = s.operand(v)
				if made[v.ID] = from; v.Const {
					delete(made, v.ID) // each reader has a box of its own
				}
			}
			s.edge(from, made[p.Out[0].ID], valueText(v))
		}
	}
	for _, p := range pieces {
		for _, v := range p.Out {
			if v.ID >= 0 && !read[v.ID] {
				s.edge(made[v.ID], s.box("result", valueText(v), valueName(v), v.Type.String()), valueText(v))
			}
		}
	}
	what := "The nodes that are fused"
	if r.Verdict == passes.Refused {
		what = "The nodes around the softmax, which stay"
	}
	return s.finish(id, r.Anchor+", before", fmt.Sprintf("%s: %s.", what, count(len(pieces), "node")))
}

// operand adds the box of a value that comes from elsewhere.
func (s *sketch) operand(v passes.Ref) int {
	if v.Text != "" {
		return s.box("operand", valueText(v), v.Text)
	}
	return s.box("operand", valueText(v), valueName(v), v.Type.String())
}

func valueName(v passes.Ref) string {
	if v.Name == "" {
		return fmt.Sprintf("%%%d", v.ID)
	}
	return v.Name
}

func valueText(v passes.Ref) string { return valueName(v) + " " + v.Type.String() }

// shortOp is the operator without its domain.
func shortOp(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// drawAfter draws the fused node with its operands and results, and is nil if
// there is none.
func drawAfter(id string, r passes.Remark) *drawing {
	n := r.Node
	if n == nil || n.Graph() == nil {
		return nil
	}
	s := &sketch{}
	lines := []string{n.Op.Name}
	var roles []string
	if a, ok := n.Attr.(*attr.Attention); ok && n.Op == op.Parallax {
		lines = append(lines, fmt.Sprintf("%d heads, %d of keys", a.Heads, a.KVHeads), fmt.Sprintf("scale %.6g", a.Scale))
		roles = operandRoles(a)
	}
	node := s.box("fused", n.Op.Name+" "+attr.Format(n.Attr), lines...)
	for i, v := range n.In {
		if v == nil {
			continue
		}
		role := ""
		if i < len(roles) {
			role = roles[i]
		}
		s.edge(s.box("operand", role+" "+v.String()+" "+v.Type.String(), role, nameOf(v), v.Type.String()), node, nameOf(v))
	}
	for i, v := range n.Out {
		if v != nil {
			s.edge(node, s.box("result", v.String()+" "+v.Type.String(), resultRoles[min(i, len(resultRoles)-1)], nameOf(v), v.Type.String()), nameOf(v))
		}
	}
	return s.finish(id, r.Anchor+", after", fmt.Sprintf("The fused node with %s.", count(len(n.In), "operand")))
}

// resultRoles are what the outputs of the fused node are called.
var resultRoles = []string{"output", "present keys", "present values"}

// operandRoles says what each operand of a fused node is.
func operandRoles(a *attr.Attention) []string {
	o := a.Operands()
	roles := make([]string, o.Count)
	name := func(at, n int, what string) {
		for i := range n {
			if at < 0 {
				return
			}
			roles[at+i] = what
			if n > 1 {
				roles[at+i] = fmt.Sprintf("%s %d", what, i)
			}
		}
	}
	name(o.Q, 1, "query")
	name(o.K, 1, "key")
	name(o.V, 1, "value")
	name(o.R, 1, "probe r")
	name(o.Bias, a.Biases, "bias")
	name(o.Mask, a.Masks, "mask")
	name(o.PastK, 1, "past keys")
	name(o.PastV, 1, "past values")
	name(o.Starts, 1, "first keys")
	name(o.Lengths, 1, "key counts")
	name(o.Sink, 1, "sink")
	return roles
}

func nameOf(v *ir.Value) string {
	if v.Name == "" {
		return fmt.Sprintf("%%%d", v.ID)
	}
	return v.Name
}

// noBreak is a space that no line ends at.
const noBreak = '\u00a0'

// clean replaces what can't be seen, or turns the direction of the text around:
// names come from the file.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r) || r == noBreak:
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return unicode.ReplacementChar
	}, text)
}

// displayWidth is how many columns text takes: the characters of East Asian
// scripts, and pictures, take two.
func displayWidth(text string) int {
	width := 0
	for _, r := range text {
		width++
		if r >= 0x1100 {
			width++
		}
	}
	return width
}

// elideWide cuts the middle out of text of more than n columns.
func elideWide(text string, n int) string {
	short := text
	for keep := n; displayWidth(short) > n; keep-- {
		short = elide(text, keep, true)
	}
	return short
}

// SVG prints the drawing.
func (d *drawing) SVG() (template.HTML, error) {
	var b strings.Builder
	err := pages.ExecuteTemplate(&b, "drawing", d)
	return template.HTML(b.String()), err
}

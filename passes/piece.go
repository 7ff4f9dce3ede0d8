package passes

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
)

// Piece is a node as it was before a rewrite took it away.
type Piece struct {
	Name    string // [ir.Node.Label]
	Op      string
	Attr    any
	Sources []string
	In, Out []Ref
}

// Ref is a value as it was. ID is -1 for an operand left out.
type Ref struct {
	ID    int
	Name  string
	Type  ir.Type
	Const bool
	Text  string // the contents, if they are one number or a shape
}

func pieceOf(n *ir.Node) Piece {
	p := Piece{Name: n.Label(), Op: n.Op.QualifiedName(), Attr: n.Attr, Sources: n.Sources}
	for _, v := range n.In {
		p.In = append(p.In, refOf(v))
	}
	for _, v := range n.Out {
		p.Out = append(p.Out, refOf(v))
	}
	return p
}

func refOf(v *ir.Value) Ref {
	if v == nil {
		return Ref{ID: -1}
	}
	r := Ref{ID: v.ID, Name: v.Name, Type: v.Type, Const: v.IsConst()}
	dims, known := v.Dims()
	switch {
	case r.Const && v.Const.Len() == 1:
		r.Text = v.Const.FormatElem(0)
	case known && len(dims) <= shortShape:
		r.Text = sym.Shape(dims).String()
	}
	return r
}

// shortShape is how long a shape is that is shown.
const shortShape = 6

// fewAround bounds [Context.Around]: what a drawing of a refusal shows.
const fewAround = 14

// Around copies the nodes next to n and n itself, for the [Remark.Before] of an
// anchor that is refused.
func (c *Context) Around(n *ir.Node) []Piece {
	if !c.options.Record {
		return nil
	}
	near := []*ir.Node{n}
	add := func(m *ir.Node) {
		if m != nil && len(near) < fewAround && !slices.Contains(near, m) {
			near = append(near, m)
		}
	}
	for i := 0; i < len(near); i++ {
		for _, v := range near[i].In {
			if v != nil {
				add(v.Def)
			}
		}
		for _, v := range near[i].Out {
			if v == nil {
				continue
			}
			for _, u := range v.Uses()[:min(fewAround, len(v.Uses()))] {
				add(u.Node)
			}
		}
	}
	return c.Pieces(near...)
}

// Records reports whether verdicts keep what was replaced.
func (c *Context) Records() bool { return c.options.Record }

// Pieces copies nodes for [Remark.Before], if they are to be recorded.
func (c *Context) Pieces(nodes ...*ir.Node) []Piece {
	if !c.options.Record {
		return nil
	}
	pieces := make([]Piece, len(nodes))
	for i, n := range nodes {
		pieces[i] = pieceOf(n)
	}
	return pieces
}

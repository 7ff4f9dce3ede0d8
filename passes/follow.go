package passes

import "github.com/parallax-go/parallax/ir"

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
	return Ref{ID: v.ID, Name: v.Name, Type: v.Type, Const: v.IsConst()}
}

// Pieces copies nodes for [Remark.Before], if they are to be recorded.
func (c *Context) Pieces(nodes []*ir.Node) []Piece {
	if !c.options.Record {
		return nil
	}
	pieces := make([]Piece, len(nodes))
	for i, n := range nodes {
		pieces[i] = pieceOf(n)
	}
	return pieces
}

// Respec changes the specification in the verdict on the anchor that has become
// n, if there is one: a pass that changes a fused node says so there.
func (c *Context) Respec(n *ir.Node, change func(*Spec)) {
	if i, ok := c.became[n]; ok && c.remarks[i].Spec != nil {
		change(c.remarks[i].Spec)
	}
}

// Follow tells that a rewrite replaces the covered nodes by made ones. A verdict
// whose node is covered goes to the new node of the same operator, and to the
// last one if there is none.
func (c *Context) Follow(covered, made []*ir.Node) {
	if len(c.became) == 0 || len(made) == 0 {
		return
	}
	for _, old := range covered {
		i, ok := c.became[old]
		if !ok {
			continue
		}
		r := &c.remarks[i]
		for _, n := range covered {
			if n != old {
				r.Before = append(r.Before, c.Pieces([]*ir.Node{n})...)
			}
		}
		delete(c.became, old)
		r.Node = successor(old, made)
		c.became[r.Node] = i
	}
}

func successor(old *ir.Node, made []*ir.Node) *ir.Node {
	for _, n := range made {
		if n.Op == old.Op {
			return n
		}
	}
	return made[len(made)-1]
}

package passes

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
)

// Follow tells that a rewrite replaces the covered nodes by made ones, and all
// that between gives by them and their operands. A verdict whose node is covered
// goes to the new node of the same operator, and to the last one if there is none.
func (c *Context) Follow(covered, made []*ir.Node, between func() []*ir.Node) {
	if len(c.became) == 0 || len(made) == 0 {
		return
	}
	for _, old := range covered {
		i, ok := c.became[old]
		if !ok {
			continue
		}
		r := &c.remarks[i]
		if c.options.Record {
			r.Before = lengthen(r.Before, c.Pieces(between()...))
		}
		delete(c.became, old)
		r.Node = successor(old, made)
		c.became[r.Node] = i
	}
}

// lengthen adds what leads to the pieces that are there.
func lengthen(pieces, more []Piece) []Piece {
	read := map[int]bool{}
	note := func(p Piece) {
		for _, v := range p.In {
			read[v.ID] = true
		}
	}
	for _, p := range pieces {
		note(p)
	}
	for found := true; found; {
		found = false
		more = slices.DeleteFunc(more, func(p Piece) bool {
			leads := slices.ContainsFunc(p.Out, func(v Ref) bool { return v.ID >= 0 && read[v.ID] })
			if leads {
				found = true
				note(p)
				pieces = append(pieces, p)
			}
			return leads
		})
	}
	return pieces
}

func successor(old *ir.Node, made []*ir.Node) *ir.Node {
	for _, n := range made {
		if n.Op == old.Op {
			return n
		}
	}
	return made[len(made)-1]
}

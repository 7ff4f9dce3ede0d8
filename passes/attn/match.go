package attn

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
)

// Form is what a value of a region is: attention with V number Value, and if
// Probe is not negative minus its correction along Factor times r number Probe.
type Form struct {
	Value, Probe int
	Factor       float64
	Gain         float64  // what all of it is multiplied with,
	Rows         Monomial // and factors of the file that it is multiplied with
}

// form recognises the one pattern: Σ p v, and Σ p v · (1 + f t̄) − f Σ p t v.
func (p Poly) form() (Form, bool) {
	f := Form{Value: -1, Probe: -1}
	p, f.Rows = p.rows()
	p, f.Gain = p.gain()
	for _, t := range p {
		for s := range t.Mono {
			if s.Kind == Moment0 && len(t.Mono) == 1 {
				f.Value = s.Value
			}
			if s.Kind == Moment1 && len(t.Mono) == 1 {
				f.Probe, f.Factor = s.Probe, -t.Coef
			}
		}
	}
	switch {
	case f.Value < 0:
		return f, false
	case len(p) == 1:
		return f, true
	case len(p) != 3 || f.Probe < 0:
		return f, false
	}
	o, ot := Symbol{Kind: Moment0, Value: f.Value}, Symbol{Kind: Moment1, Value: f.Value, Probe: f.Probe}
	mean := Symbol{Kind: Mean, Probe: f.Probe}
	return f, near(p.coef(ot), -f.Factor) && near(p.coef(o, mean), f.Factor)
}

// gain splits off what Σ p v is multiplied with, 1 if it is not there.
func (p Poly) gain() (Poly, float64) {
	for _, t := range p {
		for s := range t.Mono {
			if s.Kind == Moment0 && len(t.Mono) == 1 && t.Coef != 1 {
				return p.Times(Number(1 / t.Coef)), t.Coef
			}
		}
	}
	return p, 1
}

// find returns the first value that is Parallax, else the first that is
// attention.
func (g *Region) find() (*ir.Value, Form, bool) {
	var first *ir.Value
	var form Form
	for _, v := range g.order {
		f, ok := g.known[v].Poly.form()
		if ok && f.Probe >= 0 {
			return v, f, true
		}
		if ok && first == nil {
			first, form = v, f
		}
	}
	return first, form, first != nil
}

// chain returns v and the values that are v again, in another layout or type,
// as long as nothing else reads it.
func (g *Region) chain(v *ir.Value) []*ir.Value {
	chain := []*ir.Value{v}
	for {
		u, sole := v.SoleUse()
		if !sole || !g.inside[u.Node] {
			return chain
		}
		switch u.Node.Op {
		case op.Identity, op.Reshape, op.Flatten, op.Transpose, op.Squeeze, op.Unsqueeze, op.Cast:
		default:
			return chain
		}
		v = u.Node.Out[0]
		chain = append(chain, v)
	}
}

// cone returns the nodes of the region that out is computed by, and a refusal if
// a value of theirs is read elsewhere too.
func (g *Region) cone(out *ir.Value) ([]*ir.Node, *Refusal) {
	seen := map[*ir.Node]bool{}
	var nodes []*ir.Node
	var visit func(n *ir.Node)
	visit = func(n *ir.Node) {
		if n == nil || seen[n] || !g.inside[n] {
			return
		}
		seen[n] = true
		nodes = append(nodes, n)
		for _, v := range n.In {
			if _, ok := g.known[v]; ok || g.between[v] {
				visit(v.Def)
			}
		}
	}
	visit(out.Def)
	for _, n := range nodes {
		for _, v := range n.Out {
			for _, u := range v.Uses() {
				if v != out && !seen[u.Node] && !isShape(u.Node) {
					return nil, escape(n, v, u)
				}
			}
		}
	}
	slices.Reverse(nodes)
	return nodes, nil
}

// isShape reports whether n only asks for a shape, which other values can tell.
func isShape(n *ir.Node) bool { return n != nil && n.Op == op.Shape }

func escape(n *ir.Node, v *ir.Value, u ir.Use) *Refusal {
	got := fmt.Sprintf("%s is an output of the graph", v)
	if u.Node != nil {
		got = fmt.Sprintf("%s is read by %s", v, place(u.Node))
	}
	return refuse(checkEscape, n, "values of the softmax read by its attention alone", got)
}

package rewrite

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
)

// check returns why the patch is not legal, or nil.
func (p *Patch) check() *passes.Reason {
	if err := p.Err(); err != nil {
		return &passes.Reason{Check: "types", Node: p.Root.Label(), Want: "well-typed new nodes", Got: err.Error()}
	}
	if len(p.replaced) == 0 {
		panic("BUG: patch " + p.Label + " replaces nothing")
	}
	for _, r := range p.replaced {
		if why := p.checkType(r); why != nil {
			return why
		}
	}
	return p.checkNames()
}

// checkType compares what is known of both values. A contradiction is a wrong
// rule; a loss is no reason to fail, only to leave the graph as it is.
func (p *Patch) checkType(r replacement) *passes.Reason {
	was, is := r.old.Type, r.new.Type
	contradiction := was.Kind != is.Kind || was.DType != is.DType && was.DType != tensor.Invalid && is.DType != tensor.Invalid
	loss := was.HasRank && !is.HasRank || was.DType != tensor.Invalid && is.DType == tensor.Invalid
	if was.HasRank && is.HasRank {
		contradiction = contradiction || len(was.Shape) != len(is.Shape)
		for i := range min(len(was.Shape), len(is.Shape)) {
			m, known := was.Shape[i].IsConst()
			n, stays := is.Shape[i].IsConst()
			contradiction = contradiction || known && stays && m != n
			loss = loss || known && !stays
		}
	}
	if contradiction {
		panic(fmt.Sprintf("BUG: patch %s at %s replaces %s of type %s by %s", p.Label, p.Root.Label(), r.old, was, is))
	}
	if loss {
		return &passes.Reason{Check: "types", Node: r.old.String(), Want: was.String(), Got: is.String()}
	}
	return nil
}

// checkNames sees to it that each output of the graph stays a value of its own,
// computed by a node, so that it can keep its name: inputs and constants have
// names of their own, and two outputs need two values.
func (p *Patch) checkNames() *passes.Reason {
	taken := map[*ir.Value]bool{}
	for _, r := range p.replaced {
		if !r.old.IsGraphOutput() {
			continue
		}
		if r.new.Def == nil || r.new.IsGraphOutput() || taken[r.new] {
			return &passes.Reason{Check: "output name", Node: r.old.String(), Want: "a value of its own", Got: r.new.String()}
		}
		taken[r.new] = true
	}
	return nil
}

// place returns the node to put the new ones before, and whether the graph must
// be sorted afterwards: if a reader of a replaced value comes before an operand.
func (p *Patch) place() (at *ir.Node, sort bool, why *passes.Reason) {
	at = p.firstReader()
	operands := p.operands()
	for _, v := range operands {
		if v.Def != at && p.Graph().Before(v.Def, at) {
			continue
		}
		sort = true
	}
	if sort && p.dependsOnReader(operands, at) {
		return nil, false, &passes.Reason{
			Check: "escape", Node: p.Root.Label(),
			Want: "replaced values read only after all operands are known",
			Got:  "an operand computed from a replaced value",
		}
	}
	return at, sort, nil
}

// firstReader is the earliest node that must come after the new ones.
func (p *Patch) firstReader() *ir.Node {
	at := p.Root
	for _, r := range p.replaced {
		for _, u := range r.old.Uses() {
			if u.Node != nil && p.Graph().Before(u.Node, at) {
				at = u.Node
			}
		}
	}
	return at
}

// operands returns the values that the patch reads and that nodes of the graph
// define.
func (p *Patch) operands() []*ir.Value {
	var operands []*ir.Value
	add := func(v *ir.Value) {
		switch {
		case v == nil || v.Def == nil || slices.Contains(p.Nodes(), v.Def):
		case v.Def.Graph() == p.Graph():
			operands = append(operands, v)
		default:
			panic(fmt.Sprintf("BUG: patch %s at %s reads %s, which is not in the graph", p.Label, p.Root.Label(), v))
		}
	}
	for _, n := range p.Nodes() {
		for _, v := range n.In {
			add(v)
		}
	}
	for _, r := range p.replaced {
		add(r.new)
	}
	return operands
}

// dependsOnReader reports whether an operand is computed from a replaced value.
// Nothing before first can be.
func (p *Patch) dependsOnReader(operands []*ir.Value, first *ir.Node) bool {
	readers := map[*ir.Node]bool{}
	for _, r := range p.replaced {
		for _, u := range r.old.Uses() {
			readers[u.Node] = true
		}
	}
	seen := map[*ir.Node]bool{}
	stack := operands
	for len(stack) > 0 {
		n := stack[len(stack)-1].Def
		stack = stack[:len(stack)-1]
		if n == nil || seen[n] || p.Graph().Before(n, first) {
			continue
		}
		if readers[n] {
			return true
		}
		seen[n] = true
		for _, v := range n.In {
			if v != nil {
				stack = append(stack, v)
			}
		}
	}
	return false
}

package rewrite

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/passes"
)

// stopAfter is the check that fails once the run's limit is reached.
const stopAfter = "stop-after"

// Commit makes the change and counts it, or returns why it did not: then the
// graph is as it was.
func Commit(c *passes.Context, p *Patch) *passes.Reason {
	if why := p.check(); why != nil {
		return why
	}
	at, sort, why := p.place()
	if why != nil {
		return why
	}
	if !c.Allow(p.Label) {
		return &passes.Reason{Check: stopAfter, Node: p.Root.Label(), Want: "one more rewrite", Got: "the limit is reached"}
	}
	p.trace()
	c.Follow(p.Covered, p.Nodes(), p.Between)
	// The readers are those of before: a new node may itself read the old value.
	for i, r := range p.replaced {
		p.replaced[i].readers = slices.Clone(r.old.Uses())
	}
	p.Builder.Commit(at)
	for _, r := range p.replaced {
		moveName(r)
		redirect(r.readers, r.new)
		if !r.old.Type.Equal(r.new.Type) || !slices.EqualFunc(r.old.Sym, r.new.Sym, sym.Dim.Equal) {
			c.TypesChanged()
		}
	}
	p.removeDead()
	if sort {
		if err := p.Graph().Sort(); err != nil {
			panic("BUG: patch " + p.Label + " made a cycle: " + err.Error())
		}
	}
	return nil
}

func (p *Patch) removeDead() {
	for _, n := range p.Covered {
		RemoveDead(n)
	}
	for _, r := range p.replaced {
		if r.old.Def != nil {
			RemoveDead(r.old.Def)
		}
	}
}

// trace gives the new nodes the provenance of the covered ones, and Root's name
// to the node that stands in for it.
func (p *Patch) trace() {
	for _, n := range p.Nodes() {
		n.AddSources(p.Covered...)
	}
	for _, r := range p.replaced {
		if d := r.new.Def; r.old.Def == p.Root && d != nil && d.Graph() == nil && d.Name == "" {
			d.Name = p.Root.Name
			return
		}
	}
}

// moveName moves old's name: a name of the file if new has none, and always the
// name of an output.
func moveName(r replacement) {
	if r.old.Name != "" && (r.old.IsGraphOutput() || r.new.Name == "") {
		r.new.Name, r.old.Name = r.old.Name, ""
	}
}

func redirect(uses []ir.Use, v *ir.Value) {
	for _, u := range uses {
		if u.Node != nil {
			u.Node.SetIn(u.Index, v)
		} else {
			u.Graph.SetOutput(u.Index, v)
		}
	}
}

// RemoveDead removes n if nothing reads it any more, and then what it alone
// read. A node that is gone already is no fault.
func RemoveDead(n *ir.Node) {
	stack := []*ir.Node{n}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if n.Graph() == nil || !passes.Dead(n) {
			continue
		}
		n.Graph().Remove(n)
		for _, v := range n.In {
			if v != nil && v.Def != nil {
				stack = append(stack, v.Def)
			}
		}
	}
}

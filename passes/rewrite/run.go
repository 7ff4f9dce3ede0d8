package rewrite

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/passes"
)

// Rule is one kind of rewrite.
type Rule struct {
	Label string // in statistics and for bisection
	Doc   string // what is replaced by what, and why it is right
	// Roots are the operators that Match is tried at; none: every node.
	Roots []*ir.Op
	// Match returns the patch for n, or nil. It must not change the graph.
	Match func(c *passes.Context, n *ir.Node) *Patch
}

// Run applies the rules to every node of g and its regions until none applies.
// At one node the first rule that applies wins. After a rewrite the new nodes
// and the readers of what was replaced are looked at again; whole rounds follow
// until one changes nothing.
func Run(c *passes.Context, g *ir.Graph, rules []Rule) error {
	d := newDriver(c, g, rules)
	for {
		before := d.rewrites
		for _, h := range slices.Collect(g.Graphs()) {
			if err := d.round(h); err != nil || d.stopped {
				return err
			}
		}
		retyped, err := c.Retype()
		if err != nil {
			return err
		}
		if d.rewrites == before && !retyped {
			return nil
		}
	}
}

type driver struct {
	c       *passes.Context
	byRoot  map[*ir.Op][]Rule
	anyRoot []Rule
	queue   []*ir.Node
	queued  map[*ir.Node]bool

	rewrites, limit int
	recent          []string // labels, when the limit is near
	stopped         bool
}

func newDriver(c *passes.Context, g *ir.Graph, rules []Rule) *driver {
	d := &driver{c: c, byRoot: map[*ir.Op][]Rule{}, queued: map[*ir.Node]bool{}}
	roots := map[*ir.Op]bool{}
	for _, r := range rules {
		for _, o := range r.Roots {
			roots[o] = true
		}
	}
	for _, r := range rules {
		if len(r.Roots) == 0 {
			d.anyRoot = append(d.anyRoot, r)
			for o := range roots {
				d.byRoot[o] = append(d.byRoot[o], r)
			}
		}
		for _, o := range r.Roots {
			d.byRoot[o] = append(d.byRoot[o], r)
		}
	}
	// Sound rules make a graph smaller or more normal: far fewer rewrites than
	// this happen in any real one.
	d.limit = 1000
	for h := range g.Graphs() {
		d.limit += 16 * h.Len()
	}
	return d
}

// round looks at every node of g, and again at those that rewrites touch.
func (d *driver) round(g *ir.Graph) error {
	for n := range g.Nodes() {
		d.push(n)
	}
	for i := 0; i < len(d.queue); i++ {
		n := d.queue[i]
		delete(d.queued, n)
		if n.Graph() != g {
			continue
		}
		if i%256 == 0 {
			if err := d.c.Err(); err != nil {
				return err
			}
		}
		d.c.Work(1)
		if d.visit(n); d.stopped {
			break
		}
	}
	d.queue = d.queue[:0]
	clear(d.queued)
	return nil
}

func (d *driver) push(n *ir.Node) {
	if n != nil && !d.queued[n] {
		d.queued[n] = true
		d.queue = append(d.queue, n)
	}
}

// visit tries the rules at n and commits the first patch that is legal.
func (d *driver) visit(n *ir.Node) {
	rules, known := d.byRoot[n.Op]
	if !known {
		rules = d.anyRoot
	}
	for _, r := range rules {
		p := r.Match(d.c, n)
		if p == nil {
			continue
		}
		p.Label = r.Label
		made := p.Nodes()
		why := Commit(d.c, p)
		if why == nil {
			d.settle(p, made)
			return
		}
		if why.Check == stopAfter {
			d.stopped = true
			return
		}
	}
}

// settle queues what a committed patch touches.
func (d *driver) settle(p *Patch, made []*ir.Node) {
	d.rewrites++
	if d.rewrites > d.limit {
		d.recent = append(d.recent, p.Label)
	}
	if len(d.recent) > 8 {
		panic(fmt.Sprintf("BUG: the rules don't come to rest: %d rewrites, the last of them %q", d.rewrites, d.recent))
	}
	for _, n := range made {
		d.push(n)
	}
	for _, r := range p.replaced {
		for _, u := range r.readers {
			d.push(u.Node)
		}
	}
}

package passes

import (
	"context"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/kernels"
)

// Context is what a running pass sees of the run.
type Context struct {
	ctx      context.Context
	options  Options
	root     *ir.Graph
	stale    bool // types may not be those inferred; see TypesChanged
	stat     *Stat
	rewrites int
	folded   int // bytes of constants made
	stopped  bool
	remarks  []Remark
	anchors  map[*ir.Node]int // position in remarks
	became   map[*ir.Node]int // position in remarks by Remark.Node
}

// Err is not nil once the run is cancelled. Loops over nodes ask from time to
// time and return it.
func (c *Context) Err() error { return c.ctx.Err() }

// Root is the graph that is being compiled, of which all others are regions.
func (c *Context) Root() *ir.Graph { return c.root }

// Catalog is the kernels that the graph is compiled for, or nil.
func (c *Context) Catalog() *kernels.Catalog { return c.options.Catalog }

// Target is what the graph is compiled for; "" if that is not decided yet.
func (c *Context) Target() kernels.Target { return c.options.Target }

// Kernel returns what the target would run n with. It is the zero Kernel if there
// is none, or no target.
func (c *Context) Kernel(n *ir.Node) kernels.Kernel {
	if c.options.Catalog == nil || c.options.Target == "" {
		return kernels.Kernel{}
	}
	k, _ := c.options.Catalog.Select(c.options.Target, CaseOf(n))
	return k
}

// HasFast reports whether the target has a kernel for n that is made to be fast.
func (c *Context) HasFast(n *ir.Node) bool {
	k := c.Kernel(n)
	return k.ID != "" && !k.Reference
}

// AllowConstant asks for leave to make a constant of so many bytes.
func (c *Context) AllowConstant(bytes int) bool {
	if bytes > c.options.MaxFold || c.folded+bytes > maxFolds*c.options.MaxFold {
		return false
	}
	c.folded += bytes
	return true
}

// Allow asks for leave to do one more rewrite and counts it under label. After
// false nothing may be changed: the run has reached [Options.StopAfter].
func (c *Context) Allow(label string) bool {
	if c.options.StopAfter > 0 && c.rewrites == c.options.StopAfter {
		c.stopped = true
		return false
	}
	c.rewrites++
	c.stat.count(label)
	return true
}

// Work counts n steps of work, such as nodes looked at. Unlike time, the count
// is the same on every machine: tests of scaling compare it.
func (c *Context) Work(n int) { c.stat.Work += n }

// TypesChanged says that a value was replaced by one of another type, so that
// the types downstream are to be inferred anew.
func (c *Context) TypesChanged() { c.stale = true }

// Retype infers the types of the whole graph anew if any have changed, and
// reports whether it did. It is done after every pass; a pass calls it to see
// the consequences of its own rewrites.
func (c *Context) Retype() (bool, error) {
	if !c.stale {
		return false, nil
	}
	c.stale = false
	return true, c.root.Retype()
}

// Remark records the verdict on an anchor. A later verdict on the same node
// takes the place of the earlier one.
func (c *Context) Remark(anchor *ir.Node, r Remark) {
	i, seen := c.anchors[anchor]
	if !seen {
		i = len(c.remarks)
		c.anchors[anchor] = i
		c.remarks = append(c.remarks, Remark{})
	}
	r.describe()
	c.remarks[i] = r
	if r.Node != nil {
		c.became[r.Node] = i
	}
}

// Fused reports whether n was made of operators of the file: they rounded each
// result on the way, where an attention operator rounds once.
func (c *Context) Fused(n *ir.Node) bool {
	i, known := c.became[n]
	return known && c.remarks[i].Verdict == Fused
}

// Remarks returns the verdicts so far, in the order the anchors were first met.
func (c *Context) Remarks() []Remark { return slices.Clone(c.remarks) }

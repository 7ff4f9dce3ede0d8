package fusecache

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Pass is the pass.
var Pass = passes.Pass{
	Name: "fusecache",
	Doc:  "make the concatenation of past and new keys and values part of the attention node",
	Run:  run,
}

func run(c *passes.Context, g *ir.Graph) error {
	for h := range g.Graphs() {
		for _, n := range slices.Collect(h.Nodes()) {
			if n.Op != op.Parallax {
				continue
			}
			if err := c.Err(); err != nil {
				return err
			}
			c.Work(1)
			fuse(c, n)
		}
	}
	_, err := c.Retype()
	return err
}

// fuse gives n cache operands if its keys and values join a past and what is new.
func fuse(c *passes.Context, n *ir.Node) {
	a := n.Attr.(*attr.Attention)
	at := a.Operands()
	if a.HasPast || a.HasPresent {
		return
	}
	keys, ok := readCache(n.In[at.K], a)
	if !ok {
		return
	}
	values, ok := readCache(n.In[at.V], a)
	if !ok || keys.join == values.join || !keys.length().Equal(values.length()) {
		return
	}
	keys.readSizes(c)
	values.readSizes(c)
	if p := patch(c.Root(), n, keys, values); p != nil && p.Err() == nil {
		rewrite.Commit(c, p) // or not: the Concat computes the same
	}
}

// patch makes the node with cache operands; nil if the sizes don't tell how, or
// if it would cost more than it saves.
func patch(root *ir.Graph, n *ir.Node, keys, values *cache) *rewrite.Patch {
	p := rewrite.NewPatch(n, "fuse cache")
	both := []*cache{keys, values}
	var fresh, past []*ir.Value
	for _, c := range both {
		p.Cover(c.chain...).Cover(c.join)
		fresh = append(fresh, c.freshOperand(p.Builder))
	}
	own := len(p.Nodes())
	for _, c := range both {
		past = append(past, c.pastOperand(p.Builder))
	}
	if slices.Contains(fresh, nil) || slices.Contains(past, nil) {
		return nil
	}
	a := spec(n, keys.read() || values.read())
	out := p.Ops(op.Parallax, a, a.Outputs(), operands(n, fresh, past)...)
	if p.Err() != nil {
		return nil
	}
	p.Replace(n.Out[0], out[0])
	for i, c := range both {
		if c.read() && !c.replace(p, out[1+i]) {
			return nil
		}
	}
	made := p.Nodes()[own:]
	if slices.ContainsFunc(made, computed) {
		return nil
	}
	if slices.ContainsFunc(made, transposes) && !(keys.kept(root) && values.kept(root)) {
		return nil
	}
	return p
}

func transposes(n *ir.Node) bool { return n.Op == op.Transpose }

// computed reports whether n reshapes to sizes read off a value: of a past that is
// empty, such a 0 would mean the size of another axis.
func computed(n *ir.Node) bool { return n.Op == op.Reshape && !n.In[1].IsConst() }

// spec is n's specification with caches; the presents are outputs if they are
// read.
func spec(n *ir.Node, presents bool) *attr.Attention {
	a := *n.Attr.(*attr.Attention)
	a.HasPast, a.HasPresent = true, presents
	return &a
}

// operands are n's, with other keys and values and the past ones put where the
// contract wants them.
func operands(n *ir.Node, fresh, past []*ir.Value) []*ir.Value {
	at := n.Attr.(*attr.Attention).Operands()
	in := slices.Clone(n.In[:at.Count])
	in[at.K], in[at.V] = fresh[0], fresh[1]
	return slices.Insert(in, spec(n, false).Operands().PastK, past...)
}

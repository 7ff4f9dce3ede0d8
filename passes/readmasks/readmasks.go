package readmasks

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Pass is the pass.
var Pass = passes.Pass{
	Name: "readmasks",
	Doc:  "understand masks and biases: causal, windows, ranges, masks of keys and of queries, relative biases",
	Run:  run,
}

func run(c *passes.Context, g *ir.Graph) error {
	for h := range g.Graphs() {
		readers := map[string]*reader{}
		for _, n := range slices.Collect(h.Nodes()) {
			if err := c.Err(); err != nil {
				return err
			}
			if n.Op == op.Parallax && n.Graph() != nil {
				node(c, readers, n)
			}
		}
	}
	_, err := c.Retype()
	return err
}

// node reads the masks of one attention. Layers of one geometry share a reader, so
// that a mask of all of them is read once.
func node(c *passes.Context, readers map[string]*reader, n *ir.Node) {
	a := *n.Attr.(*attr.Attention)
	at := a.Operands()
	c.Work(1)
	if a.Masks+a.Biases == 0 {
		return
	}
	dims, ok := geometry(n, &a, at)
	if !ok {
		return
	}
	k := sym.Shape(dims[:]).String()
	r := readers[k]
	if r == nil {
		r = newReader(n.Graph(), dims)
		readers[k] = r
	}
	made := len(r.exprs)
	r.refill()
	t := &attention{reader: r, node: n, spec: &a, at: at, stepwise: c.Fused(n)}
	gain := t.read()
	c.Work(len(r.exprs) - made)
	if !gain {
		return
	}
	if p := t.patch(); p != nil {
		rewrite.Commit(c, p) // or not: the operands mean the same
	}
}

package fusechain

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Pass fuses chains where the target prefers its kernel for them. Without a
// target it does nothing, nor for the reference, which fused results are compared
// with.
var Pass = passes.Pass{
	Name: "fusechain",
	Doc:  "make one node of elementwise operators that feed each other",
	Run: func(c *passes.Context, g *ir.Graph) error {
		if c.Catalog() == nil || c.Target() == "" || c.Target() == kernels.Ref {
			return nil
		}
		for h := range g.Graphs() {
			nodes := slices.Collect(h.Nodes())
			for i, n := range slices.Backward(nodes) {
				if i%256 == 0 && c.Err() != nil {
					return c.Err()
				}
				c.Work(1)
				if n.Graph() == nil || !fusable(n) {
					continue
				}
				if p := fused(c, n); p != nil {
					rewrite.Commit(c, p)
				}
			}
		}
		_, err := c.Retype()
		return err
	},
}

// fused returns the patch for the group that ends in root, or nil.
func fused(c *passes.Context, root *ir.Node) *rewrite.Patch {
	group, program := grow(c, root)
	if len(group) < 2 {
		return nil
	}
	p := rewrite.NewPatch(root, "fuse elementwise operators").Cover(group...)
	was := root.Out[0]
	is := p.Op(op.FusedElementwise, &attr.Elementwise{Program: program.text()}, program.operands...)
	if p.Err() != nil || !is.Type.Equal(was.Type) {
		return nil
	}
	if !c.HasFast(is.Def) {
		return nil
	}
	return p.Replace(was, is)
}

// grow returns the nodes that can be computed with root, and their program.
func grow(c *passes.Context, root *ir.Node) ([]*ir.Node, *program) {
	group, best := []*ir.Node{root}, write([]*ir.Node{root})
	if best == nil {
		return nil, nil
	}
	refused := map[*ir.Node]bool{}
	for i := 0; i < len(group); i++ {
		for _, v := range group[i].In {
			if v == nil || v.Def == nil || refused[v.Def] || slices.Contains(group, v.Def) || !joins(v, root, group) {
				continue
			}
			c.Work(len(group))
			wider := append(slices.Clone(group), v.Def)
			if p := write(wider); p != nil {
				group, best = wider, p
				i = -1 // a value may be free to join now that this one has
				break
			}
			refused[v.Def] = true
		}
	}
	return group, best
}

// joins reports whether v may be computed inside of the group.
func joins(v *ir.Value, root *ir.Node, group []*ir.Node) bool {
	z := root.Out[0].Type
	if v.Def.Graph() != root.Graph() || v.Type.DType != z.DType || !fusable(v.Def) || !cheap(v.Type.Shape, z.Shape) {
		return false
	}
	return !slices.ContainsFunc(v.Uses(), func(u ir.Use) bool { return u.Node == nil || !slices.Contains(group, u.Node) })
}

// longRow is from which length on a number for each row is next to no work
// beside the row. Kernels take them as numbers then.
const longRow = 64

// cheap reports whether a value of that shape is no more work inside: it has the
// shape of the result, one element, or one for each row of the result.
func cheap(shape, result sym.Shape) bool {
	if shape.Equal(result) || shape.Elements().Is(1) {
		return true
	}
	last := len(result) - 1
	return len(shape) <= len(result) && shape[len(shape)-1].Is(1) && sym.ProvablyLE(sym.Const(longRow), result[last])
}

package codegen

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// mark notes what it takes to have v: nodes that must run, symbols that must
// become numbers. It keeps its own stack: graphs may be deep.
func (l *lowering) mark(v *ir.Value) {
	stack := []*ir.Value{v}
	for len(stack) > 0 {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if v == nil || v.Def == nil {
			continue
		}
		if l.isContents(v) {
			stack = l.want(stack, v.Sym)
			continue
		}
		n := v.Def
		if l.live[n] {
			continue
		}
		l.live[n] = true
		if l.isView(n) {
			stack = l.want(append(stack, l.renamed(n)), v.Type.Shape)
			continue
		}
		stack = append(stack, n.In...)
	}
}

// want notes the symbols of dims, and appends the values that define them.
func (l *lowering) want(stack []*ir.Value, dims []sym.Dim) []*ir.Value {
	for _, d := range dims {
		for _, name := range d.Symbols() {
			if l.isNumber(name) || l.wanted[name] {
				continue
			}
			l.wanted[name] = true
			stack = append(stack, l.definers[name].value)
		}
	}
	return stack
}

// isContents reports whether v need not be computed, since its elements are
// formulas of numbers known where it is defined.
func (l *lowering) isContents(v *ir.Value) bool {
	if v.Def == nil || v.Sym == nil || !v.Type.DType.IsInt() {
		return false
	}
	shape, ok := v.Type.ConstShape()
	if n, _ := tensor.Elements(shape); !ok || n != len(v.Sym) {
		return false
	}
	return l.allKnown(v.Sym, v.Def)
}

func (l *lowering) allKnown(dims []sym.Dim, n *ir.Node) bool {
	for _, d := range dims {
		if !l.known(d, n) {
			return false
		}
	}
	return true
}

// renames are the operators that keep the elements and their order.
var renames = map[*ir.Op]bool{
	op.Reshape: true, op.Flatten: true, op.Squeeze: true, op.Unsqueeze: true, op.Identity: true,
}

// isView reports whether n only renames memory: its shape is known before it
// runs, and its result is no output, which must have memory of its own.
func (l *lowering) isView(n *ir.Node) bool {
	if !renames[n.Op] {
		return false
	}
	v := n.Out[0]
	return v.Type.IsTensor() && v.Type.HasRank && !v.IsGraphOutput() && l.allKnown(v.Type.Shape, n)
}

// renamed returns the value whose memory the view n is of: views of views are
// views of what lies below.
func (l *lowering) renamed(n *ir.Node) *ir.Value {
	if v, ok := l.bases[n]; ok {
		return v
	}
	v := n.In[0]
	if v.Def != nil && !l.isContents(v) && l.isView(v.Def) {
		v = l.renamed(v.Def)
	}
	l.bases[n] = v
	return v
}

package passes

import (
	"slices"
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// describe says in r what the fused node is: when it is made, and once no pass
// will change it any more.
func (r *Remark) describe() {
	if r.Node == nil || r.Node.Op != op.Parallax || r.Spec == nil {
		return
	}
	a := r.Node.Attr.(*attr.Attention)
	at := a.Operands()
	r.Spec.Attention = a
	r.Spec.Masks = describeAll(r.Node.In, at.Mask, a.Masks)
	r.Spec.Biases = describeAll(r.Node.In, at.Bias, a.Biases)
	r.Spec.Cache = r.Spec.Cache || a.HasPast
}

func describeAll(in []*ir.Value, first, count int) []string {
	var out []string
	for i := range count {
		out = append(out, Describe(in[first+i]))
	}
	return out
}

// Describe names v for people: by its name in the file or, if a pass made it, by
// the inputs that it is computed from, and by its type.
func Describe(v *ir.Value) string {
	name := v.Name
	if name == "" {
		name = origins(v)
	}
	return strings.TrimSpace(name + " " + v.Type.String())
}

// maxOrigins bounds the walk to the inputs; masks are made by some dozens of nodes.
const maxOrigins = 512

// origins joins the names of the inputs whose contents v depends on; without any,
// those of its constants, if there are few.
func origins(v *ir.Value) string {
	var inputs, constants []string
	seen := map[*ir.Value]bool{v: true}
	for queue := []*ir.Value{v}; len(queue) > 0 && len(seen) < maxOrigins; queue = queue[1:] {
		x := queue[0]
		names := &inputs
		if x.Const != nil {
			names = &constants
		}
		if x.Def == nil && x.Name != "" && !slices.Contains(*names, x.Name) {
			*names = append(*names, x.Name)
		}
		if x.Def == nil || x.Def.Op == op.Shape {
			continue
		}
		for _, in := range x.Def.Operands() {
			if in != nil && !seen[in] {
				seen[in] = true
				queue = append(queue, in)
			}
		}
	}
	switch {
	case len(inputs) > 2:
		return inputs[0] + ", " + inputs[1] + ", …"
	case len(inputs) > 0:
		return strings.Join(inputs, ", ")
	case len(constants) > 2:
		return "constants"
	case len(constants) > 0:
		return strings.Join(constants, ", ")
	}
	return "sizes"
}

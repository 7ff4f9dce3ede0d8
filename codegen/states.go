package codegen

import (
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// findStates pairs outputs with the inputs that they continue. The evidence is
// the names that exporters give (past… and present…) together with the types,
// or else the graph: an output that appends to an input.
func (l *lowering) findStates() {
	taken := map[int]bool{}
	for o, v := range l.g.Outputs() {
		named := l.namesake(l.g.OutputName(o))
		in := named
		if in == nil {
			in = l.continued(v, 0)
		}
		if in == nil {
			continue
		}
		i := l.inputIndex(in)
		axis, ok := grows(in.Type, v.Type)
		if !ok || taken[i] || axis < 0 && named == nil {
			continue
		}
		taken[i] = true
		l.p.States = append(l.p.States, StatePair{Input: i, Output: o, Axis: axis})
		for _, s := range []int{l.p.Inputs[i].Slot, l.p.Outputs[o].Slot} {
			if s >= 0 {
				l.p.Slots[s].Kind = Kept
			}
		}
	}
	for i := range l.p.States {
		p := &l.p.States[i]
		p.Batch = l.batchAxis(l.g.Inputs[p.Input], taken)
	}
}

// batchAxis returns the axis of a state that counts the sequences: the first that
// an input which is no state has as its first one, and else the first.
func (l *lowering) batchAxis(state *ir.Value, kept map[int]bool) int {
	for axis, d := range state.Type.Shape {
		if _, constant := d.IsConst(); constant {
			continue
		}
		for i, in := range l.g.Inputs {
			if !kept[i] && in.Type.HasRank && len(in.Type.Shape) > 0 && in.Type.Shape[0].Equal(d) {
				return axis
			}
		}
	}
	return 0
}

func (l *lowering) inputIndex(v *ir.Value) int {
	for i, in := range l.g.Inputs {
		if in == v {
			return i
		}
	}
	return -1
}

// maxContinue bounds the search through identities and bodies.
const maxContinue = 64

// continued returns the input that v is an extension of, as far as the nodes
// tell: the first operand of a Concat, the past of an attention.
func (l *lowering) continued(v *ir.Value, depth int) *ir.Value {
	if depth > maxContinue {
		return nil
	}
	n := v.Def
	if n == nil {
		if depth > 0 && l.inputIndex(v) >= 0 {
			return v
		}
		return nil
	}
	var past *ir.Value
	switch n.Op {
	case op.Identity, op.Cast, op.Concat, op.Transpose, op.Reshape, op.Squeeze, op.Unsqueeze, op.Gather:
		past = n.In[0]
	case op.Parallax:
		at := n.Attr.(*attr.Attention).Operands()
		past = n.Operand([...]int{-1, at.PastK, at.PastV}[v.DefIndex])
	case op.Attention:
		if v.DefIndex == 1 || v.DefIndex == 2 {
			past = n.Operand(3 + v.DefIndex)
		}
	}
	if past == nil {
		return nil
	}
	return l.continued(past, depth+1)
}

// pastNames are the words by which exporters call the two sides of a pair.
var pastNames = []struct{ past, present string }{
	{"past_key_values", "present_key_values"},
	{"past_key_values", "present"},
	{"past_key", "present_key"},
	{"past_value", "present_value"},
	{"past", "present"},
	{"past", "new_past"},
	{"past_key_values", "present_key_value"},
}

// namesake returns the input whose name is that of the output with the word for
// present replaced by that for past.
func (l *lowering) namesake(output string) *ir.Value {
	for _, w := range pastNames {
		rest, ok := strings.CutPrefix(output, w.present)
		if !ok {
			continue
		}
		for _, in := range l.g.Inputs {
			if in.Name == w.past+rest {
				return in
			}
		}
	}
	return nil
}

// grows returns the one axis along which present may be longer than past; -1 if
// they have the same shape.
func grows(past, present ir.Type) (axis int, ok bool) {
	if past.DType != present.DType || !past.HasRank || !present.HasRank || len(past.Shape) != len(present.Shape) {
		return 0, false
	}
	axis = -1
	for i, d := range past.Shape {
		if d.Equal(present.Shape[i]) {
			continue
		}
		if axis >= 0 {
			return 0, false
		}
		axis = i
	}
	return axis, true
}

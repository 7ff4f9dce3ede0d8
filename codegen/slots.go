package codegen

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
)

func (l *lowering) addSlot(s Slot) int {
	l.p.Slots = append(l.p.Slots, s)
	return len(l.p.Slots) - 1
}

// setShape gives slot i the shape of v, if the numbers tell it from the start.
func (l *lowering) setShape(i int, v *ir.Value) {
	if !v.Type.IsTensor() || !v.Type.HasRank || !l.allKnown(v.Type.Shape, nil) {
		return
	}
	s := &l.p.Slots[i]
	s.HasShape = true
	s.Shape = make([]Dim, len(v.Type.Shape))
	for axis, d := range v.Type.Shape {
		dim := l.size(d)
		if dim < 0 && l.p.Numbers[^dim].Cut > 0 {
			s.HasShape, s.Shape = false, nil
			return
		}
		s.Shape[axis] = dim
	}
}

// use extends the life of slot i, and of what it is a view of, to a step.
func (l *lowering) use(i, step int) {
	if i < 0 {
		return
	}
	s := &l.p.Slots[i]
	s.Last = max(s.Last, step)
	if s.Kind == View {
		of := &l.p.Slots[s.Of]
		of.Last = max(of.Last, step)
	}
}

// operand returns the slot that holds v for a kernel that wants it in layout;
// -1 for an operand left out.
func (l *lowering) operand(v *ir.Value, layout string) int {
	switch {
	case v == nil:
		return -1
	case v.Const != nil:
		return l.constSlot(v, layout)
	case l.isContents(v):
		return l.dimsSlot(v)
	}
	return l.slots[v]
}

func (l *lowering) constSlot(v *ir.Value, layout string) int {
	key := constKey{v.Const, layout}
	if i, ok := l.consts[key]; ok {
		return i
	}
	s := Slot{Kind: Const, DType: v.Type.DType, Tensor: v.Const, Layout: layout, Name: v.Name}
	if layout != "" {
		s.Kind = Weight
	}
	l.consts[key] = l.addSlot(s)
	return l.consts[key]
}

// dimsSlot returns the slot whose elements are the formulas v.Sym.
func (l *lowering) dimsSlot(v *ir.Value) int {
	if i, ok := l.slots[v]; ok {
		return i
	}
	s := Slot{Kind: Dims, DType: v.Type.DType, Name: v.Name, HasShape: true, Shape: []Dim{}}
	for _, d := range v.Type.Shape {
		s.Shape = append(s.Shape, l.size(d))
	}
	cut := 0
	for _, d := range v.Sym {
		n := l.formula(d)
		s.Contents = append(s.Contents, n)
		cut = max(cut, l.p.Numbers[n].Cut)
	}
	i := l.addSlot(s)
	l.slots[v] = i
	l.p.Cuts[cut].Dims = append(l.p.Cuts[cut].Dims, i)
	return i
}

// viewSlot makes the slot of v, slot of under another shape.
func (l *lowering) viewSlot(v *ir.Value, of, at int) int {
	s := Slot{Kind: View, DType: v.Type.DType, Of: of, First: at, Last: at, Name: v.Name, HasShape: true, Shape: []Dim{}}
	for _, d := range v.Type.Shape {
		s.Shape = append(s.Shape, l.size(d))
	}
	i := l.addSlot(s)
	l.slots[v] = i
	return i
}

// resultSlot makes the slot of output i of n; -1 if nobody wants it and the
// kernel can do without.
func (l *lowering) resultSlot(n *ir.Node, i int, v *ir.Value, at int) int {
	switch {
	case v == nil && i < n.Op.MinOut:
		return l.addSlot(Slot{Kind: Heap, First: at, Last: at})
	case !wanted(n, i):
		return -1
	}
	s := l.addSlot(Slot{DType: v.Type.DType, First: at, Last: at, Name: v.Name})
	l.slots[v] = s
	l.setShape(s, v)
	slot := &l.p.Slots[s]
	switch {
	case l.direct[v]:
		slot.Kind = Output
	case v.Type.DType == tensor.String:
		slot.Kind = Boxed
	case slot.HasShape && v.Type.DType.Valid():
		slot.Kind = Arena
	default:
		slot.Kind = Heap
	}
	return s
}

package gosrc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/tensor"
)

// spec prints the function that makes the tables of program i.
func (w *writer) spec(i int) {
	p := w.programs[i]
	w.printf("// spec%d describes %s.\nfunc spec%d(c *rt.Constants, setup func(*rt.Frame)) *rt.Spec {\n", i, title(p, i), i)
	w.printf("s := &rt.Spec{\nName: %q,\nNumbers: %d,%s\n", p.Name, len(p.Numbers), numberNames(p))
	if p.Captures > 0 {
		w.printf("Captures: %d,\n", p.Captures)
	}
	list(w, "Inherited", "rt.Inherited", p.Outer, func(x codegen.Inherited) string { return fmt.Sprintf("{Number: %d, Parent: %d}", x.Number, x.Parent) })
	list(w, "Binds", "rt.Bind", p.Binds, func(x codegen.Bind) string {
		return fmt.Sprintf("{Input: %d, Axis: %d, Number: %d}", x.Input, x.Axis, x.Number)
	})
	list(w, "Solves", "rt.Solve", p.Solves, func(x codegen.Solve) string {
		return fmt.Sprintf("{Input: %d, Axis: %d, Number: %d, Dim: func(n []int64) int64 { return %s }}", x.Input, x.Axis, x.Number, x.Dim.Format(w.number64(p)))
	})
	w.printf("Cuts: []rt.Cut{\n")
	for k := range p.Cuts {
		w.printf("%s,\n", w.cut(p, k))
	}
	w.printf("},\n")
	w.slots(p)
	list(w, "Inputs", "rt.Port", p.Inputs, portLiteral)
	list(w, "Outputs", "rt.Port", p.Outputs, portLiteral)
	list(w, "States", "rt.StatePair", p.States, func(x codegen.StatePair) string {
		return fmt.Sprintf("{Input: %d, Output: %d, Axis: %d, Batch: %d}", x.Input, x.Output, x.Axis, x.Batch)
	})
	child := 0
	list(w, "Caches", "rt.Cache", p.Caches, func(x codegen.Cache) string {
		return fmt.Sprintf("{State: %d, Slot: %d, Part: %d, Perm: %s}", x.State, x.Slot, x.Part, intsLiteral(x.Perm))
	})
	list(w, "Steps", "rt.Step", p.Steps, func(x codegen.Step) string {
		text := stepLiteral(x, child)
		child += len(x.Children)
		return text
	})
	w.children(p)
	w.printf("Setup: setup,\nRun: run%d,\n}\n", i)
	w.constants(p)
	w.printf("return s\n}\n\n")
}

// numberNames says in a comment what n[0], n[1], … are.
func numberNames(p *codegen.Program) string {
	if len(p.Numbers) == 0 {
		return ""
	}
	names := make([]string, len(p.Numbers))
	for i, n := range p.Numbers {
		names[i] = printable(n.Dim.String())
	}
	return " // n: " + strings.Join(names, ", ")
}

func title(p *codegen.Program, i int) string {
	if i == 0 {
		return "the model"
	}
	return fmt.Sprintf("the body %q", p.Name)
}

// list prints a field that is a slice of structs, unless it is empty.
func list[T any](w *writer, field, typ string, xs []T, literal func(T) string) {
	if len(xs) == 0 {
		return
	}
	w.printf("%s: []%s{\n", field, typ)
	for _, x := range xs {
		w.printf("%s,\n", literal(x))
	}
	w.printf("},\n")
}

// number64 names the symbols of p's formulas: elements of n.
func (w *writer) number64(p *codegen.Program) func(string) string {
	return func(symbol string) string {
		for i, n := range p.Numbers {
			if name, ok := n.Dim.IsSymbol(); ok && name == symbol && n.Origin != codegen.FromFormula {
				return fmt.Sprintf("n[%d]", i)
			}
		}
		w.errs = append(w.errs, fmt.Errorf("program %q: dimension %q has no number", p.Name, symbol))
		return "0"
	}
}

func (w *writer) cut(p *codegen.Program, k int) string {
	var b strings.Builder
	b.WriteString("{")
	cut := p.Cuts[k]
	if len(cut.Fresh) > 0 {
		b.WriteString("Fresh: []rt.Extent{")
		for _, x := range cut.Fresh {
			fmt.Fprintf(&b, "{Number: %d, Slot: %d, Axis: %d}, ", x.Number, x.Slot, x.Axis)
		}
		b.WriteString("}, ")
	}
	var lines []string
	for i, n := range p.Numbers {
		if n.Origin == codegen.FromFormula && n.Cut == k {
			lines = append(lines, fmt.Sprintf("n[%d] = %s\n", i, n.Dim.Format(w.number64(p))))
		}
	}
	if len(lines) > 0 {
		fmt.Fprintf(&b, "Derive: func(n []int64) {\n%s}, ", strings.Join(lines, ""))
	}
	if len(cut.Dims) > 0 {
		fmt.Fprintf(&b, "Dims: %s", intsLiteral(cut.Dims))
	}
	b.WriteString("}")
	return b.String()
}

// kindNames are the constants of rt, by the compiler's kinds.
var kindNames = map[codegen.Kind]string{
	codegen.Arena: "Arena", codegen.Heap: "Heap", codegen.Boxed: "Boxed", codegen.Kept: "Kept", codegen.Weight: "Weight",
	codegen.Const: "Const", codegen.Input: "Input", codegen.Output: "Output", codegen.Dims: "Dims", codegen.View: "View",
	codegen.Room: "Room",
}

// slots prints the slots, each with its number and name.
func (w *writer) slots(p *codegen.Program) {
	if len(p.Slots) == 0 {
		return
	}
	w.printf("Slots: []rt.Slot{\n")
	for i, s := range p.Slots {
		w.printf("%s, // %s\n", slotLiteral(s), strings.TrimSpace(fmt.Sprint(i, " ", printable(s.Name))))
	}
	w.printf("},\n")
}

func slotLiteral(s codegen.Slot) string {
	var b strings.Builder
	fmt.Fprintf(&b, "{Kind: rt.%s, DType: %s", kindNames[s.Kind], dtypeName(s.DType))
	if s.Shape != nil {
		fmt.Fprintf(&b, ", Shape: %s", dimsLiteral(s.Shape))
	}
	fmt.Fprintf(&b, ", First: %d, Last: %d", s.First, s.Last)
	if s.Kind == codegen.View {
		fmt.Fprintf(&b, ", Of: %d", s.Of)
	}
	if s.Stateless {
		b.WriteString(", Stateless: true")
	}
	if len(s.Contents) > 0 {
		fmt.Fprintf(&b, ", Contents: %s", intsLiteral(s.Contents))
	}
	b.WriteString("}")
	return b.String()
}

func portLiteral(p codegen.Port) string {
	text := fmt.Sprintf("{Name: %q, Slot: %d, DType: %s, Type: %q", p.Name, p.Slot, dtypeName(p.Type.DType), p.Type.String())
	if p.Shape != nil {
		text += ", Shape: " + dimsLiteral(p.Shape)
	}
	return text + "}"
}

// stepLiteral prints a step for messages; those of control flow are run from it.
func stepLiteral(s codegen.Step, firstChild int) string {
	text := fmt.Sprintf("{Name: %q, Op: %q, Kernel: %q", s.Name, s.Op, s.Kernel)
	if len(s.Children) > 0 {
		children := make([]int, len(s.Children))
		for i := range children {
			children[i] = firstChild + i
		}
		text += fmt.Sprintf(", In: %s, Out: %s, Children: %s", intsLiteral(s.In), intsLiteral(s.Out), intsLiteral(children))
	}
	if s.Kernel == codegen.KernelScan {
		text += ", Scan: " + scanLiteral(s)
	}
	return text + "}"
}

func (w *writer) children(p *codegen.Program) {
	var calls []string
	for _, s := range p.Steps {
		for _, c := range s.Children {
			calls = append(calls, fmt.Sprintf("spec%d(c, nil)", w.index[c]))
		}
	}
	if len(calls) > 0 {
		w.printf("Children: []*rt.Spec{%s},\n", strings.Join(calls, ", "))
	}
}

// constants prints where the constants of p lie.
func (w *writer) constants(p *codegen.Program) {
	w.printf("c.Add(s, []rt.Constant{")
	any := false
	for i, s := range p.Slots {
		if s.Kind != codegen.Const && s.Kind != codegen.Weight {
			continue
		}
		any = true
		w.printf("\n{Slot: %d, DType: %s, Shape: %s", i, dtypeName(s.Tensor.DType), intsLiteral(s.Tensor.Shape))
		if s.Tensor.DType == tensor.String {
			w.printf(", Strings: %#v},", slices.Clone(s.Tensor.Strings()))
			continue
		}
		w.printf(", Offset: %d", w.weights.add(s.Tensor))
		if s.Kind == codegen.Weight {
			w.printf(", Pack: %s, Layout: %q", s.Layout, s.Layout)
		}
		w.printf("},")
	}
	if any {
		w.printf("\n")
	}
	w.printf("})\n")
}

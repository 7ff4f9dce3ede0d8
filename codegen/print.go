package codegen

import (
	"fmt"
	"strings"

	"github.com/parallax-go/parallax/ir/attr"
)

// String prints the program, one line per port, number and step: for people and
// for tests.
func (p *Program) String() string {
	var b strings.Builder
	p.print(&b, "")
	return b.String()
}

func (p *Program) print(b *strings.Builder, indent string) {
	for _, in := range p.Inputs {
		fmt.Fprintf(b, "%sin  %s %s %q\n", indent, p.slot(in.Slot), in.Type, in.Name)
	}
	for _, s := range p.Steps {
		p.printStep(b, indent, s)
	}
	for _, out := range p.Outputs {
		fmt.Fprintf(b, "%sout %s %q\n", indent, p.slot(out.Slot), out.Name)
	}
	for _, s := range p.States {
		fmt.Fprintf(b, "%sstate %s continues %s along %d\n", indent, p.Inputs[s.Input].Name, p.Outputs[s.Output].Name, s.Axis)
	}
	for _, c := range p.Caches {
		fmt.Fprintf(b, "%scache %s of state %s, part %d, axes %d\n", indent, p.slot(c.Slot), p.Inputs[p.States[c.State].Input].Name, c.Part, c.Perm)
	}
}

func (p *Program) printStep(b *strings.Builder, indent string, s Step) {
	b.WriteString(indent + "    ")
	if s.Kernel == KernelCut {
		for _, x := range p.Cuts[s.Cut].Fresh {
			fmt.Fprintf(b, "%s = %s.%d ", p.Numbers[x.Number].Dim, p.slot(x.Slot), x.Axis)
		}
		b.WriteString("\n")
		return
	}
	fmt.Fprintf(b, "%s = %s", p.list(s.Out), s.Kernel)
	if text := attr.Format(s.Attr); text != "" {
		fmt.Fprintf(b, "{%s}", text)
	}
	fmt.Fprintf(b, "(%s)", p.list(s.In))
	if s.Append != nil {
		fmt.Fprintf(b, " or %s(%s)", s.Append.Kernel, p.list(s.Append.In))
	}
	if s.Stateless {
		b.WriteString(" without state")
	}
	b.WriteString("\n")
	for _, c := range s.Children {
		fmt.Fprintf(b, "%s    {\n", indent)
		c.print(b, indent+"        ")
		fmt.Fprintf(b, "%s    }\n", indent)
	}
}

func (p *Program) list(slots []int) string {
	parts := make([]string, len(slots))
	for i, s := range slots {
		parts[i] = p.slot(s)
	}
	return strings.Join(parts, ", ")
}

// slot prints slot i: its number and kind, its contents if they follow from the
// numbers, and its shape if that does.
func (p *Program) slot(i int) string {
	if i < 0 {
		return "_"
	}
	s := p.Slots[i]
	text := fmt.Sprintf("%%%d:%s", i, s.Kind)
	switch {
	case s.Kind == Dims:
		parts := make([]string, len(s.Contents))
		for j, n := range s.Contents {
			parts[j] = p.Numbers[n].Dim.String()
		}
		text += "{" + strings.Join(parts, ",") + "}"
	case s.Kind == Weight:
		text += "(" + s.Layout + ")"
	case s.HasShape:
		parts := make([]string, len(s.Shape))
		for j, d := range s.Shape {
			parts[j] = p.Dim(d)
		}
		text += "[" + strings.Join(parts, ",") + "]"
	}
	return text
}

// Dim prints a size as an expression of symbols.
func (p *Program) Dim(d Dim) string {
	switch {
	case d == Unknown:
		return "?"
	case d >= 0:
		return fmt.Sprint(int64(d))
	}
	return p.Numbers[^d].Dim.String()
}

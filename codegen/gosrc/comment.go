package gosrc

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/attr"
)

// longest is how long a name in a comment may be, in runes.
const longest = 80

// printable makes a name of the file fit for a comment: on one line, of visible
// characters, not endlessly long.
func printable(name string) string {
	for _, c := range name {
		if !unicode.IsPrint(c) || c == unicode.ReplacementChar {
			name = strconv.Quote(name)
			break
		}
	}
	if runes := []rune(name); len(runes) > longest {
		return string(runes[:longest/2]) + "…" + string(runes[len(runes)-longest/2:])
	}
	return name
}

// stepComment says what a step computes: the node, then results with their
// types, the operator with its operands, and its attributes.
func stepComment(p *codegen.Program, s *codegen.Step) string {
	text := printable(s.Name) + ": "
	if s.Kernel == codegen.KernelCut {
		return text + "sizes that its result tells"
	}
	var outs, ins []string
	for _, slot := range s.Out {
		if slot >= 0 {
			outs = append(outs, slotName(p, slot)+" "+slotType(p, slot))
		}
	}
	for _, slot := range s.In {
		ins = append(ins, slotName(p, slot))
	}
	text += fmt.Sprintf("%s = %s(%s)", strings.Join(outs, ", "), s.Op, strings.Join(ins, ", "))
	if _, fused := s.Attr.(*attr.Attention); fused || s.Attr == nil {
		return text
	}
	if a := attr.Format(s.Attr); a != "" {
		text += " {" + printable(a) + "}"
	}
	return text
}

// slotName is the name of the value in a slot; one without has its number.
func slotName(p *codegen.Program, slot int) string {
	switch {
	case slot < 0:
		return "_"
	case p.Slots[slot].Name == "":
		return fmt.Sprintf("#%d", slot)
	}
	return printable(p.Slots[slot].Name)
}

func slotType(p *codegen.Program, slot int) string {
	s := p.Slots[slot]
	if !s.HasShape {
		return s.DType.String()
	}
	dims := make([]string, len(s.Shape))
	for i, d := range s.Shape {
		switch {
		case d == codegen.Unknown:
			dims[i] = "?"
		case d < 0:
			dims[i] = p.Numbers[^d].Dim.String()
		default:
			dims[i] = fmt.Sprint(int64(d))
		}
	}
	return printable(s.DType.String() + "[" + strings.Join(dims, ",") + "]")
}

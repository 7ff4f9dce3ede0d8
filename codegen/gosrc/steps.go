package gosrc

import (
	"fmt"
	"strings"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/attr"
)

// perFunction is how many steps one function has at most: the Go compiler takes
// more than linear time for very long functions.
const perFunction = 128

// run prints the function that runs the steps of program i.
func (w *writer) run(i int) {
	p := w.programs[i]
	if len(p.Steps) <= perFunction {
		w.printf("// run%d runs %s.\n", i, title(p, i))
		w.steps(fmt.Sprintf("run%d", i), p, 0, len(p.Steps))
		return
	}
	w.printf("// run%d runs %s, in parts.\nfunc run%d(f *rt.Frame) error {\n", i, title(p, i), i)
	for from := 0; from < len(p.Steps); from += perFunction {
		w.printf("if err := run%dFrom%d(f); err != nil {\nreturn err\n}\n", i, from)
	}
	w.printf("return nil\n}\n\n")
	for from := 0; from < len(p.Steps); from += perFunction {
		w.steps(fmt.Sprintf("run%dFrom%d", i, from), p, from, min(from+perFunction, len(p.Steps)))
	}
}

func (w *writer) steps(name string, p *codegen.Program, from, to int) {
	var body strings.Builder
	for i := from; i < to; i++ {
		step := &p.Steps[i]
		fmt.Fprintf(&body, "// %s\n", stepComment(p, step))
		done := fmt.Sprintf("if err := f.Done(%d, %s); err != nil {\nreturn err\n}\n", i, w.call(step, i))
		if step.Stateless {
			done = "if f.Kept(0) < 0 { // a State keeps it in another form\n" + done + "}\n"
		}
		body.WriteString(done)
	}
	w.printf("func %s(f *rt.Frame) error {\n", name)
	if strings.Contains(body.String(), "(ctx") {
		w.printf("ctx := f.Env.(*cpu.Ctx)\n")
	}
	w.printf("%sreturn nil\n}\n\n", body.String())
}

// call prints the expression that runs a step.
func (w *writer) call(s *codegen.Step, i int) string {
	switch s.Kernel {
	case codegen.KernelView:
		return fmt.Sprintf("f.View(%d)", s.Out[0])
	case codegen.KernelCut:
		return fmt.Sprintf("f.Cut(%d)", s.Cut)
	case codegen.KernelIf:
		return fmt.Sprintf("f.If(%d)", i)
	case codegen.KernelLoop:
		return fmt.Sprintf("f.Loop(%d)", i)
	case codegen.KernelScan:
		return fmt.Sprintf("f.Scan(%d)", i)
	}
	sig, err := signatureOf(s.Kernel)
	if err != nil {
		w.errs = append(w.errs, fmt.Errorf("node %q (%s): %w", s.Name, s.Op, err))
		return "nil"
	}
	if a, ok := s.Attr.(*attr.Attention); ok {
		return w.attention(s, a, sig)
	}
	return s.Kernel + "(" + strings.Join(w.arguments(s, sig), ", ") + ")"
}

// arguments prints the arguments of a kernel's function: the context, the
// outputs, the attributes, the operands; those left out at the end are nil.
func (w *writer) arguments(s *codegen.Step, sig signature) []string {
	var args []string
	if sig.context {
		args = append(args, "ctx")
	}
	if sig.outSlice {
		args = append(args, "[]*tensor.Tensor{"+strings.Join(slots(s.Out, len(s.Out)), ", ")+"}")
	} else {
		args = append(args, slots(s.Out, sig.outs)...)
	}
	if sig.attr {
		args = append(args, w.attr(s.Attr))
	}
	return append(args, slots(s.In, max(sig.ins, min(len(s.In), sig.most())))...)
}

// slots prints n tensors of the frame; those past the end of list are nil.
func slots(list []int, n int) []string {
	args := make([]string, n)
	for i := range args {
		args[i] = "nil"
		if i < len(list) && list[i] >= 0 {
			args[i] = fmt.Sprintf("f.T(%d)", list[i])
		}
	}
	return args
}

func scanLiteral(s codegen.Step) string {
	plan := s.Scan
	return fmt.Sprintf("&rt.ScanPlan{Inputs: %d, InAxes: %s, InReverse: %s, OutAxes: %s, OutReverse: %s}",
		plan.Inputs, intsLiteral(plan.InAxes), boolsLiteral(plan.InReverse), intsLiteral(plan.OutAxes), boolsLiteral(plan.OutReverse))
}

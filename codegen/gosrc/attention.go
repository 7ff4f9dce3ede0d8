package gosrc

import (
	"fmt"
	"strings"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/attr"
)

// attention prints a function specialised to the specification of a fused node,
// which names its operands, and returns the call of it.
func (w *writer) attention(s *codegen.Step, a *attr.Attention, sig signature) string {
	name := fmt.Sprintf("attention%d", len(w.helpers))
	params, passed := []string{"o *tensor.Tensor"}, slots(s.Out, 1)
	outs := []string{"o"}
	for i, present := range []string{"presentK", "presentV"} {
		if i+1 < len(s.Out) && s.Out[i+1] >= 0 {
			params, passed = append(params, present+" *tensor.Tensor"), append(passed, slots(s.Out[i+1:], 1)...)
			outs = append(outs, present)
			continue
		}
		outs = append(outs, "nil")
	}
	names := operandNames(a)
	ins := make([]string, len(s.In))
	for i, slot := range s.In {
		ins[i] = "nil"
		if slot >= 0 {
			ins[i] = names[i]
			params = append(params, names[i]+" *tensor.Tensor")
			passed = append(passed, slots(s.In[i:], 1)...)
		}
	}
	args := append(append(outs, w.attr(a)), ins...)
	if sig.context {
		params, passed, args = append([]string{"ctx *cpu.Ctx"}, params...), append([]string{"ctx"}, passed...), append([]string{"ctx"}, args...)
	}
	w.helpers = append(w.helpers, fmt.Sprintf("// %s is %s\nfunc %s(%s) error {\nreturn %s(%s)\n}\n\n",
		name, describe(a), name, strings.Join(params, ", "), s.Kernel, strings.Join(args, ", ")))
	return name + "(" + strings.Join(passed, ", ") + ")"
}

// operandNames are the operands of the contract in order.
func operandNames(a *attr.Attention) []string {
	at := a.Operands()
	names := make([]string, at.Count)
	set := func(i int, name string) {
		if i >= 0 {
			names[i] = name
		}
	}
	set(at.Q, "q")
	set(at.K, "k")
	set(at.V, "v")
	set(at.R, "r")
	for i := range a.Biases {
		names[at.Bias+i] = fmt.Sprintf("bias%d", i)
	}
	set(at.Mask, "mask")
	set(at.PastK, "pastK")
	set(at.PastV, "pastV")
	set(at.Starts, "starts")
	set(at.Lengths, "lengths")
	set(at.Sink, "sink")
	return names
}

// describe says in words what a fused node computes.
func describe(a *attr.Attention) string {
	kind := "softmax attention"
	switch {
	case a.Weights == attr.WeightsUniform:
		kind = "uniform-weight attention"
	case a.Probe == attr.ProbeLearned:
		kind = "Parallax attention, o = Σ p(1+t̄−t)v with t = r·k"
	case a.Probe == attr.ProbeExact:
		kind = fmt.Sprintf("local linear attention with ridge %g", a.Ridge)
	}
	parts := []string{fmt.Sprintf("%s of %d heads, scores %g·q·k", kind, a.Heads, a.Scale)}
	add := func(on bool, format string, args ...any) {
		if on {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(a.KVHeads != a.Heads, "%d key/value heads", a.KVHeads)
	add(a.Softcap != 0, "softcap %g", a.Softcap)
	add(a.Causal != attr.CausalNone, "causal (%s)", a.Causal)
	add(a.WindowLeft >= 0 || a.WindowRight >= 0, "window %d to %d", a.WindowLeft, a.WindowRight)
	add(a.Biases > 0, "%d biases", a.Biases)
	add(a.HasMask, "a mask")
	add(a.HasPast, "cached keys and values")
	add(a.HasSink, "a sink")
	return strings.Join(parts, ", ") + "."
}

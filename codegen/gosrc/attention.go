package gosrc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/attr"
)

// helper is a function of fused nodes: nodes of the same specification that have
// the same operands share one.
type helper struct {
	name  string
	spec  *attr.Attention
	code  string   // from the parameters on
	nodes []string // those that it serves
}

// attention prints a function specialised to the specification of a fused node,
// which names its operands, and returns the call of it.
func (w *writer) attention(s *codegen.Step, a *attr.Attention, sig signature) string {
	params, passed := []string{"o"}, slots(s.Out, 1)
	outs := []string{"o"}
	for i, present := range []string{"presentK", "presentV"} {
		if i+1 < len(s.Out) && s.Out[i+1] >= 0 {
			params, passed = append(params, present), append(passed, slots(s.Out[i+1:], 1)...)
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
			params = append(params, names[i])
			passed = append(passed, slots(s.In[i:], 1)...)
		}
	}
	args := append(append(outs, w.attr(a)), ins...)
	var first, own []string
	if sig.context {
		first, own, args = []string{"ctx *cpu.Ctx"}, []string{"ctx"}, append([]string{"ctx"}, args...)
	}
	inPlace := ""
	if s.Append != nil {
		first, own = append(first, "kept int"), append(own, fmt.Sprintf("f.Kept(%d)", s.Append.Caches[0]))
		params, passed = append(params, keptNames[:]...), append(passed, slots(keptSlots(s.Append.In, a), 2)...)
		inPlace = w.appending(s.Append.Kernel, a, ins)
	}
	list := strings.Join(append(first, strings.Join(params, ", ")+" *tensor.Tensor"), ", ")
	code := fmt.Sprintf("(%s) error {\n%sreturn %s(%s)\n}\n\n", list, inPlace, s.Kernel, strings.Join(args, ", "))
	return w.helper(s, a, code) + "(" + strings.Join(append(own, passed...), ", ") + ")"
}

// keptNames are the caches of a State in place of pastK and pastV.
var keptNames = [2]string{"keys", "values"}

func keptSlots(in []int, a *attr.Attention) []int {
	at := a.Operands()
	return []int{in[at.PastK], in[at.PastV]}
}

// appending prints how a fused node continues the caches of a State.
func (w *writer) appending(kernel string, a *attr.Attention, ins []string) string {
	at := a.Operands()
	ins = slices.Clone(ins)
	ins[at.PastK], ins[at.PastV] = keptNames[0], keptNames[1]
	return fmt.Sprintf("if kept >= 0 { // a State keeps so many keys and values, and gets k and v appended\nreturn %s(ctx, kept, o, %s, %s)\n}\n",
		kernel, w.attr(a), strings.Join(ins, ", "))
}

// helper returns the name of the function with that code.
func (w *writer) helper(s *codegen.Step, a *attr.Attention, code string) string {
	i := slices.IndexFunc(w.helpers, func(h *helper) bool { return h.code == code })
	if i < 0 {
		i = len(w.helpers)
		w.helpers = append(w.helpers, &helper{name: fmt.Sprintf("attention%d", i), spec: a, code: code})
	}
	h := w.helpers[i]
	h.nodes = append(h.nodes, printable(s.Name))
	return h.name
}

// print writes the function under a comment that says what it computes.
func (h *helper) print(w *writer) {
	w.printf("// %s is %s, for %s.\n", h.name, kindOf(h.spec), listed(h.nodes, 3))
	for _, line := range formulas(h.spec) {
		w.printf("//%s\n", strings.TrimRight(" "+line, " "))
	}
	w.printf("func %s%s", h.name, h.code)
}

// listed joins the first most of names.
func listed(names []string, most int) string {
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
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
	for i := range a.Masks {
		names[at.Mask+i] = fmt.Sprintf("m%d", i)
	}
	set(at.PastK, "pastK")
	set(at.PastV, "pastV")
	set(at.Starts, "starts")
	set(at.Lengths, "lengths")
	set(at.Sink, "sink")
	return names
}

func kindOf(a *attr.Attention) string {
	switch {
	case a.Weights == attr.WeightsUniform && a.Affine == attr.AffineNone:
		return "linear attention"
	case a.Weights == attr.WeightsUniform:
		return "attention with uniform weights"
	case a.Probe == attr.ProbeLearned:
		return "Parallax attention"
	case a.Probe == attr.ProbeExact:
		return "local linear attention"
	}
	return "softmax attention"
}

// formulas say in lines of a comment what a fused node computes; they follow
// [attr.Attention], its contract.
func formulas(a *attr.Attention) []string {
	var lines []string
	add := func(on bool, format string, args ...any) {
		if on {
			lines = append(lines, fmt.Sprintf(format, args...))
		}
	}
	softmax := a.Weights == attr.WeightsSoftmax
	group := a.Heads / max(a.KVHeads, 1)
	add(a.HasPast, "The keys and values are those of pastK and pastV, then k and v.")
	add(group == 1, "For each of %d heads, query i and key j:", a.Heads)
	add(group > 1, "For each of %d heads h, query i and key j; the keys and values are those of head h/%d of %d:", a.Heads, group, a.KVHeads)
	add(true, "")
	add(softmax, "\ts = %.6g·q·k", a.Scale)
	add(a.Softcap != 0, "\ts = %.6g·tanh(s/%.6g)", a.Softcap, a.Softcap)
	add(a.Biases > 0, "\ts = s%s", biasSum(a.Biases))
	add(a.Relative > 0, "\t(bias%d to bias%d by j − i)", a.Biases-a.Relative, a.Biases-1)
	add(a.Masks == 1 && a.Visible == "", "\tunseen where m0 is false")
	add(a.Masks > 1 && a.Visible == "", "\tunseen where one of m0 to m%d is false", a.Masks-1)
	add(a.Visible != "", "\tunseen unless %s (q = i, k = j)", a.Visible)
	add(a.HasRanges, "\tunseen unless starts ≤ j < lengths")
	add(a.Causal == attr.CausalTopLeft, "\tunseen where j > i")
	add(a.Causal == attr.CausalBottomRight, "\tunseen where j > i + number of keys − number of queries")
	add(a.WindowLeft >= 0, "\tunseen where the key is more than %d before the query", a.WindowLeft)
	add(a.WindowRight >= 0, "\tunseen where the key is more than %d after the query", a.WindowRight)
	add(softmax && !a.HasSink, "\tp = exp(s) / Σ exp(s) over the keys seen")
	add(softmax && a.HasSink, "\tp = exp(s) / (exp(sink) + Σ exp(s)) over the keys seen")
	add(!softmax && a.Affine == attr.AffineCentred, "\tp = 1 / number of keys seen")
	add(!softmax && a.Affine == attr.AffineNone, "\tp = 1 for every key seen")
	lines = append(lines, branch(a)...)
	add(true, "")
	lines = append(lines, emptyRow(a)...)
	add(a.Layout == attr.LayoutBSD, "The operands are [batch, positions, heads·size].")
	add(a.Layout == attr.LayoutSBD, "The operands are [positions, batch, heads·size].")
	add(a.Layout == attr.LayoutBHSD, "The operands are [batch, heads, positions, size].")
	return lines
}

func biasSum(n int) string {
	text := ""
	for i := range n {
		text += fmt.Sprintf(" + bias%d", i)
	}
	return text
}

// branch is the part of the probe: what the values are summed with.
func branch(a *attr.Attention) []string {
	var lines []string
	switch a.Probe {
	case attr.ProbeNone:
		return []string{"\to = Σ p·v"}
	case attr.ProbeExact:
		equation := "(Σ p·(k−k̄)(k−k̄)ᵀ + %.6g·I) r = k̄ − q, k̄ = Σ p·k"
		if a.Affine == attr.AffineNone {
			equation = "(Σ p·kkᵀ + %.6g·I) r = q"
		}
		lines = append(lines, "\tr solves "+fmt.Sprintf(equation, a.Ridge))
	}
	lines = append(lines, "\tt = r·k")
	if a.Affine == attr.AffineNone {
		return append(lines, "\to = Σ p·t·v")
	}
	return append(lines, "\to = Σ p·(1 + Σ p·t − t)·v")
}

func emptyRow(a *attr.Attention) []string {
	masked := a.Masks > 0 || a.Visible != "" || a.HasRanges || a.Causal != attr.CausalNone || a.WindowLeft >= 0 || a.WindowRight >= 0
	switch {
	case !masked:
		return nil
	case a.EmptyRow == attr.EmptyRowZero:
		return []string{"A query that sees no key gives zeros."}
	case a.EmptyRow == attr.EmptyRowNaN:
		return []string{"A query that sees no key gives NaN."}
	}
	return []string{fmt.Sprintf("A query that sees no key sees all, with %.6g added to the scores.", a.FillValue)}
}

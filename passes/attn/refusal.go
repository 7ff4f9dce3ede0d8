package attn

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/passes"
)

// Refusal says why an anchor is not fused: the first check that failed.
type Refusal struct {
	passes.Reason
	Remedy string
	depth  int // how far the walk had come; the furthest one is shown
}

// refuse makes a refusal at n.
func refuse(check string, n *ir.Node, want, got string) *Refusal {
	return &Refusal{Reason: passes.Reason{Check: check, Node: place(n), Want: want, Got: got}, Remedy: remedies[check]}
}

// below says that a product of queries and keys was found above the node at
// depth: that tells more than any walk that found none.
func (r *Refusal) below(depth int) *Refusal {
	r.depth = depth + maxWalk
	return r
}

func place(n *ir.Node) string {
	if n == nil {
		return ""
	}
	return fmt.Sprintf("%s (%s)", n.Label(), n.Op.Name)
}

// origin says what a value is, for messages.
func origin(v *ir.Value) string {
	switch {
	case v == nil:
		return "nothing"
	case v.Def != nil:
		return fmt.Sprintf("%s %s of %s", v, v.Type, v.Def.Op.Name)
	case v.Const != nil:
		return fmt.Sprintf("constant %s %s", v, v.Type)
	}
	return fmt.Sprintf("input %s %s", v, v.Type)
}

// The checks, in the order they are made.
const (
	checkAxis      = "softmax axis"
	checkScores    = "scores"
	checkKeys      = "keys"
	checkFactor    = "scale"
	checkFill      = "mask fill"
	checkSoftcap   = "softcap order"
	checkMask      = "mask layout"
	checkPrecision = "precision"
	checkMax       = "row maximum"
	checkOutput    = "output"
	checkSteps     = "quantisation"
	checkEscape    = "escape"
	checkHeads     = "heads"
	checkOperand   = "operand layout"
	checkNative    = "attention operator"
	checkPass      = "passes"
	checkWork      = "work"
)

// remedyPin is for sizes of which nothing says that they are equal. Exporters that
// trace write some of the sizes that they saw into the file, beside others as symbols.
const remedyPin = "pin the dimensions that these sizes are made of (--dim, WithDim) to what the model was traced with, or export it with sizes that are all symbols, or none"

var remedies = map[string]string{
	checkAxis:      "apply the softmax to the last axis, the keys, of [batch, heads, queries, keys]",
	checkScores:    "compute the scores as a product of queries and keys, with nothing but scale, softcap, biases, masks and reshapes of the batch axes between it and the softmax",
	checkKeys:      "none needed if the keys are weights: that is a layer with a softmax, not attention",
	checkFactor:    "scale the scores by a number, or by a factor per head or query, before biases and masks",
	checkFill:      "fill masked scores with -inf, or with the least finite value: -10000 added to another bias may still be the greatest score of its row",
	checkSoftcap:   "apply the softcap to the scaled scores, before biases and masks",
	checkMask:      "give the mask a shape that broadcasts to [batch, heads, queries, keys]",
	checkPrecision: "keep the scores in the type of queries and keys, or a wider one",
	checkMax:       "subtract the maximum over the keys of the same scores before the exponential",
	checkOutput:    "multiply the probabilities with the values and nothing else",
	checkSteps:     "quantise queries, keys and values, but neither the scores nor the probabilities: a fused node does not round between its two products",
	checkEscape:    "don't return or reuse the probabilities: export the model without attention outputs",
	checkHeads:     "make the numbers of heads constants, query heads a multiple of key heads",
	checkOperand:   "export with static or consistently named dimensions",
	checkPass:      "run both passes",
	checkWork:      "none needed if this is no attention; else let fewer nodes read the probabilities, and add fewer terms to the scores",
	checkNative:    "leave out qk_matmul_output, and give the heads of 3-D operands",
}

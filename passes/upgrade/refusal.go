package upgrade

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/passes"
)

// refusal says why an attention can't be upgraded.
type refusal struct {
	passes.Reason
	Remedy string
}

// What is checked.
const (
	checkSoftmax    = "softmax attention"
	checkProjection = "query is a projection"
	checkQuantised  = "weights are floats"
	checkCross      = "self-attention"
	checkShared     = "weights of its own"
	checkPath       = "path of the query"
	checkPacked     = "packed projection"
	checkWork       = "work limit"
)

var remedies = map[string]string{
	checkSoftmax:    "put trained weights into the model that was upgraded, not into the upgraded one",
	checkProjection: "W_R takes the place of a weight that the query is multiplied with: a MatMul, Gemm, Conv or Einsum with an initializer",
	checkQuantised:  "upgrade and train the float model, and quantise it then",
	checkCross:      "Parallax is for attention of a sequence to itself; other attention of the model is upgraded without this one",
	checkShared:     "export the layers with weights of their own, and upgrade that",
	checkPath:       "the steps between projection and attention must be zero where the projection is",
	checkPacked:     "project queries, keys and values by weights of their own",
}

func refuse(check string, n *ir.Node, want, got string) *refusal {
	return &refusal{passes.Reason{Check: check, Node: n.Label(), Want: want, Got: got}, remedies[check]}
}

// origin describes what a value is.
func origin(v *ir.Value) string {
	switch {
	case v.Const != nil:
		return "the constant " + v.String()
	case v.Def == nil:
		return "the input " + v.String()
	}
	return kind(v.Def) + " " + v.Def.Label()
}

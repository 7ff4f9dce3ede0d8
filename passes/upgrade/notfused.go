package upgrade

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/passes"
)

// nearAnchor bounds the nodes between a softmax and the projections of queries and
// keys: scores, masks and two rotary embeddings.
const nearAnchor = 200

// NotFused tells of the anchors in g that recognition has refused. Quantised
// weights are told of first: what follows from them, such as tensors of unknown
// shape, is of no help to anybody.
func NotFused(g *ir.Graph, remarks []passes.Remark) []Refused {
	anchors := map[string]*ir.Node{}
	for n := range g.All() {
		anchors[n.Label()] = n
	}
	var list []Refused
	for _, r := range remarks {
		if r.Verdict != passes.Refused {
			continue
		}
		refused := Refused{r.Anchor, *r.Reason, r.Remedy}
		if n := anchors[r.Anchor]; n != nil {
			if q := quantisedBefore(n); q != nil {
				why := refuse(checkQuantised, q, "a projection by float weights", origin(q.Out[0]))
				refused.Reason, refused.Remedy = why.Reason, why.Remedy
			}
		}
		list = append(list, refused)
	}
	return list
}

// quantisedBefore returns the nearest node before n that computes with quantised
// weights.
func quantisedBefore(n *ir.Node) *ir.Node {
	seen := map[*ir.Node]bool{n: true}
	queue := []*ir.Node{n}
	for i := 0; i < len(queue) && i < nearAnchor; i++ {
		if isQuantised(queue[i]) {
			return queue[i]
		}
		for _, v := range queue[i].In {
			if v != nil && v.Def != nil && !seen[v.Def] {
				seen[v.Def] = true
				queue = append(queue, v.Def)
			}
		}
	}
	return nil
}

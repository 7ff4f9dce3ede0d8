package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/passes"
)

// nodeComparison is what verify tells of one output of a fused node: how far it
// is from what the node stands for, computed from the same operands.
type nodeComparison struct {
	Node   string `json:"node"`
	Anchor string `json:"anchor"` // see explain
	Kernel string `json:"kernel"`
	Runs   int    `json:"runs"` // several in the body of a loop
	comparison
}

// nodeWatch compares every fused node that runs with its decomposition.
type nodeWatch struct {
	ctx       context.Context // nil: not now
	target    kernels.Target  // of the decomposition
	memory    int64           // that it may take
	tolerance func(tensor.DType) tolerance
	anchors   map[string]string // by the fused node's name
	found     []nodeComparison
	err       error
}

// begin watches one run of m.
func (w *nodeWatch) begin(ctx context.Context, remarks []passes.Remark) {
	*w = nodeWatch{ctx: ctx, target: w.target, memory: w.memory, tolerance: w.tolerance, anchors: map[string]string{}}
	for _, r := range remarks {
		if r.Node != nil {
			w.anchors[r.Node.Label()] = r.Anchor
		}
	}
}

// end returns what was found since begin.
func (w *nodeWatch) end() ([]nodeComparison, error) {
	w.ctx = nil
	return w.found, w.err
}

// step is told of each step of the run.
func (w *nodeWatch) step(s parallax.Step) {
	a, fused := s.Attr.(*attr.Attention)
	if w.ctx == nil || w.err != nil || !fused {
		return
	}
	want, err := unfused(w.ctx, w.target, w.memory, a, s.In)
	if err != nil {
		w.err = fmt.Errorf("%s, unfused: %w", s.Name, err)
		return
	}
	for i, got := range s.Out {
		if got.Tensor == nil {
			continue
		}
		name := got.Name
		if name == "" {
			name = fmt.Sprintf("output %d", i)
		}
		w.add(s, compare(name, got.Tensor, want[i], w.tolerance(got.DType)))
	}
}

// add keeps the greatest difference of the runs of one node.
func (w *nodeWatch) add(s parallax.Step, c comparison) {
	same := func(n nodeComparison) bool { return n.Node == s.Name && n.Name == c.Name }
	i := slices.IndexFunc(w.found, same)
	if i < 0 {
		w.found = append(w.found, nodeComparison{s.Name, w.anchors[s.Name], s.Kernel, 1, c})
		return
	}
	n := &w.found[i]
	n.Runs++
	if n.OK && (!c.OK || c.MaxAbs > n.MaxAbs) {
		n.comparison = c
	}
}

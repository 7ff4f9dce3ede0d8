package attn

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
)

// maxWork bounds the nodes looked at for one anchor, so that compiling takes time
// in proportion to the graph whatever the graph: sums of thousands of values and
// probabilities with thousands of readers are no attention that could be fused.
// Exporters' phrasings take at most 120, hand-written ones 200.
const maxWork = 1000

// spend counts n nodes looked at, and reports whether that is still allowed.
func (w *walker) spend(n int) bool {
	w.work += n
	return !w.exhausted()
}

func (w *walker) exhausted() bool { return w.work > maxWork }

// tooMuch refuses an anchor that takes too much work, or whose scores are too far
// away.
func tooMuch(n *ir.Node) *Refusal {
	return refuse(checkWork, n, fmt.Sprintf("at most %d nodes to look at, and %d in a row from scores to probabilities", maxWork, maxWalk), "more")
}

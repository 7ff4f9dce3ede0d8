package onnx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
)

// UnsupportedOp is one reason why a model can be read but not run.
type UnsupportedOp struct {
	Op      string   `json:"op"`
	Domain  string   `json:"domain"` // empty: ai.onnx
	Version int      `json:"version"`
	Nodes   []string `json:"nodes"`
	Why     string   `json:"why"`
}

// UnsupportedError lists everything in a model that stands in the way of running
// it, at once.
type UnsupportedError struct{ Ops []UnsupportedOp }

func (e *UnsupportedError) Error() string {
	var b strings.Builder
	b.WriteString("the model uses what is not supported:")
	for _, u := range e.Ops {
		name := u.Op
		if u.Domain != "" {
			name = u.Domain + "." + u.Op
		}
		fmt.Fprintf(&b, "\n  %s (opset %d): %s; %s", name, u.Version, u.Why, nodeList(u.Nodes))
	}
	return b.String()
}

// nodeList prints the first few of many names.
func nodeList(names []string) string {
	const shown = 5
	what := "node"
	if len(names) > 1 {
		what = "nodes"
	}
	text := fmt.Sprintf("%s %q", what, names[:min(len(names), shown)])
	if more := len(names) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// Unsupported lists the opaque nodes of g and its regions; nil if there are none.
func Unsupported(g *ir.Graph) *UnsupportedError {
	var found []UnsupportedOp
	for n := range g.All() {
		if n.Op != op.Opaque {
			continue
		}
		a := n.Attr.(*attr.Opaque)
		i := slices.IndexFunc(found, func(u UnsupportedOp) bool {
			return u.Op == a.OpType && u.Domain == a.Domain && u.Version == a.Version && u.Why == a.Why
		})
		if i < 0 {
			i = len(found)
			found = append(found, UnsupportedOp{Op: a.OpType, Domain: a.Domain, Version: a.Version, Why: a.Why})
		}
		found[i].Nodes = append(found[i].Nodes, n.Label())
	}
	if found == nil {
		return nil
	}
	return &UnsupportedError{found}
}

package onnx_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/onnxtest"
)

// The models of the tests are written in the words of onnxtest.
var (
	node      = onnxtest.Node
	in        = onnxtest.In
	integer   = onnxtest.Int
	integers  = onnxtest.Ints
	float     = onnxtest.Float
	text      = onnxtest.Text
	tensorOf  = onnxtest.Tensor
	body      = onnxtest.Body
	reference = onnxtest.Ref
	values    = onnxtest.Values
	graph     = onnxtest.Graph
	model     = onnxtest.Model
	function  = onnxtest.Function
	call      = onnxtest.Call
	int64s    = onnxtest.Int64s
	floats    = onnxtest.Floats
	bools     = onnxtest.Bools
)

// imported imports and verifies m.
func imported(t *testing.T, m *wire.Model) *ir.Graph {
	t.Helper()
	g, err := onnx.Import(m, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Verify(); err != nil {
		t.Fatal(err)
	}
	return g
}

// brief prints the nodes of g in one line: constants in place, values by the
// letters a, b, … in the order of the nodes.
func brief(g *ir.Graph) string {
	known := map[*ir.Value]string{}
	for _, v := range g.Inputs {
		known[v] = v.Name
	}
	ref := func(v *ir.Value) string {
		switch {
		case v == nil:
			return "_"
		case v.Const != nil:
			return literal(v)
		case known[v] == "":
			known[v] = string(rune('a' + len(known) - len(g.Inputs)))
		}
		return known[v]
	}
	var parts []string
	for n := range g.Nodes() {
		var args []string
		for _, v := range n.In {
			args = append(args, ref(v))
		}
		var outs []string
		for _, v := range n.Out {
			outs = append(outs, ref(v))
		}
		s := fmt.Sprintf("%s = %s(%s)", strings.Join(outs, ","), n.Op.Name, strings.Join(args, ", "))
		if a := attr.Format(n.Attr); a != "" {
			s += " {" + a + "}"
		}
		for _, r := range n.Regions {
			s += " {" + brief(r) + "}"
		}
		parts = append(parts, s)
	}
	var outs []string
	for _, v := range g.Outputs() {
		outs = append(outs, ref(v))
	}
	return strings.Join(append(parts, "→ "+strings.Join(outs, ", ")), "; ")
}

func literal(v *ir.Value) string {
	parts := make([]string, v.Const.Len())
	for i := range parts {
		parts[i] = v.Const.FormatElem(i)
	}
	s := strings.Join(parts, " ")
	if v.Const.Rank() > 0 {
		s = "[" + s + "]"
	}
	return s
}

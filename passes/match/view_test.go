package match_test

import (
	"fmt"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes/match"
)

func (g graph) reshape(v *ir.Value, dims ...int64) *ir.Value {
	return g.op(op.Reshape, &attr.Reshape{}, v, g.ints(dims...))
}

func (g graph) transpose(v *ir.Value, perm ...int) *ir.Value {
	return g.op(op.Transpose, &attr.Transpose{Perm: perm}, v)
}

func TestViewOf(t *testing.T) {
	tests := []struct {
		name  string
		input []any
		chain func(g graph, x *ir.Value) *ir.Value
		want  string // atoms, groups, and the permutation if that is all
		nodes int
	}{
		{"itself", []any{"B", 1, 4}, func(g graph, x *ir.Value) *ir.Value { return x },
			"[B 4] [[0] [] [1]] [0 1 2]", 0},
		{"head split", []any{"B", "S", 32}, func(g graph, x *ir.Value) *ir.Value {
			return g.transpose(g.reshape(x, 0, 0, 4, 8), 0, 2, 1, 3)
		}, "[B S 4 8] [[0] [2] [1] [3]] -", 2},
		{"head merge", []any{"B", 4, "S", 8}, func(g graph, x *ir.Value) *ir.Value {
			return g.reshape(g.transpose(x, 0, 2, 1, 3), 0, 0, 32)
		}, "[B 4 S 8] [[0] [2] [1 3]] -", 2},
		{"transpose through three dimensions", []any{"B", 4, "S", 8}, func(g graph, x *ir.Value) *ir.Value {
			flat := g.transpose(g.op(op.Reshape, &attr.Reshape{}, x, g.op(op.Concat, &attr.Axis{}, g.ints(-1), g.op(op.Shape, &attr.Shape{Start: 2, End: 4}, x))), 0, 2, 1)
			shape := g.op(op.Concat, &attr.Axis{}, g.op(op.Shape, &attr.Shape{Start: 0, End: 2}, x), g.ints(8, -1))
			return g.op(op.Reshape, &attr.Reshape{}, flat, shape)
		}, "[B 4 S 8] [[0] [1] [3] [2]] [0 1 3 2]", 3},
		{"squeeze and unsqueeze", []any{"B", 1, "S"}, func(g graph, x *ir.Value) *ir.Value {
			return g.op(op.Unsqueeze, nil, g.op(op.Squeeze, nil, x, g.ints(1)), g.ints(-1))
		}, "[B S] [[0] [1] []] [0 2 1]", 2},
		{"axes cut elsewhere are only reshaped", []any{4, 6}, func(g graph, x *ir.Value) *ir.Value {
			return g.transpose(g.reshape(x, 6, 4), 1, 0)
		}, "[6 4] [[1] [0]] -", 2},
		{"axes cut elsewhere after a transpose end the view", []any{4, 6}, func(g graph, x *ir.Value) *ir.Value {
			return g.reshape(g.transpose(x, 1, 0), 8, 3)
		}, "[8 3] [[0] [1]] [0 1]", 0},
		{"an empty tensor is not looked through", []any{0, 6}, func(g graph, x *ir.Value) *ir.Value {
			return g.transpose(x, 1, 0)
		}, "[] [] -", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := newGraph(t)
			w := match.ViewOf(test.chain(g, g.input("x", test.input...)))
			perm := "-"
			if p, ok := w.Perm(); ok {
				perm = fmt.Sprint(p)
			}
			if got := fmt.Sprintf("%v %v %s", w.Atoms, w.Groups, perm); got != test.want {
				t.Errorf("%s\nwant %s", got, test.want)
			}
			if len(w.Nodes) != test.nodes {
				t.Errorf("%d nodes looked through, want %d", len(w.Nodes), test.nodes)
			}
		})
	}
}

func TestViewOfStopsAtUnknownRank(t *testing.T) {
	g := newGraph(t)
	x := g.NewInput("x", ir.Unranked(tensor.Float32))
	w := match.ViewOf(g.transpose(g.reshape(x, 4, 8), 1, 0))
	if w.Root != g.First().Out[0] || len(w.Nodes) != 1 {
		t.Errorf("root %s after %d nodes, want the Reshape's result after 1", w.Root, len(w.Nodes))
	}
}

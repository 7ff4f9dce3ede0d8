package onnx_test

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

// mutations change a model into one that may mean nothing. Each gets a random
// node of the main graph or a body.
var mutations = []func(r *rand.Rand, g *wire.Graph, n *wire.Node){
	func(r *rand.Rand, g *wire.Graph, n *wire.Node) { n.OpType = g.Node[r.IntN(len(g.Node))].OpType },
	func(r *rand.Rand, g *wire.Graph, n *wire.Node) { n.Attribute = g.Node[r.IntN(len(g.Node))].Attribute },
	func(r *rand.Rand, g *wire.Graph, n *wire.Node) { n.Input = g.Node[r.IntN(len(g.Node))].Input },
	func(r *rand.Rand, _ *wire.Graph, n *wire.Node) { n.Input = n.Input[:r.IntN(len(n.Input)+1)] },
	func(r *rand.Rand, _ *wire.Graph, n *wire.Node) {
		r.Shuffle(len(n.Input), func(i, j int) { n.Input[i], n.Input[j] = n.Input[j], n.Input[i] })
	},
	func(r *rand.Rand, _ *wire.Graph, n *wire.Node) { n.Output = append(n.Output, "extra") },
	func(r *rand.Rand, _ *wire.Graph, n *wire.Node) {
		for _, a := range n.Attribute {
			a.I = numbers[r.IntN(len(numbers))]
			for i := range a.Ints {
				a.Ints[i] = numbers[r.IntN(len(numbers))]
			}
		}
	},
	func(r *rand.Rand, g *wire.Graph, _ *wire.Node) {
		if len(g.Initializer) > 0 {
			t := g.Initializer[r.IntN(len(g.Initializer))]
			t.Dims = append(t.Dims[:r.IntN(len(t.Dims)+1)], numbers[r.IntN(len(numbers))])
		}
	},
	func(r *rand.Rand, g *wire.Graph, _ *wire.Node) {
		// Contents that are read as shapes, axes and ranges.
		small := int64s("", []int64{2}, numbers[r.IntN(len(numbers))], numbers[r.IntN(len(numbers))])
		for _, t := range g.Initializer {
			if t.DataType == wire.Int64 && r.IntN(4) == 0 {
				name := t.Name
				*t = *small
				t.Name = name
			}
		}
	},
	func(r *rand.Rand, g *wire.Graph, _ *wire.Node) {
		for _, in := range g.Input {
			if t := in.Type; t != nil && t.Tensor != nil && t.Tensor.Shape != nil && r.IntN(2) == 0 {
				for _, d := range t.Tensor.Shape.Dim {
					*d = wire.Dim{Kind: wire.DimValue, Value: numbers[r.IntN(len(numbers))]}
				}
			}
		}
	},
	func(_ *rand.Rand, g *wire.Graph, _ *wire.Node) {
		for _, in := range g.Input {
			if in.Type != nil && in.Type.Tensor != nil {
				in.Type.Tensor.Shape = nil
			}
		}
	},
}

var numbers = []int64{-1, 0, 1, 2, 3, -2, 7, 1 << 20, 1 << 31, 1 << 60, math.MaxInt64, math.MinInt64, -1 << 31}

// TestMutations: a model changed at random is imported or refused, and if it is
// imported it is a graph that passes Verify, and what is exported of it is a model
// again.
func TestMutations(t *testing.T) {
	const rounds = 12
	imports := 0
	for _, path := range models(t) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		dir, err := onnx.DirFS(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		for round := range rounds {
			r := rand.New(rand.NewPCG(uint64(round), uint64(len(b))))
			m, err := wire.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			g := m.Graph
			n := g.Node[r.IntN(len(g.Node))]
			if bodies := allBodies(n); len(bodies) > 0 {
				g = bodies[r.IntN(len(bodies))]
				n = g.Node[r.IntN(len(g.Node))]
			}
			mutations[r.IntN(len(mutations))](r, g, n)
			made, err := onnx.Import(m, onnx.Options{Files: dir})
			if err != nil {
				continue
			}
			imports++
			if err := made.Verify(); err != nil {
				t.Errorf("%s, round %d: %v", path, round, err)
			}
			if m, err = onnx.Export(made, onnx.ExportOptions{}); err != nil {
				continue
			}
			if _, err = onnx.Import(m, onnx.Options{}); err != nil {
				t.Errorf("%s, round %d: exported, but: %v", path, round, err)
			}
		}
		dir.Close()
	}
	t.Logf("%d of the changed models are imported", imports)
}

// allBodies lists the subgraphs of n.
func allBodies(n *wire.Node) []*wire.Graph {
	var list []*wire.Graph
	for _, a := range n.Attribute {
		if a.G != nil && len(a.G.Node) > 0 {
			list = append(list, a.G)
		}
	}
	return list
}

package draw

import (
	"math/rand/v2"
	"testing"
)

func box(n int) []Node {
	nodes := make([]Node, n)
	for i := range nodes {
		nodes[i] = Node{Width: 60 + float64(i%5)*20, Height: 30}
	}
	return nodes
}

func TestLayers(t *testing.T) {
	// q, k → scores → weights; weights and v → output. v stands beside weights.
	g := &Graph{box(6), []Edge{{0, 2}, {1, 2}, {2, 3}, {3, 5}, {4, 5}}}
	got := New(g)
	y := func(i int) float64 { return got.Boxes[i].Y }
	if y(0) != y(1) || y(2) <= y(0) || y(3) <= y(2) || y(4) != y(3) || y(5) <= y(3) {
		t.Errorf("boxes are %+v", got.Boxes)
	}
	if New(&Graph{}).Width != 0 {
		t.Error("nothing has a width")
	}
}

// TestRandom checks that boxes of random graphs overlap nowhere, that all is
// within the drawing, and that edges lead downwards.
func TestRandom(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		g := &Graph{Nodes: box(1 + r.IntN(40))}
		for to := 1; to < len(g.Nodes); to++ {
			for range r.IntN(4) {
				g.Edges = append(g.Edges, Edge{r.IntN(to), to})
			}
		}
		l := New(g)
		for i, a := range l.Boxes {
			if a.X < 0 || a.Y < 0 || a.X+a.Width > l.Width || a.Y+a.Height > l.Height {
				t.Errorf("seed %d: box %d %+v is outside of %g × %g", seed, i, a, l.Width, l.Height)
			}
			for j, b := range l.Boxes[:i] {
				if a.X < b.X+b.Width && b.X < a.X+a.Width && a.Y < b.Y+b.Height && b.Y < a.Y+a.Height {
					t.Errorf("seed %d: boxes %d and %d overlap: %+v %+v", seed, i, j, a, b)
				}
			}
		}
		for i, path := range l.Paths {
			for k := 1; k < len(path); k++ {
				if path[k].Y < path[k-1].Y {
					t.Errorf("seed %d: edge %d leads upwards: %v", seed, i, path)
				}
			}
		}
	}
}

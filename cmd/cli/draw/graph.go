package draw

import "slices"

// Graph is what is to be drawn. It has no cycles.
type Graph struct {
	Nodes []Node
	Edges []Edge
}

// Node is a box.
type Node struct{ Width, Height float64 }

// Edge leads from one node to another, by their places in Graph.Nodes.
type Edge struct{ From, To int }

// Layout is a drawing: boxes and paths within Width × Height.
type Layout struct {
	Width, Height float64
	Boxes         []Box     // of Graph.Nodes
	Paths         [][]Point // of Graph.Edges
}

// Box is where a node is: its upper left corner, and its size.
type Box struct{ X, Y, Width, Height float64 }

// Point is a point that an edge runs through.
type Point struct{ X, Y float64 }

// Distances between boxes, in pixels.
const (
	between = 18 // neighbours of a layer
	beneath = 34 // layers
	margin  = 8
	lane    = 10 // what an edge takes up in the layers that it crosses
)

// place is a node, or the part of a long edge in a layer that it crosses.
type place struct {
	node          int // −1: of an edge
	width, height float64
	x             float64 // of the middle
	up, down      []*place
	order         float64
}

// New lays g out.
func New(g *Graph) *Layout {
	layers, edges := arrange(g)
	for _, layer := range layers {
		for i, p := range layer {
			p.order = float64(i)
		}
	}
	for range sweeps {
		for i := 1; i < len(layers); i++ {
			sort(layers[i], func(p *place) []*place { return p.up })
		}
		for i := len(layers) - 2; i >= 0; i-- {
			sort(layers[i], func(p *place) []*place { return p.down })
		}
	}
	spread(layers)
	return measure(g, layers, edges)
}

// sweeps is how often the order of all layers is improved: small graphs come to
// rest well before.
const sweeps = 8

// arrange puts the nodes into layers and cuts the edges.
func arrange(g *Graph) (layers [][]*place, edges [][]*place) {
	at := layering(g)
	places := make([]*place, len(g.Nodes))
	layers = make([][]*place, 1+slices.Max(append([]int{-1}, at...)))
	for i, n := range g.Nodes {
		places[i] = &place{node: i, width: n.Width, height: n.Height}
		layers[at[i]] = append(layers[at[i]], places[i])
	}
	for _, e := range g.Edges {
		chain := []*place{places[e.From]}
		for l := at[e.From] + 1; l < at[e.To]; l++ {
			p := &place{node: -1, width: lane}
			layers[l] = append(layers[l], p)
			chain = append(chain, p)
		}
		chain = append(chain, places[e.To])
		for i := 1; i < len(chain); i++ {
			chain[i-1].down = append(chain[i-1].down, chain[i])
			chain[i].up = append(chain[i].up, chain[i-1])
		}
		edges = append(edges, chain)
	}
	return layers, edges
}

// layering gives every node its layer: below all that it reads, and those that
// read nothing right above their first reader.
func layering(g *Graph) []int {
	at, readers, waiting := make([]int, len(g.Nodes)), make([][]int, len(g.Nodes)), make([]int, len(g.Nodes))
	for _, e := range g.Edges {
		readers[e.From] = append(readers[e.From], e.To)
		waiting[e.To]++
	}
	sources := []int{}
	for i, n := range waiting {
		if n == 0 {
			sources = append(sources, i)
		}
	}
	for queue := slices.Clone(sources); len(queue) > 0; queue = queue[1:] {
		for _, r := range readers[queue[0]] {
			at[r] = max(at[r], at[queue[0]]+1)
			if waiting[r]--; waiting[r] == 0 {
				queue = append(queue, r)
			}
		}
	}
	for _, i := range sources {
		for k, r := range readers[i] {
			if k == 0 || at[r]-1 < at[i] {
				at[i] = at[r] - 1
			}
		}
	}
	return at
}

// sort orders a layer by the mean place of the neighbours in the next one.
func sort(layer []*place, neighbours func(*place) []*place) {
	for i, p := range layer {
		near := neighbours(p)
		if len(near) == 0 {
			p.x = float64(i)
			continue
		}
		p.x = 0
		for _, n := range near {
			p.x += n.order / float64(len(near))
		}
	}
	slices.SortStableFunc(layer, func(a, b *place) int {
		switch {
		case a.x < b.x:
			return -1
		case a.x > b.x:
			return 1
		}
		return 0
	})
	for i, p := range layer {
		p.order = float64(i)
	}
}

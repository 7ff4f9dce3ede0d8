package draw

import "slices"

// spread gives every place its x: side by side at first, then drawn towards the
// middle of its neighbours above and below, as far as those beside it allow.
func spread(layers [][]*place) {
	for _, layer := range layers {
		x := 0.0
		for _, p := range layer {
			p.x = x + p.width/2
			x += p.width + between
		}
	}
	for i := range 2 * sweeps {
		for l := range layers {
			if i%2 == 0 {
				pull(layers[l], func(p *place) []*place { return p.up })
			} else {
				pull(layers[len(layers)-1-l], func(p *place) []*place { return p.down })
			}
		}
	}
	left := 0.0
	for i, layer := range layers {
		if first := layer[0].x - layer[0].width/2; i == 0 || first < left {
			left = first
		}
	}
	for _, layer := range layers {
		for _, p := range layer {
			p.x += margin - left
		}
	}
}

// pull moves a layer's places to where their neighbours are, and then apart.
func pull(layer []*place, neighbours func(*place) []*place) {
	want := make([]float64, len(layer))
	for i, p := range layer {
		want[i] = p.x
		if near := neighbours(p); len(near) > 0 {
			want[i] = median(near)
		}
	}
	right, leftward := slices.Clone(want), slices.Clone(want)
	for i := 1; i < len(layer); i++ {
		right[i] = max(right[i], right[i-1]+distance(layer[i-1], layer[i]))
	}
	for i := len(layer) - 2; i >= 0; i-- {
		leftward[i] = min(leftward[i], leftward[i+1]-distance(layer[i], layer[i+1]))
	}
	for i, p := range layer {
		// Both keep the distances, and so does their mean.
		p.x = (right[i] + leftward[i]) / 2
	}
}

func distance(a, b *place) float64 { return (a.width+b.width)/2 + between }

func median(near []*place) float64 {
	xs := make([]float64, len(near))
	for i, p := range near {
		xs[i] = p.x
	}
	slices.Sort(xs)
	return (xs[(len(xs)-1)/2] + xs[len(xs)/2]) / 2
}

// measure turns places into boxes and paths.
func measure(g *Graph, layers, edges [][]*place) *Layout {
	l := &Layout{Boxes: make([]Box, len(g.Nodes))}
	top := map[*place]float64{}
	height := map[*place]float64{}
	y := float64(margin)
	for _, layer := range layers {
		tallest := 0.0
		for _, p := range layer {
			tallest = max(tallest, p.height)
			l.Width = max(l.Width, p.x+p.width/2+margin)
		}
		for _, p := range layer {
			top[p], height[p] = y, tallest
			if p.node >= 0 {
				top[p] += (tallest - p.height) / 2
				height[p] = p.height
				l.Boxes[p.node] = Box{p.x - p.width/2, top[p], p.width, p.height}
			}
		}
		y += tallest + beneath
	}
	l.Height = y - beneath + margin
	for _, chain := range edges {
		last := len(chain) - 1
		path := []Point{{chain[0].x, top[chain[0]] + height[chain[0]]}}
		for _, p := range chain[1:last] {
			path = append(path, Point{p.x, top[p]}, Point{p.x, top[p] + height[p]})
		}
		l.Paths = append(l.Paths, append(path, Point{chain[last].x, top[chain[last]]}))
	}
	return l
}

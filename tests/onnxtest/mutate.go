package onnxtest

import (
	"math"
	"math/rand/v2"

	"github.com/parallax-go/parallax/onnx/wire"
)

// Numbers are those at which sizes, axes and indices go wrong.
var Numbers = []int64{-1, 0, 1, 2, 3, -2, 7, 64, 1 << 20, 1 << 31, 1 << 60, math.MaxInt64, math.MinInt64, -1 << 31}

// Mutate changes m into a model that may mean nothing, or something else: one
// change at a random place of the main graph or a body.
func Mutate(r *rand.Rand, m *wire.Model) {
	g := m.Graph
	if g == nil || len(g.Node) == 0 {
		return
	}
	n := g.Node[r.IntN(len(g.Node))]
	for {
		bodies := bodies(n)
		if len(bodies) == 0 || r.IntN(4) == 0 {
			break
		}
		g = bodies[r.IntN(len(bodies))]
		n = g.Node[r.IntN(len(g.Node))]
	}
	mutations[r.IntN(len(mutations))](r, g, n)
}

// bodies lists the subgraphs of n that have nodes.
func bodies(n *wire.Node) []*wire.Graph {
	var list []*wire.Graph
	for _, a := range n.Attribute {
		if a.G != nil && len(a.G.Node) > 0 {
			list = append(list, a.G)
		}
	}
	return list
}

func number(r *rand.Rand) int64 { return Numbers[r.IntN(len(Numbers))] }

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

var mutations = []func(r *rand.Rand, g *wire.Graph, n *wire.Node){
	// The nodes.
	func(r *rand.Rand, g *wire.Graph, n *wire.Node) { n.OpType = pick(r, g.Node).OpType },
	func(r *rand.Rand, g *wire.Graph, n *wire.Node) { n.Attribute = pick(r, g.Node).Attribute },
	func(r *rand.Rand, _ *wire.Graph, n *wire.Node) { n.OpType = pick(r, similar) },
	func(r *rand.Rand, g *wire.Graph, n *wire.Node) { *n = *pick(r, g.Node) },
	func(_ *rand.Rand, _ *wire.Graph, n *wire.Node) { // dropped: its readers read its operand
		if len(n.Input) > 0 && len(n.Output) > 0 {
			n.OpType, n.Input, n.Output, n.Attribute = "Identity", n.Input[:1], n.Output[:1], nil
		}
	},
	// The edges.
	func(r *rand.Rand, g *wire.Graph, n *wire.Node) { n.Input = pick(r, g.Node).Input },
	func(r *rand.Rand, _ *wire.Graph, n *wire.Node) { n.Input = n.Input[:r.IntN(len(n.Input)+1)] },
	func(r *rand.Rand, _ *wire.Graph, n *wire.Node) {
		r.Shuffle(len(n.Input), func(i, j int) { n.Input[i], n.Input[j] = n.Input[j], n.Input[i] })
	},
	func(r *rand.Rand, g *wire.Graph, n *wire.Node) { // an operand from elsewhere
		if from := pick(r, g.Node).Input; len(n.Input) > 0 && len(from) > 0 {
			n.Input[r.IntN(len(n.Input))] = pick(r, from)
		}
	},
	func(r *rand.Rand, g *wire.Graph, n *wire.Node) { // a value that is computed elsewhere
		if from := pick(r, g.Node).Output; len(n.Input) > 0 && len(from) > 0 {
			n.Input[r.IntN(len(n.Input))] = pick(r, from)
		}
	},
	func(r *rand.Rand, _ *wire.Graph, n *wire.Node) {
		if len(n.Input) > 0 {
			n.Input[r.IntN(len(n.Input))] = ""
		}
	},
	func(_ *rand.Rand, _ *wire.Graph, n *wire.Node) { n.Output = append(n.Output, "extra") },
	func(r *rand.Rand, g *wire.Graph, n *wire.Node) { // an inner value is shown
		if len(n.Output) > 0 {
			g.Output = append(g.Output, &wire.ValueInfo{Name: pick(r, n.Output)})
		}
	},
	// The attributes.
	func(r *rand.Rand, _ *wire.Graph, n *wire.Node) {
		for _, a := range n.Attribute {
			a.I, a.F = number(r), float32(number(r))
			for i := range a.Ints {
				a.Ints[i] = number(r)
			}
		}
	},
	func(r *rand.Rand, _ *wire.Graph, n *wire.Node) { // by one
		for _, a := range n.Attribute {
			a.I += int64(r.IntN(3)) - 1
			r.Shuffle(len(a.Ints), func(i, j int) { a.Ints[i], a.Ints[j] = a.Ints[j], a.Ints[i] })
		}
	},
	func(r *rand.Rand, _ *wire.Graph, n *wire.Node) {
		if len(n.Attribute) > 0 {
			n.Attribute = n.Attribute[1:]
		}
	},
	// The constants.
	func(r *rand.Rand, g *wire.Graph, n *wire.Node) {
		eachConstant(g, n, func(t *wire.Tensor) { resize(r, t) })
	},
	func(r *rand.Rand, g *wire.Graph, n *wire.Node) {
		eachConstant(g, n, func(t *wire.Tensor) {
			if t.DataType == wire.Int64 && r.IntN(2) == 0 {
				replace(t, Int64s("", []int64{2}, number(r), number(r)))
			}
		})
	},
	func(r *rand.Rand, g *wire.Graph, n *wire.Node) {
		eachConstant(g, n, func(t *wire.Tensor) {
			if t.DataType == wire.Int64 && r.IntN(2) == 0 {
				replace(t, Int64s("", nil, int64(r.IntN(9))-4))
			}
			if t.DataType == wire.Float && len(t.Dims) == 0 {
				replace(t, Floats("", nil, pick(r, specials)))
			}
		})
	},
	func(r *rand.Rand, g *wire.Graph, n *wire.Node) {
		eachConstant(g, n, func(t *wire.Tensor) {
			if r.IntN(2) == 0 {
				t.DataType = pick(r, types)
			}
		})
	},
	// The signature.
	func(r *rand.Rand, g *wire.Graph, _ *wire.Node) {
		eachInput(g, func(t *wire.TensorType) {
			if t.Shape != nil && r.IntN(2) == 0 {
				for _, d := range t.Shape.Dim {
					*d = wire.Dim{Kind: wire.DimValue, Value: number(r)}
				}
			}
		})
	},
	func(r *rand.Rand, g *wire.Graph, _ *wire.Node) { // one name for all sizes
		eachInput(g, func(t *wire.TensorType) {
			if t.Shape != nil && len(t.Shape.Dim) > 0 {
				*pick(r, t.Shape.Dim) = wire.Dim{Kind: wire.DimParam, Param: "n"}
			}
		})
	},
	func(_ *rand.Rand, g *wire.Graph, _ *wire.Node) {
		eachInput(g, func(t *wire.TensorType) { t.Shape = nil })
	},
	func(r *rand.Rand, g *wire.Graph, _ *wire.Node) {
		eachInput(g, func(t *wire.TensorType) {
			if r.IntN(2) == 0 {
				t.ElemType = pick(r, types)
			}
		})
	},
}

// similar are operators that fit where others stood.
var similar = []string{
	"Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Neg", "Exp", "Sqrt", "Relu", "Tanh", "Erf", "Not", "Identity",
	"MatMul", "Softmax", "LogSoftmax", "Reshape", "Expand", "Tile", "Transpose", "Concat", "Gather", "Where", "Shape",
	"Unsqueeze", "Squeeze", "ReduceSum", "ReduceMax", "ReduceMean", "Cast", "Slice", "Range", "Equal", "Less", "And",
}

var types = []wire.DataType{
	wire.Undefined, wire.Float, wire.Uint8, wire.Int32, wire.Int64, wire.String, wire.Bool, wire.Float16, wire.Double,
	wire.BFloat16, wire.Complex64, wire.Uint4, wire.Float8E4M3FN,
}

var specials = []float32{0, -1, 1, 0.5, -10000, -math.MaxFloat32, float32(math.Inf(-1)), float32(math.Inf(1)), float32(math.NaN()), 1e-30}

// eachConstant calls f on some of the constants that n reads or is, or of any.
func eachConstant(g *wire.Graph, n *wire.Node, f func(*wire.Tensor)) {
	read := map[string]bool{}
	for _, name := range n.Input {
		read[name] = true
	}
	for _, t := range g.Initializer {
		if read[t.Name] {
			f(t)
		}
	}
	for _, producer := range g.Node {
		for _, a := range producer.Attribute {
			if a.T != nil && (producer == n || len(producer.Output) > 0 && read[producer.Output[0]]) {
				f(a.T)
			}
		}
	}
}

func eachInput(g *wire.Graph, f func(*wire.TensorType)) {
	for _, in := range g.Input {
		if in.Type != nil && in.Type.Tensor != nil {
			f(in.Type.Tensor)
		}
	}
}

func replace(t, with *wire.Tensor) {
	name := t.Name
	*t = *with
	t.Name = name
}

func resize(r *rand.Rand, t *wire.Tensor) {
	if r.IntN(2) == 0 && len(t.Dims) > 1 {
		r.Shuffle(len(t.Dims), func(i, j int) { t.Dims[i], t.Dims[j] = t.Dims[j], t.Dims[i] })
		return
	}
	t.Dims = append(t.Dims[:r.IntN(len(t.Dims)+1)], number(r))
}

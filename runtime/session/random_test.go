package session

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// moves are the steps a random graph is made of: each makes a value of one that
// is there, or nothing if that does not suit. Together they exercise views,
// contents known from the dims, sizes known from the data, and lifetimes.
var moves = []func(r *rand.Rand, b *ir.Builder, v, w *ir.Value) *ir.Value{
	func(_ *rand.Rand, b *ir.Builder, v, _ *ir.Value) *ir.Value { return b.Op(op.Neg, nil, v) },
	func(_ *rand.Rand, b *ir.Builder, v, _ *ir.Value) *ir.Value { return b.Op(op.Identity, nil, v) },
	func(_ *rand.Rand, b *ir.Builder, v, w *ir.Value) *ir.Value {
		if !v.Type.Shape.Equal(w.Type.Shape) {
			return nil
		}
		return b.Op(op.Add, nil, v, w)
	},
	func(_ *rand.Rand, b *ir.Builder, v, _ *ir.Value) *ir.Value { // all elements in a row
		return b.Op(op.Reshape, &attr.Reshape{}, v, b.Ints(-1))
	},
	func(_ *rand.Rand, b *ir.Builder, v, w *ir.Value) *ir.Value { // the shape of another
		if !v.Type.Shape.Elements().Equal(w.Type.Shape.Elements()) {
			return nil
		}
		return b.Op(op.Reshape, &attr.Reshape{AllowZero: true}, v, b.Op(op.Shape, &attr.Shape{End: 9}, w))
	},
	func(_ *rand.Rand, b *ir.Builder, v, _ *ir.Value) *ir.Value {
		return b.Op(op.Unsqueeze, nil, v, b.Ints(0))
	},
	func(_ *rand.Rand, b *ir.Builder, v, _ *ir.Value) *ir.Value {
		if rank, _ := v.Type.Rank(); rank == 0 || !v.Type.Shape[0].Is(1) {
			return nil
		}
		return b.Op(op.Squeeze, nil, v, b.Ints(0))
	},
	func(_ *rand.Rand, b *ir.Builder, v, _ *ir.Value) *ir.Value {
		return b.Op(op.Transpose, &attr.Transpose{}, v)
	},
	func(_ *rand.Rand, b *ir.Builder, v, w *ir.Value) *ir.Value {
		rv, _ := v.Type.Rank()
		rw, _ := w.Type.Rank()
		if rv != 1 || rw != 1 {
			return nil
		}
		return b.Op(op.Concat, &attr.Axis{}, v, w)
	},
	func(_ *rand.Rand, b *ir.Builder, v, w *ir.Value) *ir.Value { // as many as w is long, at most
		rv, _ := v.Type.Rank()
		if rw, _ := w.Type.Rank(); rv != 1 || rw == 0 {
			return nil
		}
		return b.Op(op.Slice, nil, v, b.Ints(0), b.Op(op.Shape, &attr.Shape{End: 1}, w))
	},
	func(_ *rand.Rand, b *ir.Builder, v, _ *ir.Value) *ir.Value { // the positive ones: size from the data
		if rank, _ := v.Type.Rank(); rank != 1 {
			return nil
		}
		return b.Op(op.Compress, &attr.Axis{}, v, b.Op(op.Greater, nil, v, b.Float(tensor.Float32, 0)))
	},
	func(_ *rand.Rand, b *ir.Builder, v, _ *ir.Value) *ir.Value { // the dims, as numbers to compute with
		return b.Op(op.Cast, &attr.Cast{To: tensor.Float32}, b.Op(op.Shape, &attr.Shape{End: 9}, v))
	},
}

func randomGraph(t *testing.T, r *rand.Rand) *ir.Graph {
	return build(t, func(g *ir.Graph, b *ir.Builder) []*ir.Value {
		values := []*ir.Value{
			g.NewInput("x", shaped(tensor.Float32, "[batch, seq, 4]")),
			g.NewInput("y", shaped(tensor.Float32, "[batch+seq]")),
			g.NewInput("z", shaped(tensor.Float32, "[batch, seq, 4]")),
			b.Const(random(r.Uint64(), 6)),
		}
		pick := func() *ir.Value { return values[max(r.IntN(len(values)), r.IntN(len(values)))] }
		for len(values) < 30 {
			if v := moves[r.IntN(len(moves))](r, b, pick(), pick()); v != nil {
				values = append(values, v)
			}
		}
		var outputs []*ir.Value
		for i := range 4 {
			v := pick()
			if v.Name == "" {
				v.Name = fmt.Sprintf("out%d", i)
			}
			outputs = append(outputs, v)
		}
		return outputs
	})
}

func TestRandomGraphs(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		g := randomGraph(t, r)
		for _, target := range targets {
			s := open(t, g, target, Options{})
			for _, size := range [][2]int{{2, 3}, {1, 1}, {3, 0}, {4, 9}, {2, 3}} {
				check(t, g, s, random(seed, size[0], size[1], 4), random(seed+1, size[0]+size[1]), random(seed+2, size[0], size[1], 4))
			}
			if t.Failed() {
				t.Fatalf("seed %d, target %s:\n%s", seed, target, s.Program())
			}
		}
	}
}

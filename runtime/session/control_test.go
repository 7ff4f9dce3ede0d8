package session

import (
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

func TestIf(t *testing.T) {
	branch := func(t *testing.T, g *ir.Graph, v *ir.Value, o *ir.Op) *ir.Graph {
		r := g.NewRegion("branch")
		fill(t, r, func(r *ir.Graph, b *ir.Builder) []*ir.Value {
			x := r.Capture(v)
			n := b.Op(op.Shape, &attr.Shape{End: 1}, x) // of the outer symbol
			y := b.Op(o, nil, x)
			return []*ir.Value{b.Op(op.Reshape, &attr.Reshape{}, y, b.Op(op.Concat, &attr.Axis{}, n, b.Ints(2, -1))), x}
		})
		return r
	}
	g := build(t, func(g *ir.Graph, b *ir.Builder) []*ir.Value {
		cond := g.NewInput("cond", shaped(tensor.Bool, "[]"))
		x := g.NewInput("x", shaped(tensor.Float32, "[n, 4]"))
		y := b.Op(op.Neg, nil, x)
		outs := b.Spec(ir.Spec{
			Op: op.If, In: []*ir.Value{cond, y, y}, Outs: 2, Names: []string{"a", "b"},
			Regions: []*ir.Graph{branch(t, g, y, op.Relu), branch(t, g, y, op.Tanh)},
		})
		c := b.Op(op.Abs, nil, outs[0])
		c.Name = "c"
		return append(outs, c)
	})
	for _, target := range targets {
		s := open(t, g, target, Options{})
		for _, n := range []int{3, 1, 5} {
			check(t, g, s, tensor.Scalar(n == 3), random(2, n, 4))
		}
	}
}

func TestLoop(t *testing.T) {
	g := build(t, func(g *ir.Graph, b *ir.Builder) []*ir.Value {
		trips := g.NewInput("trips", shaped(tensor.Int64, "[]"))
		x := g.NewInput("x", shaped(tensor.Float32, "[n]"))
		r := g.NewRegion("body")
		fill(t, r, func(r *ir.Graph, b *ir.Builder) []*ir.Value {
			i := r.NewInput("i", shaped(tensor.Int64, "[]"))
			cond := r.NewInput("cond", shaped(tensor.Bool, "[]"))
			sum := r.NewInput("sum", op.LoopCarriedType(x.Type))
			captured := r.Capture(x)
			step := b.Op(op.Mul, nil, captured, b.Op(op.Cast, &attr.Cast{To: tensor.Float32}, i))
			next := b.Op(op.Concat, &attr.Axis{}, sum, step) // grows by n
			return []*ir.Value{b.Op(op.Identity, nil, cond), next, step}
		})
		outs := b.Spec(ir.Spec{Op: op.Loop, In: []*ir.Value{trips, nil, x, x}, Outs: 2, Names: []string{"joined", "steps"}, Regions: []*ir.Graph{r}})
		return outs
	})
	for _, target := range targets {
		s := open(t, g, target, Options{})
		for _, trips := range []int64{3, 0, 1, 4} {
			check(t, g, s, tensor.Scalar(trips), random(5, 3))
		}
	}
}

func TestScan(t *testing.T) {
	for _, a := range []*attr.Scan{
		{ScanInputs: 1},
		{ScanInputs: 1, InputAxes: []int{1}, OutputAxes: []int{-1}},
		{ScanInputs: 1, InputDirections: []int{1}, OutputDirections: []int{1}},
	} {
		axis := 0
		if len(a.InputAxes) > 0 {
			axis = a.InputAxes[0]
		}
		g := build(t, func(g *ir.Graph, b *ir.Builder) []*ir.Value {
			first := g.NewInput("first", shaped(tensor.Float32, "[4]"))
			x := g.NewInput("x", ir.TensorOf(tensor.Float32, sym.ShapeOf(4, 4)))
			r := g.NewRegion("body")
			fill(t, r, func(r *ir.Graph, b *ir.Builder) []*ir.Value {
				sum := r.NewInput("sum", first.Type)
				part := r.NewInput("part", op.ScanSlice(x.Type, axis))
				next := b.Op(op.Add, nil, sum, part)
				return []*ir.Value{next, b.Op(op.Neg, nil, next)}
			})
			return b.Spec(ir.Spec{Op: op.Scan, Attr: a, In: []*ir.Value{first, x}, Outs: 2, Names: []string{"sum", "sums"}, Regions: []*ir.Graph{r}})
		})
		for _, target := range targets {
			check(t, g, open(t, g, target, Options{}), random(1, 4), random(2, 4, 4))
		}
	}
}

// TestState runs a decoder that remembers against one that is given its past.
func TestState(t *testing.T) {
	g := build(t, func(g *ir.Graph, b *ir.Builder) []*ir.Value {
		x := g.NewInput("x", shaped(tensor.Float32, "[batch, 1, seq, 4]"))
		mask := g.NewInput("mask", shaped(tensor.Float32, "[batch, 1, 1, past+seq]"))
		past := g.NewInput("past_key_values.0.key", shaped(tensor.Float32, "[batch, 1, past, 4]"))
		k := b.Op(op.Concat, &attr.Axis{Axis: 2}, past, b.Op(op.Neg, nil, x))
		k.Name = "present.0.key"
		scores := b.Op(op.Add, nil, b.Op(op.MatMul, nil, x, b.Op(op.Transpose, &attr.Transpose{Perm: []int{0, 1, 3, 2}}, k)), mask)
		y := b.Op(op.MatMul, nil, b.Op(op.Softmax, &attr.Axis{Axis: -1}, scores), k)
		y.Name = "y"
		return []*ir.Value{y, k}
	})
	for _, target := range targets {
		s := open(t, g, target, Options{})
		state, err := s.NewState()
		if err != nil {
			t.Fatal(err)
		}
		past := tensor.New(tensor.Float32, 2, 1, 0, 4)
		for step, seq := range []int{5, 1, 1, 3, 1} {
			in := map[string]*tensor.Tensor{"x": random(uint64(step), 2, 1, seq, 4), "mask": tensor.New(tensor.Float32, 2, 1, 1, past.Shape[2]+seq)}
			got, err := state.Run(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			in["past_key_values.0.key"] = past
			want, err := s.Run(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			past = want["present.0.key"]
			if len(got) != 1 || !got["y"].Equal(want["y"]) || !state.Present()["present.0.key"].Equal(past) || state.Len() != past.Shape[2] {
				t.Errorf("%s, step %d: the state gives another result than its past given", target, step)
			}
		}
	}
}

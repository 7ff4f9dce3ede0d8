package ref

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

func randomRidge(rng *rand.Rand, keys, size int, lambda float64, centred bool) Ridge {
	g := Ridge{Lambda: lambda, Centred: centred, Query: normals(rng, size)}
	sum := 0.0
	for range keys {
		g.Keys = append(g.Keys, normals(rng, size))
		g.Weights = append(g.Weights, rng.Float64())
		sum += g.Weights[len(g.Weights)-1]
	}
	for j := range g.Weights {
		g.Weights[j] /= sum
	}
	return g
}

func normals(rng *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	return x
}

// Two ways to the exact probe must agree: the direct solve, and the matrix-free
// iteration on the other form of the moment.
func TestRidgeDirectAndIterative(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		keys, size int
		lambda     float64
	}{{40, 8, 0.1}, {5, 8, 0.1}, {1, 4, 1}, {64, 32, 10}, {100, 16, 1e-3}} {
		for _, centred := range []bool{true, false} {
			g := randomRidge(rng, c.keys, c.size, c.lambda, centred)
			direct, ok := g.Direct()
			if !ok {
				t.Fatalf("%+v: not positive definite", c)
			}
			iterated, took := g.ConjugateGradients(200, 1e-26)
			// In exact arithmetic D steps suffice; rounding adds some.
			if took > 8*c.size {
				t.Errorf("%+v centred %t: %d steps", c, centred, took)
			}
			for d := range direct {
				if diff := math.Abs(direct[d] - iterated[d]); diff > 1e-8*(1+math.Abs(direct[d])) {
					t.Errorf("%+v centred %t: component %d: %g direct, %g iterated", c, centred, d, direct[d], iterated[d])
				}
			}
		}
	}
}

// Without a ridge and with fewer keys than dimensions, the probe still solves
// the equations: of all probes that do, the one of least norm.
func TestRidgeSingular(t *testing.T) {
	g := Ridge{Keys: [][]float64{{1, 0, 0}, {0, 2, 0}}, Weights: []float64{1, 1}, Query: []float64{3, 4, 0}}
	if _, ok := g.Direct(); ok {
		t.Error("the direct solve took a singular matrix")
	}
	want := []float64{3, 1, 0}
	for d, x := range g.Solve() {
		if math.Abs(x-want[d]) > 1e-12 {
			t.Errorf("component %d is %g, want %g", d, x, want[d])
		}
	}
}

func values(shape []int, v ...float32) *tensor.Tensor { return tensor.Of(shape, v) }

// A tiny row by hand: two keys with scores 0, so each has weight 1/2.
func TestParallaxByHand(t *testing.T) {
	q, k := values([]int{1, 1, 1, 2}, 0, 0), values([]int{1, 1, 2, 2}, 1, 0, 0, 1)
	v, r := values([]int{1, 1, 2, 1}, 2, 6), values([]int{1, 1, 1, 2}, 3, 1)
	base := attr.Attention{Probe: "none", Weights: "softmax", Affine: "centred", Heads: 1, KVHeads: 1, Scale: 1,
		Causal: "none", Layout: "bhsd", EmptyRow: "zero", WindowLeft: -1, WindowRight: -1}
	learned, sunk, hidden := base, base, base
	learned.Probe, learned.HasProbe = attr.ProbeLearned, true
	sunk.HasSink = true
	hidden.Masks = 1
	none := tensor.Of([]int{1, 2}, []bool{false, false})
	nan, filled := hidden, hidden
	nan.EmptyRow = attr.EmptyRowNaN
	filled.EmptyRow, filled.FillValue = attr.EmptyRowFilled, -math.MaxFloat32
	for _, c := range []struct {
		name string
		a    attr.Attention
		in   []*tensor.Tensor
		want float64
	}{
		{"softmax", base, []*tensor.Tensor{q, k, v}, 4},
		// t = 3, 1; t̄ = 2; weights ½(1−1), ½(1+1).
		{"learned", learned, []*tensor.Tensor{q, k, v, r}, 6},
		// The sink has score 0 as the keys: each weighs 1/3.
		{"sink", sunk, []*tensor.Tensor{q, k, v, values([]int{1}, 0)}, 8.0 / 3},
		{"empty, zero", hidden, []*tensor.Tensor{q, k, v, none}, 0},
		{"empty, nan", nan, []*tensor.Tensor{q, k, v, none}, math.NaN()},
		{"empty, filled", filled, []*tensor.Tensor{q, k, v, none}, 4},
	} {
		var o, pk, pv tensor.Tensor
		if err := Parallax(&o, &pk, &pv, &c.a, c.in...); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := o.FloatAt(0); math.Abs(got-c.want) > 1e-6 || math.IsNaN(got) != math.IsNaN(c.want) {
			t.Errorf("%s: %g, want %g", c.name, got, c.want)
		}
		if !pk.Equal(k) || !pv.Equal(v) {
			t.Errorf("%s: presents %s, %s", c.name, &pk, &pv)
		}
	}
}

// A file that adds −10000 to every score of a row keeps the scores' differences;
// one that adds the least finite number loses them to rounding.
func TestFilledRowRounding(t *testing.T) {
	q, k := values([]int{1, 1, 1, 1}, 1), values([]int{1, 1, 2, 1}, 0, float32(math.Log(3)))
	v := values([]int{1, 1, 2, 1}, 0, 1)
	a := attr.New[attr.Attention]()
	a.Heads, a.KVHeads, a.Scale, a.Masks, a.EmptyRow = 1, 1, 1, 1, attr.EmptyRowFilled
	for fill, want := range map[float64]float64{-10000: 0.75, -math.MaxFloat32: 0.5} {
		a.FillValue = fill
		var o tensor.Tensor
		if err := Parallax(&o, nil, nil, a, q, k, v, tensor.Scalar(false)); err != nil {
			t.Fatal(err)
		}
		// 1e-3 is the spacing of f32 at 10000.
		if got := o.FloatAt(0); math.Abs(got-want) > 1e-3 {
			t.Errorf("fill %g: %g, want %g", fill, got, want)
		}
	}
}

func TestParallaxRefuses(t *testing.T) {
	f32 := func(shape ...int) *tensor.Tensor { return tensor.New(tensor.Float32, shape...) }
	a := attr.New[attr.Attention]()
	a.Heads, a.KVHeads, a.Scale = 2, 1, 1
	masked, past, ranged := *a, *a, *a
	masked.Masks, past.HasPast, ranged.HasRanges = 1, true, true
	q, k, v := f32(1, 2, 3, 4), f32(1, 1, 5, 4), f32(1, 1, 5, 6)
	for _, c := range []struct {
		a    *attr.Attention
		in   []*tensor.Tensor
		want string
	}{
		{a, []*tensor.Tensor{q, k}, "2 operands"},
		{a, []*tensor.Tensor{q, k, nil}, "operand 2 is missing"},
		{a, []*tensor.Tensor{k, k, v}, "want [batch,2,"},
		{a, []*tensor.Tensor{q, f32(1, 1, 5, 3), v}, "head size 4 and 3"},
		{a, []*tensor.Tensor{q, k, f32(1, 1, 4, 6)}, "length 5 and 4"},
		{a, []*tensor.Tensor{q, k, tensor.New(tensor.Float64, 1, 1, 5, 6)}, "one float type"},
		{&masked, []*tensor.Tensor{q, k, v, f32(3, 5)}, "want bool"},
		{&masked, []*tensor.Tensor{q, k, v, tensor.New(tensor.Bool, 3, 4)}, "doesn't broadcast to [1,2,3,5]"},
		{&past, []*tensor.Tensor{q, k, v, f32(1, 1, 2, 4), f32(1, 1, 3, 6)}, "past_v"},
		{&ranged, []*tensor.Tensor{q, k, v, f32(1), f32(1)}, "want integers [1]"},
	} {
		var o tensor.Tensor
		if err := Parallax(&o, nil, nil, c.a, c.in...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

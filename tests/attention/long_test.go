package attention

import (
	"fmt"
	"math"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu"
)

// Many keys and rows: chunks are merged, blocks have several tiles, and keys of a
// probe are held at once or not.
func TestStreamingOnLongGrid(t *testing.T) {
	g := newGenerator(21)
	for i := range 60 {
		c := g.nextLong(i)
		want := evalReference(t, c)
		checkNear(t, c.name, streamed(t, c.name, c.a, c.in)[0], want[0], gridTolerance(tensor.Float32, want[0]))
		if t.Failed() {
			return
		}
	}
}

// nextLong is next with many keys or rows.
func (g *generator) nextLong(i int) gridCase {
	c := g.next(i, false)
	z := &g.sizes
	z.b, z.t, z.s = 1, pick(g, 1, 3, 61, 150), pick(g, 300, 513, 700)
	z.d, z.dv = pick(g, 5, 16, 20), pick(g, 3, 16, 40, 48)
	if i%10 == 0 {
		z.t, z.s = 2, 2100
	}
	c.a.FillValue = -math.MaxFloat32 // beside -10000, one unit of a score is 1e-3 of a weight
	c.in = g.operands(c.a)
	c.name = fmt.Sprintf("%d:%+v %+v", i, *c.a, *z)
	return c
}

// A query gets the same bits whatever the keys hold that its position hides, though
// queries beside it see them; those that see them get NaN.
func TestStreamingIgnoresWhatOthersSee(t *testing.T) {
	testIgnoresWhatOthersSee(t, cpu.Parallax)
}

func testIgnoresWhatOthersSee(t *testing.T, kernel streaming) {
	const rows, from = 300, 270 // the tile of the first that sees a bad key has others
	g := newGenerator(22)
	for _, probe := range []bool{false, true} {
		a := attr.New[attr.Attention]()
		a.Heads, a.KVHeads, a.Scale, a.Causal = 2, 1, 0.25, attr.CausalBottomRight
		in := []*tensor.Tensor{g.floats(1, 2, rows, 16), g.floats(1, 1, rows, 16), g.floats(1, 1, rows, 24)}
		if probe {
			a.Probe, a.HasProbe = attr.ProbeLearned, true
			in = append(in, g.floats(1, 2, rows, 16))
		}
		clean := kernel.run(t, "clean", a, in)[0]
		for operand := 1; operand <= 2; operand++ {
			for _, bad := range []float64{math.NaN(), math.Inf(1)} {
				spoiled := append([]*tensor.Tensor{}, in...)
				x := in[operand].Clone()
				size := x.Shape[3]
				for j := from; j < rows; j++ {
					x.SetFloat(j*size+j%size, bad)
				}
				spoiled[operand] = x
				got := kernel.run(t, "spoiled", a, spoiled)[0]
				for h := range 2 {
					for q := range rows {
						at := (h*rows + q) * 24
						finite := true
						for d := range 24 {
							if q < from && got.FloatAt(at+d) != clean.FloatAt(at+d) {
								t.Fatalf("operand %d holds %g from key %d on: query %d is %g, want %g", operand, bad, from, q, got.FloatAt(at+d), clean.FloatAt(at+d))
							}
							finite = finite && math.Abs(got.FloatAt(at+d)) <= math.MaxFloat32
						}
						if q >= from && finite && (operand == 2 || math.IsNaN(bad)) {
							t.Fatalf("operand %d holds %g from key %d on: query %d is finite", operand, bad, from, q)
						}
					}
				}
			}
		}
	}
}

package simd

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestSteps compares programs of steps with the function of each step on all
// elements, to the bit: whatever ends up in registers, each step rounds.
func TestSteps(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	special := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0, float32(math.Copysign(0, -1)), 1e-42, 3e38}
	eachLevel(t, func(t *testing.T, k *Kernels) {
		swap := func(f func(n int, z, x, y *float32)) func(n int, z, x, y *float32) {
			return func(n int, z, x, y *float32) { f(n, z, y, x) }
		}
		functions := [stepFunctions]func(n int, z, x, y *float32){
			StepLoad: func(n int, z, _, y *float32) { k.AddNumber(n, z, y, float32(math.Copysign(0, -1))) },
			StepAdd:  k.Add, StepSub: k.Sub, StepSubFrom: swap(k.Sub), StepMul: k.Mul, StepDiv: k.Div, StepDivInto: swap(k.Div),
			StepMax: k.Max, StepMaxOf: swap(k.Max), StepMin: k.Min, StepMinOf: swap(k.Min),
		}
		for _, n := range append(sizes, 511, 512, 1023) {
			for _, atEnd := range []bool{false, true} {
				x := make([][]float32, 4)
				for i := range x {
					x[i] = filled(t, rng, n, atEnd, 0, 2)
					for range n / 8 {
						x[i][rng.IntN(n)] = special[rng.IntN(len(special))]
					}
				}
				var steps []Step
				var got, want [][]float32
				a, y := make([]float32, n), make([]float32, n)
				store := func() {
					z := guarded(t, n, atEnd)
					steps = append(steps, Step{Op: StepStore, X: &z[0]})
					got, want = append(got, z), append(want, append([]float32{}, a...))
				}
				for range 2 * stepFunctions {
					op := StepOp(rng.IntN(int(stepFunctions)))
					if len(steps) == 0 {
						op = StepLoad
					}
					if from := x[rng.IntN(len(x))]; rng.IntN(2) == 0 {
						copy(y, from)
						steps = append(steps, Step{Op: op, X: &from[0]})
					} else {
						number := append(special, 0.5, -3)[rng.IntN(len(special)+2)]
						for i := range y {
							y[i] = number
						}
						steps = append(steps, Step{Op: op.OfNumber(), Number: number})
					}
					functions[op](n, &a[0], &a[0], &y[0])
					if rng.IntN(4) == 0 {
						store()
					}
				}
				store()
				k.Steps(n, len(steps), &steps[0])
				for s := range got {
					for i, v := range got[s] {
						if w := want[s][i]; math.Float32bits(v) != math.Float32bits(w) && (v == v || w == w) {
							t.Fatalf("result %d of %d elements: element %d is %g, want %g", s, n, i, v, w)
						}
					}
				}
			}
		}
	})
}

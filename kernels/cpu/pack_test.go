package cpu

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
	"github.com/parallax-go/parallax/kernels/par"
)

// TestPackingIsComplete: a packed weight depends on the weight alone, not on what lay in
// its memory, nor on the number of threads. Weights of several models are one if they
// are the same once packed.
func TestPackingIsComplete(t *testing.T) {
	type pack = func(pool *par.Pool, packed, w *tensor.Tensor) error
	many := par.New(3)
	defer many.Close()
	random := rand.New(rand.NewPCG(1, 2))
	for _, shape := range [][2]int{{1, 1}, {1, 70}, {70, 1}, {7, 33}, {64, 96}, {65, 512}, {130, 300}, {0, 5}, {5, 0}} {
		columns := [2]int{shape[1] / 3, shape[1]}
		for name, pack := range map[string]pack{
			"PackB": PackB, "PackBT": PackBT, "PackColumns": PackColumns(columns[0], columns[1]),
			"PackBrain": PackBrain, "PackBrainT": PackBrainT, "PackBrainColumns": PackBrainColumns(columns[0], columns[1]),
		} {
			for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
				for _, exact := range []bool{false, true} {
					w := tensor.New(d, shape[0], shape[1])
					for i := range w.Len() {
						x := random.NormFloat64()
						if exact {
							x = float64(random.IntN(256))
						}
						w.SetFloat(i, x)
					}
					var want []byte
					for i, pool := range []*par.Pool{nil, many, nil} {
						dirt := bytes.Repeat([]byte{byte(0x55 * i)}, 1<<20)
						packed := tensor.WithBuffer(dirt)
						if err := pack(pool, packed, w); err != nil {
							t.Fatal(err)
						}
						switch got := packed.Bytes(); {
						case i == 0:
							want = bytes.Clone(got)
						case !bytes.Equal(got, want):
							t.Errorf("%s of %s, exact %t: attempt %d differs", name, w, exact, i)
						}
					}
				}
			}
		}
	}
}

// TestPackedPanels: element (p, j) of a weight lies in panel j / columns.
func TestPackedPanels(t *testing.T) {
	columns := simd.Active.Columns
	for _, shape := range [][2]int{{1, 1}, {3, 31}, {17, 32}, {9, 33}, {100, 3*columns + 5}} {
		k, n := shape[0], shape[1]
		for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
			straight, turned := tensor.New(d, k, n), tensor.New(d, n, k)
			for i := range k * n {
				straight.SetFloat(i, float64(i%251)+.5)
				turned.SetFloat(i%n*k+i/n, float64(i%251)+.5)
			}
			for name, f := range map[string]func(*tensor.Tensor) error{
				"PackB":  func(p *tensor.Tensor) error { return PackB(nil, p, straight) },
				"PackBT": func(p *tensor.Tensor) error { return PackBT(nil, p, turned) },
			} {
				packed := &tensor.Tensor{}
				if err := f(packed); err != nil {
					t.Fatal(err)
				}
				for i := range k * n {
					p, j := i/n, i%n
					first := j / columns * columns
					at := first*k + p*min(columns, n-first) + j - first
					if got, want := packed.FloatAt(at), straight.FloatAt(i); got != want {
						t.Fatalf("%s of %s: element (%d, %d) is %v, want %v", name, straight, p, j, got, want)
					}
				}
			}
		}
	}
}

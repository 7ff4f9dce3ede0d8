package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// eachBytes runs f on the levels that have products of bytes.
func eachBytes(t *testing.T, f func(t *testing.T, k *Kernels, p *Lines)) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		p := k.Bytes()
		if p == nil {
			t.Skip("no products of bytes")
		}
		f(t, k, p)
	})
}

// guardedBytes are n random bytes between pages that can't be read, n even.
func guardedBytes(t *testing.T, rng *rand.Rand, n int) ([]uint16, []byte) {
	t.Helper()
	list := guardedWords(t, n/2)
	all := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(list))), n)
	for i := range all {
		all[i] = byte(rng.Uint32())
	}
	return list, all
}

func integers(x []float32) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

// TestBytes compares every height, and several panels at once, with sums of integers,
// which wrap: the products of 255 and −128 that a k of these sizes can't add up to are
// what the sums begin with.
func TestBytes(t *testing.T) {
	const line = 2 * PairStep
	rng := rand.New(rand.NewPCG(9, 9))
	eachBytes(t, func(t *testing.T, k *Kernels, p *Lines) {
		for rows := 1; rows <= p.Rows; rows++ {
			for _, depth := range []int{line, 3 * line} {
				panels := 1 + rows%3
				ldb, ldc := depth*k.Columns+8, panels*k.Columns+5
				aWords, a := guardedBytes(t, rng, rows*depth)
				bWords, b := guardedBytes(t, rng, (panels-1)*ldb+depth*k.Columns)
				c := guarded(t, (rows-1)*ldc+panels*k.Columns, true)
				sums, start := integers(c), make([]int32, len(c))
				for i := range start {
					start[i] = int32(rng.Uint32())
				}
				for add := range 2 {
					copy(sums, start)
					p.Product(panels, rows, depth/2, &aWords[0], &bWords[0], ldb/2, &c[0], ldc, add, add*ldb/2)
					for at, got := range sums {
						i, j := at/ldc, at%ldc
						want := start[at]
						if j < panels*k.Columns {
							want *= int32(add)
							for q := range depth {
								x := a[(q/line*rows+i)*line+q%line]
								y := int8(b[j/k.Columns*ldb+(q/4*k.Columns+j%k.Columns)*4+q%4])
								want += int32(x) * int32(y)
							}
						}
						if got != want {
							t.Fatalf("%d panels, %d rows, k %d, add %d: row %d column %d: %d, want %d", panels, rows, depth, add, i, j, got, want)
						}
					}
				}
			}
		}
	})
}

// TestToSteps: ties, both limits, infinities and NaN are among the numbers.
func TestToSteps(t *testing.T) {
	const line, rows, ldx = 64, 3, 2*64 + 5
	list := []float32{0, 0.5, 1.5, 2.5, -0.5, -1.5, 1e30, -1e30, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 126.99, -128.5, 254.5, 255.5}
	rng := rand.New(rand.NewPCG(10, 10))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		if k.ToSteps == nil {
			t.Skip("no kernel")
		}
		for _, c := range []struct{ least, most, zero float32 }{{0, 255, 0}, {0, 255, 37}, {-128, 127, 0}, {-128, 127, -5}} {
			for _, scale := range []float32{1, 0.37} {
				x := guarded(t, (rows-1)*ldx+2*line, true)
				for i := range x {
					x[i] = float32(rng.NormFloat64() * 60)
					if i%3 == 0 {
						x[i] = scale * list[i/3%len(list)]
					}
				}
				_, z := guardedBytes(t, rng, rows*2*line)
				k.ToSteps(rows, 2*line, &z[0], rows*line, &x[0], ldx, scale, c.least-c.zero, c.most-c.zero, c.zero)
				for i := range rows {
					for j := range 2 * line {
						v := x[i*ldx+j] / scale
						want := c.least
						if v == v {
							want = min(max(float32(math.RoundToEven(float64(v)))+c.zero, c.least), c.most)
						}
						got := float32(z[j/line*rows*line+i*line+j%line])
						if c.least < 0 {
							got = float32(int8(z[j/line*rows*line+i*line+j%line]))
						}
						if got != want {
							t.Fatalf("%g in steps of %g from %g is %g, want %g", x[i*ldx+j], scale, c.zero, got, want)
						}
					}
				}
			}
		}
	})
}

// TestByteSums compares what stands before and after a product of bytes with plain Go.
func TestByteSums(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 11))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		if k.OuterSums == nil {
			t.Skip("no kernel")
		}
		for _, n := range []int{1, 15, 16, 17, 64, 100} {
			const rows = 3
			ldz := n + 2
			z, d, x := guarded(t, (rows-1)*ldz+n, true), guarded(t, n, true), guarded(t, rows, true)
			for _, list := range [][]float32{z, d, x} {
				for i := range list {
					integers(list)[i] = int32(rng.Uint32())
				}
			}
			name := fmt.Sprintf("%d of a row", n)
			for add := range int32(2) {
				before := append([]int32{}, integers(z)...)
				k.OuterSums(rows, n, &z[0], ldz, &d[0], &x[0], int(add))
				for i := range rows {
					for j := range n {
						if got, want := integers(z)[i*ldz+j], integers(d)[j]*integers(x)[i]+add*before[i*ldz+j]; got != want {
							t.Fatalf("%s, add %d: sum (%d, %d) is %d, want %d", name, add, i, j, got, want)
						}
					}
				}
			}
			before := append([]int32{}, integers(z)...)
			scale := guarded(t, n, true)
			for j := range scale {
				scale[j] = float32(rng.NormFloat64())
			}
			k.FromSteps(rows, n, &z[0], ldz, &scale[0])
			for i := range rows {
				for j := range n {
					if got, want := z[i*ldz+j], float32(before[i*ldz+j])*scale[j]; got != want {
						t.Fatalf("%s: %d times %g is %g, want %g", name, before[i*ldz+j], scale[j], got, want)
					}
				}
			}
		}
	})
}

// BenchmarkBytes is the speed of the highest tiles on operands in cache.
func BenchmarkBytes(b *testing.B) {
	for _, k := range Levels() {
		p := k.Bytes()
		if p == nil {
			continue
		}
		const depth, panels = 384, 16
		a, right, c := make([]uint16, depth/2*p.Rows), make([]uint16, panels*depth/2*k.Columns), make([]float32, p.Rows*panels*k.Columns)
		b.Run(k.Level, func(b *testing.B) {
			for b.Loop() {
				p.Product(panels, p.Rows, depth/2, &a[0], &right[0], depth/2*k.Columns, &c[0], panels*k.Columns, 0, 0)
			}
			b.ReportMetric(2*float64(p.Rows*panels*k.Columns*depth)*float64(b.N)/b.Elapsed().Seconds()/1e9, "G/s")
		})
	}
}

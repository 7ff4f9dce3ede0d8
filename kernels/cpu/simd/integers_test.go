package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

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

// TestIntegers tries every height, and several panels at once.
func TestIntegers(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for rows := 1; rows <= k.Integers().Rows; rows++ {
			for _, lines := range []int{1, 3} {
				checkIntegers(t, rng, k, 1+rows%3, rows, lines)
			}
		}
	})
}

// FuzzIntegers tries other sizes and numbers on all levels of this machine.
func FuzzIntegers(f *testing.F) {
	f.Add(uint64(1), uint8(1), uint8(1), uint8(1))
	f.Add(uint64(2), uint8(3), uint8(13), uint8(7))
	f.Fuzz(func(t *testing.T, seed uint64, panels, rows, lines uint8) {
		for _, k := range Levels() {
			rng := rand.New(rand.NewPCG(seed, 1))
			checkIntegers(t, rng, k, int(panels%4)+1, int(rows)%k.Integers().Rows+1, int(lines%9)+1)
		}
	})
}

// checkIntegers compares with sums of integers, which wrap: the sums begin with any numbers.
func checkIntegers(t *testing.T, rng *rand.Rand, k *Kernels, panels, rows, lines int) {
	t.Helper()
	p := k.Integers()
	line := 2 * PairStep / p.Bytes // numbers
	depth := lines * line
	ldb, ldc := depth*k.Columns+8, panels*k.Columns+5
	a, left := guardedIntegers(t, rng, p, rows*depth, false)
	b, right := guardedIntegers(t, rng, p, (panels-1)*ldb+depth*k.Columns, true)
	c := guarded(t, (rows-1)*ldc+panels*k.Columns, true)
	sums, start := integers(c), make([]int32, len(c))
	for i := range start {
		start[i] = int32(rng.Uint32())
	}
	perLane, words := 4/p.Bytes, func(n int) int { return n * p.Bytes / 2 }
	for add := range 2 {
		copy(sums, start)
		p.Product(panels, rows, words(depth), &a[0], &b[0], words(ldb), &c[0], ldc, add, add*words(ldb))
		for at, got := range sums {
			i, j := at/ldc, at%ldc
			want := start[at]
			if j < panels*k.Columns {
				want *= int32(add)
				for q := range depth {
					want += left[(q/line*rows+i)*line+q%line] * right[j/k.Columns*ldb+(q/perLane*k.Columns+j%k.Columns)*perLane+q%perLane]
				}
			}
			if got != want {
				t.Fatalf("%s: %d panels, %d rows, k %d, add %d: row %d column %d: %d, want %d", k.Level, panels, rows, depth, add, i, j, got, want)
			}
		}
	}
}

// guardedIntegers are n random integers of 8 bits as the kernels take them, and what they are.
func guardedIntegers(t *testing.T, rng *rand.Rand, p *Integers, n int, signed bool) ([]uint16, []int32) {
	t.Helper()
	words, bytes := guardedBytes(t, rng, n*p.Bytes)
	list := make([]int32, n)
	for i := range list {
		list[i] = int32(byte(rng.Uint32()))
		if signed {
			list[i] = int32(int8(list[i]))
		}
		if p.Bytes == 1 {
			bytes[i] = byte(list[i])
		} else {
			words[i] = uint16(list[i])
		}
	}
	return words, list
}

// TestToSteps: ties, both limits, infinities and NaN are among the numbers.
func TestToSteps(t *testing.T) {
	const line, rows, ldx = 64, 3, 2*64 + 5
	list := []float32{0, 0.5, 1.5, 2.5, -0.5, -1.5, 1e30, -1e30, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 126.99, -128.5, 254.5, 255.5}
	rng := rand.New(rand.NewPCG(10, 10))
	eachLevel(t, func(t *testing.T, k *Kernels) {
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
				if k.ToSteps != nil {
					k.ToSteps(rows, 2*line, &z[0], rows*line, &x[0], ldx, scale, c.least-c.zero, c.most-c.zero, c.zero)
				}
				wide := guardedWords(t, rows*2*line)
				k.ToWordSteps(rows, 2*line, &wide[0], 2*rows*line/2, &x[0], ldx, scale, c.least-c.zero, c.most-c.zero, c.zero)
				for i := range rows {
					for j := range 2 * line {
						v := x[i*ldx+j] / scale
						want := c.least
						if v == v {
							want = min(max(float32(math.RoundToEven(float64(v)))+c.zero, c.least), c.most)
						}
						const words = line / 2
						if got := float32(int16(wide[j/words*rows*words+i*words+j%words])); got != want {
							t.Fatalf("%g in steps of %g from %g is the word %g, want %g", x[i*ldx+j], scale, c.zero, got, want)
						}
						got := float32(z[j/line*rows*line+i*line+j%line])
						if c.least < 0 {
							got = float32(int8(z[j/line*rows*line+i*line+j%line]))
						}
						if k.ToSteps != nil && got != want {
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

// TestFromBytes: all bytes, at sizes around those of vectors.
func TestFromBytes(t *testing.T) {
	rng := rand.New(rand.NewPCG(14, 14))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, n := range []int{2, 14, 16, 18, 64, 512} {
			_, x := guardedBytes(t, rng, n)
			for i := range x {
				x[i] += byte(i)
			}
			zero, scale := float32(rng.IntN(256)-128), float32(rng.NormFloat64())
			for signed, f := range k.FromBytes {
				for _, part := range []int{n, n - 1} {
					z := guarded(t, part, true)
					f(part, &z[0], &x[n-part], zero, scale)
					for i, v := range x[n-part:] {
						number := float32(v)
						if signed == 1 {
							number = float32(int8(v))
						}
						if want := (number - zero) * scale; z[i] != want {
							t.Fatalf("signed %d, %d bytes: byte %#x from %g in steps of %g is %g, want %g", signed, part, v, zero, scale, z[i], want)
						}
					}
				}
			}
		}
	})
}

// BenchmarkIntegers is the speed of the highest tiles on operands in cache.
func BenchmarkIntegers(b *testing.B) {
	for _, k := range Levels() {
		p := k.Integers()
		const bytes, panels = 384, 16
		a, right, c := make([]uint16, bytes/2*p.Rows), make([]uint16, panels*bytes/2*k.Columns), make([]float32, p.Rows*panels*k.Columns)
		b.Run(k.Level+"/"+p.Name, func(b *testing.B) {
			for b.Loop() {
				p.Product(panels, p.Rows, bytes/2, &a[0], &right[0], bytes/2*k.Columns, &c[0], panels*k.Columns, 0, 0)
			}
			b.ReportMetric(2*float64(p.Rows*panels*k.Columns*bytes/p.Bytes)*float64(b.N)/b.Elapsed().Seconds()/1e9, "G/s")
		})
	}
}

package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// normals are n normal numbers beside a page that can't be touched.
func normals(t *testing.T, rng *rand.Rand, n int) []float32 {
	x := guarded(t, max(n, 1), true)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

func TestPanelStrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, n := range []int{1, 3, 4, 8, 15, 16, 17, 32, 64, 80, 100} {
			pitch, height := n+3, (n+k.Lanes-1)/k.Lanes*k.Lanes
			x := normals(t, rng, (k.Lanes-1)*pitch+n)
			for first := 0; first < k.Columns; first += k.Lanes {
				z := normals(t, rng, height*k.Columns)
				before := slices.Clone(z)
				k.PanelStrip(n, &z[first], &x[0], pitch, &x[0], pitch)
				for i, got := range z {
					d, c := i/k.Columns, i%k.Columns-first
					want := float32(0)
					switch {
					case c < 0 || c >= k.Lanes:
						want = before[i]
					case d < n:
						want = x[c*pitch+d]
					}
					if got != want {
						t.Fatalf("%d elements, columns from %d: element %d of column %d is %g, want %g", n, first, d, c, got, want)
					}
				}
			}
		}
	})
}

func TestPanel(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, rows := range []int{1, 2, 4, 5, 9, 32} {
			for width, f := range map[int]func(rows int, z, x *float32, ldx int){k.Columns: k.Panel, k.Lanes: k.NarrowPanel} {
				pitch := width + 5
				x, z := normals(t, rng, (rows-1)*pitch+width), normals(t, rng, rows*width)
				f(rows, &z[0], &x[0], pitch)
				for i, got := range z {
					if want := x[i/width*pitch+i%width]; got != want {
						t.Fatalf("%d rows of %d: element %d is %g, want %g", rows, width, i, got, want)
					}
				}
			}
		}
	})
}

// TestNarrowRows: a panel of one vector gives the bits of a wider one.
func TestNarrowRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for rows := 1; rows <= k.Rows; rows++ {
			for _, depth := range []int{1, 4, 7, 64} {
				a, wide, narrow := normals(t, rng, rows*depth), normals(t, rng, depth*k.Columns), normals(t, rng, depth*k.Lanes)
				for i := range narrow {
					narrow[i] = wide[i/k.Lanes*k.Columns+i%k.Lanes]
				}
				for add := range 2 {
					want, got := make([]float32, rows*k.Columns), normals(t, rng, rows*k.Lanes)
					for i, x := range got {
						want[i/k.Lanes*k.Columns+i%k.Lanes] = x
					}
					k.ProductRows[rows](depth, &a[0], depth, &wide[0], &want[0], k.Columns, add)
					k.NarrowRows[rows](depth, &a[0], depth, &narrow[0], &got[0], k.Lanes, add)
					for i, x := range got {
						if x != want[i/k.Lanes*k.Columns+i%k.Lanes] {
							t.Fatalf("%d rows, depth %d, add %d: element %d is %g", rows, depth, add, i, x)
						}
					}
				}
			}
		}
	})
}

// TestStream: values as they lie give the bits of values in panels.
func TestStream(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, size := range []int{1, 7, 8, 16, 24, 33, 64, 80, 128, 131} {
			for _, n := range []int{1, 3, 4, 37} {
				for rows := 1; rows < len(k.Stream); rows++ {
					for add := range 2 {
						testStream(t, k, rng, rows, n, size, add)
					}
				}
			}
		}
	})
}

func testStream(t *testing.T, k *Kernels, rng *rand.Rand, rows, n, size, add int) {
	t.Helper()
	pitch, ldw := size+2, n+1
	whole := (size + k.Columns - 1) / k.Columns * k.Columns
	v, w := normals(t, rng, (n-1)*pitch+size), normals(t, rng, (rows-1)*ldw+n)
	got := normals(t, rng, (rows-1)*pitch+size)
	want, panel := make([]float32, rows*whole), make([]float32, n*k.Columns)
	for r := range rows {
		copy(want[r*whole:], got[r*pitch:][:size])
	}
	for col := 0; col < size; col += k.Columns {
		clear(panel)
		for j := range n {
			copy(panel[j*k.Columns:], v[j*pitch+col:][:min(k.Columns, size-col)])
		}
		for r := range rows {
			k.ProductRows[1](n, &w[r*ldw], ldw, &panel[0], &want[r*whole+col], whole, add)
		}
	}
	k.Stream[rows](n, size, &v[0], pitch, &w[0], ldw, &got[0], pitch, add)
	for r := range rows {
		for d, x := range got[r*pitch:][:size] {
			if x != want[r*whole+d] {
				t.Fatalf("%d rows, %d keys of %d, add %d: row %d element %d is %g, want %g", rows, n, size, add, r, d, x, want[r*whole+d])
			}
		}
	}
}

var inf = float32(math.Inf(1))

// TestWeigh compares weights with float64: beside 4 units they have a rounding of
// the score. Scores of −∞ weigh nothing, and more of them change no bit.
func TestWeigh(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, columns := range []int{1, 2, 5} {
			const rows = 4
			n := columns * k.Columns
			pitch := n + k.Columns
			s := normals(t, rng, rows*pitch)
			for i := range s {
				s[i] *= 20
				if i%pitch >= n || i%7 == 3 {
					s[i] = -inf
				}
			}
			for j := range n { // row 2 sees nothing, row 3 NaN
				s[2*pitch+j] = -inf
			}
			s[3*pitch] = float32(math.NaN())
			long, scores := slices.Clone(s), slices.Clone(s)
			var top, sum, longTop, longSum [rows]float32
			k.Weigh(rows, n, &s[0], pitch, &top[0], &sum[0])
			k.Weigh(rows, pitch, &long[0], pitch, &longTop[0], &longSum[0])
			for i := range 3 {
				if top[i] != longTop[i] || sum[i] != longSum[i] {
					t.Errorf("row %d of %d: top and sum %g, %g; with hidden keys behind %g, %g", i, n, top[i], sum[i], longTop[i], longSum[i])
				}
				checkWeights(t, fmt.Sprintf("row %d of %d", i, n), scores[i*pitch:][:n], s[i*pitch:], top[i], sum[i])
			}
			if sum[3] == sum[3] || top[3] != top[3] {
				t.Errorf("row of NaN: top %g, sum %g", top[3], sum[3])
			}
		}
	})
}

func checkWeights(t *testing.T, name string, scores, weights []float32, top, sum float32) {
	t.Helper()
	if want := slices.Max(scores); top != want {
		t.Fatalf("%s: top %g, want %g", name, top, want)
	}
	const least = 0x1p-126 // of the normal numbers
	total := 0.0
	for j, x := range scores {
		want := math.Exp(float64(x) - float64(top))
		if w := weights[j]; w > 0 && w < least {
			t.Fatalf("%s: weight of %g is %g, which is not normal", name, x-top, w)
		}
		if math.IsInf(float64(x), -1) {
			want = 0
		}
		total += want
		exact := x == top && weights[j] != 1 && want != 0 || want == 0 && weights[j] != 0
		if err := math.Abs(float64(weights[j]) - want); exact || err > want*(4+math.Abs(float64(x-top)))/(1<<23)+1.001*least {
			t.Fatalf("%s: weight of %g is %g, want %g", name, x-top, weights[j], want)
		}
	}
	if math.Abs(float64(sum)-total) > total*1e-5 {
		t.Fatalf("%s: sum %g, want %g", name, sum, total)
	}
}

// TestWeighProbed: the first results are those of Weigh; a key without weight may
// hold anything.
func TestWeighProbed(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		n := 3 * k.Columns
		for form, f := range k.WeighProbed {
			s, probe := normals(t, rng, 2*n), normals(t, rng, 2*n)
			for i := range s {
				if i%5 == 1 {
					s[i], probe[i] = -inf, float32(math.NaN())
				}
			}
			want, before := slices.Clone(s), slices.Clone(probe)
			var top, sum, second, wantTop, wantSum [2]float32
			k.Weigh(2, n, &want[0], n, &wantTop[0], &wantSum[0])
			f(2, n, &s[0], &probe[0], n, &top[0], &sum[0], &second[0])
			if !slices.Equal(s, want) || top != wantTop || sum != wantSum {
				t.Errorf("form %d gives other weights than Weigh", form)
			}
			for i := range second {
				total, size := 0.0, 0.0
				for j := i * n; j < (i+1)*n; j++ {
					x := float32(0)
					if s[j] != 0 {
						x = s[j] * before[j]
					}
					total, size = total+float64(x), size+math.Abs(float64(x))
					if form == 1 && probe[j] != x || form == 0 && probe[j] != before[j] && before[j] == before[j] {
						t.Fatalf("form %d: element %d is %g after %g with weight %g", form, j, probe[j], before[j], s[j])
					}
				}
				if math.Abs(float64(second[i])-total) > 1e-6*size {
					t.Errorf("form %d: second sum %g, want %g", form, second[i], total)
				}
			}
		}
	})
}

func TestCorrect(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 18))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		n := 2 * k.Columns
		s, probe := normals(t, rng, 2*n), normals(t, rng, 2*n)
		s[1], probe[1] = 0, inf
		scale, shift := []float32{2, -3}, []float32{1, 0.5}
		before := slices.Clone(s)
		k.Correct(2, n, &s[0], &probe[0], n, &scale[0], &shift[0])
		for i, got := range s {
			want := before[i] * scale[i/n] * (shift[i/n] - probe[i])
			if before[i] == 0 {
				want = 0
			}
			if got != want {
				t.Fatalf("element %d is %g, want %g", i, got, want)
			}
		}
	})
}

// TestJoin: the states of rows that saw nothing change no bit of others.
func TestJoin(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for n := 1; n <= 2*k.Lanes+3; n++ {
			column := func() []float32 { return guarded(t, n, true) }
			top, sum, second, a := column(), column(), column(), column()
			late, lateSum, lateSecond, b := column(), column(), column(), column()
			for i := range n {
				top[i], sum[i], second[i] = float32(i), 2, 3
				late[i], lateSum[i], lateSecond[i] = float32(i)+0.5, 4, 5
				switch i % 4 {
				case 1:
					late[i], lateSum[i], lateSecond[i] = -inf, 0, 0
				case 2:
					top[i], sum[i], second[i] = -inf, 0, 0
				case 3:
					top[i], sum[i], second[i] = -inf, 0, 0
					late[i], lateSum[i], lateSecond[i] = -inf, 0, 0
				}
			}
			k.Join(n, &top[0], &sum[0], &second[0], &late[0], &lateSum[0], &lateSecond[0], &a[0], &b[0])
			early := math.Exp(-0.5)
			for i := range n {
				want := [][5]float64{
					{float64(i) + 0.5, 2*early + 4, 3*early + 5, early, 1},
					{float64(i), 2, 3, 1, 0},
					{float64(i) + 0.5, 4, 5, 0, 1},
					{math.Inf(-1), 0, 0, 0, 0},
				}[i%4]
				for j, got := range []float32{top[i], sum[i], second[i], a[i], b[i]} {
					if float64(got) != want[j] && !(math.Abs(float64(got)-want[j]) < 1e-6 && i%4 == 0) {
						t.Fatalf("%d rows: number %d of row %d is %g, want %g", n, j, i, got, want[j])
					}
				}
			}
		}
	})
}

func TestScaledRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 20))
	eachLevel(t, func(t *testing.T, k *Kernels) {
		for _, n := range sizes {
			const rows = 3
			pitch := n + 1
			x, y, z := normals(t, rng, (rows-1)*pitch+n), normals(t, rng, (rows-1)*pitch+n), normals(t, rng, (rows-1)*n+n)
			a, b := normals(t, rng, rows), normals(t, rng, rows)
			before := slices.Clone(x)
			k.ScaleRows(rows, n, &z[0], n, &x[0], pitch, &a[0])
			k.Blend(rows, n, &x[0], &y[0], pitch, &a[0], &b[0])
			for i, got := range z {
				at := i/n*pitch + i%n
				if want := before[at] * a[i/n]; got != want {
					t.Fatalf("ScaleRows of %d: element %d is %g, want %g", n, i, got, want)
				}
				want := float64(before[at])*float64(a[i/n]) + float64(y[at])*float64(b[i/n])
				if math.Abs(float64(x[at])-want) > 1e-6*(1+math.Abs(want)) {
					t.Fatalf("Blend of %d: element %d is %g, want %g", n, i, x[at], want)
				}
			}
			for i := range x {
				if i%pitch == n && x[i] != before[i] {
					t.Fatalf("Blend of %d wrote between the rows", n)
				}
			}
		}
	})
}

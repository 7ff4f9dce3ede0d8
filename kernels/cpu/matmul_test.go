package cpu

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
)

// threads are the counts that must not change a bit.
var threads = []int{1, 2, 3, 7}

// contexts returns a context for each count.
func contexts(t testing.TB) []*Ctx {
	var all []*Ctx
	for _, n := range threads {
		p := par.New(n)
		t.Cleanup(p.Close)
		all = append(all, NewCtx(p))
	}
	return all
}

// normals is a tensor of normal numbers.
func normals(rng *rand.Rand, d tensor.DType, shape ...int) *tensor.Tensor {
	t := tensor.New(d, shape...)
	for i := range t.Len() {
		t.SetFloat(i, rng.NormFloat64())
	}
	return t
}

// same runs f on every context and checks that the bits agree.
func same(t *testing.T, name string, ctxs []*Ctx, f func(c *Ctx, out *tensor.Tensor) error) *tensor.Tensor {
	t.Helper()
	var first *tensor.Tensor
	for i, c := range ctxs {
		out := tensor.New(tensor.Float32, 3) // dirty, of another shape
		if err := f(c, out); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if first == nil {
			first = out
		} else if !out.Equal(first) {
			t.Fatalf("%s: %d threads give other bits than %d", name, threads[i], threads[0])
		}
	}
	return first
}

// epsilon is the rounding unit of a type.
func epsilon(d tensor.DType) float64 {
	switch d {
	case tensor.Float16:
		return 1.0 / (1 << 11)
	case tensor.BFloat16:
		return 1.0 / (1 << 8)
	}
	return 1.0 / (1 << 24)
}

// checkProduct compares out[…, m, n] with the product in float64. Plain f32
// evaluation is off by at most k rounding units of Σ|terms|; √k is what errors
// of random sign leave, and 2 the margin.
func checkProduct(t *testing.T, name string, out *tensor.Tensor, m, n, k int, term func(entry, i, j, p int) float64) {
	t.Helper()
	u := epsilon(tensor.Float32)
	for e := range out.Len() / max(1, m*n) {
		for i := range m {
			for j := range n {
				sum, size := 0.0, 0.0
				for p := range k {
					x := term(e, i, j, p)
					sum, size = sum+x, size+math.Abs(x)
				}
				got := out.FloatAt((e*m+i)*n + j)
				limit := 2*u*(math.Sqrt(float64(k))+2)*size + epsilon(out.DType)*math.Abs(sum)
				if !(math.Abs(got-sum) <= limit) {
					t.Fatalf("%s: element (%d, %d, %d) is %g, want %g within %g", name, e, i, j, got, sum, limit)
				}
			}
		}
	}
}

func TestMatMul(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(1, 1))
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
		for _, s := range [][3]int{{1, 1, 1}, {1, 5, 3}, {2, 7, 4}, {3, 64, 70}, {5, 9, 6}, {65, 33, 130}, {130, 17, 9}, {4, 0, 5}, {0, 3, 4}} {
			m, k, n := s[0], s[1], s[2]
			name := fmt.Sprintf("%s %v", d, s)
			a, b := normals(rng, d, m, k), normals(rng, d, k, n)
			out := same(t, name, ctxs, func(c *Ctx, out *tensor.Tensor) error { return MatMul(c, out, a, b) })
			if diff := cmp.Diff([]int{m, n}, out.Shape); diff != "" {
				t.Fatalf("%s: shape %s", name, diff)
			}
			checkProduct(t, name, out, m, n, k, func(_, i, j, p int) float64 { return a.FloatAt(i*k+p) * b.FloatAt(p*n+j) })
			checkPacked(t, name, ctxs, a, b, out)
		}
	}
}

// turned is the transpose of a matrix.
func turned(b *tensor.Tensor) *tensor.Tensor {
	k, n := b.Shape[0], b.Shape[1]
	bT := tensor.New(b.DType, n, k)
	for i := range b.Len() {
		bT.SetFloat(i%n*k+i/n, b.FloatAt(i))
	}
	return bT
}

// checkPacked compares with the packed forms, bit for bit.
func checkPacked(t *testing.T, name string, ctxs []*Ctx, a, b, want *tensor.Tensor) {
	t.Helper()
	bT := turned(b)
	var packed, packedT tensor.Tensor
	if err := PackB(nil, &packed, b); err != nil {
		t.Fatal(err)
	}
	if err := PackBT(nil, &packedT, bT); err != nil {
		t.Fatal(err)
	}
	if !packed.Equal(&packedT) {
		t.Errorf("%s: PackB and PackBT differ", name)
	}
	plain := attr.New[attr.Gemm]()
	transposed := *plain
	transposed.TransB = true
	for form, f := range map[string]func(c *Ctx, out *tensor.Tensor) error{
		"MatMulPacked": func(c *Ctx, out *tensor.Tensor) error { return MatMulPacked(c, out, a, &packed) },
		"Gemm":         func(c *Ctx, out *tensor.Tensor) error { return Gemm(c, out, plain, a, b, nil) },
		"Gemm, B'":     func(c *Ctx, out *tensor.Tensor) error { return Gemm(c, out, &transposed, a, bT, nil) },
		"GemmPacked":   func(c *Ctx, out *tensor.Tensor) error { return GemmPacked(c, out, &transposed, a, &packed, nil) },
	} {
		if out := same(t, name+" "+form, ctxs, f); !out.Equal(want) {
			t.Errorf("%s: %s gives other bits than MatMul", name, form)
		}
	}
}

func TestMatMulBroadcast(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(2, 2))
	for _, c := range []struct{ a, b, want []int }{
		{[]int{2, 3, 4, 5}, []int{2, 3, 5, 6}, []int{2, 3, 4, 6}},
		{[]int{2, 1, 4, 5}, []int{3, 5, 6}, []int{2, 3, 4, 6}},
		{[]int{2, 3, 4, 5}, []int{5, 6}, []int{2, 3, 4, 6}},
		{[]int{4, 5}, []int{2, 3, 5, 6}, []int{2, 3, 4, 6}},
		{[]int{5}, []int{2, 5, 6}, []int{2, 6}},
		{[]int{2, 4, 5}, []int{5}, []int{2, 4}},
		{[]int{5}, []int{5}, []int{}},
		{[]int{0, 4, 5}, []int{1, 5, 6}, []int{0, 4, 6}},
	} {
		a, b := normals(rng, tensor.Float32, c.a...), normals(rng, tensor.Float32, c.b...)
		name := a.String() + b.String()
		out := same(t, name, ctxs, func(x *Ctx, out *tensor.Tensor) error { return MatMul(x, out, a, b) })
		if diff := cmp.Diff(c.want, out.Shape); diff != "" {
			t.Fatalf("%s: shape %s", name, diff)
		}
		k := c.a[len(c.a)-1]
		m, n := 1, 1
		if len(c.a) > 1 {
			m = c.a[len(c.a)-2]
		}
		if len(c.b) > 1 {
			n = c.b[len(c.b)-1]
		}
		entry := func(of, batch []int, e int) int { // the operand's product of entry e
			at, stride := 0, 1
			for i := 1; i <= len(batch); i++ {
				size := batch[len(batch)-i]
				if own := fromEnd(of, i); own != 1 {
					at += e % size * stride
					stride *= own
				}
				e /= size
			}
			return at
		}
		batch := c.want[:max(0, len(c.want)-min(len(c.a)-1, 1)-min(len(c.b)-1, 1))]
		as, bs := c.a[:max(0, len(c.a)-2)], c.b[:max(0, len(c.b)-2)]
		checkProduct(t, name, out, m, n, k, func(e, i, j, p int) float64 {
			return a.FloatAt((entry(as, batch, e)*m+i)*k+p) * b.FloatAt((entry(bs, batch, e)*k+p)*n+j)
		})
	}
}

func TestGemm(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(3, 3))
	m, k, n := 7, 12, 10
	for _, bias := range []*tensor.Tensor{nil, normals(rng, tensor.Float32, n), normals(rng, tensor.Float32, m, n),
		normals(rng, tensor.Float32, m, 1), normals(rng, tensor.Float32)} {
		a := attr.New[attr.Gemm]()
		a.Alpha, a.Beta, a.TransA = 0.5, 2, true
		x, y := normals(rng, tensor.Float32, k, m), normals(rng, tensor.Float32, k, n)
		out := same(t, "Gemm", ctxs, func(c *Ctx, out *tensor.Tensor) error { return Gemm(c, out, a, x, y, bias) })
		checkProduct(t, "Gemm "+bias.String(), out, m, n, k+1, func(_, i, j, p int) float64 {
			switch {
			case p < k:
				return 0.5 * x.FloatAt(p*m+i) * y.FloatAt(p*n+j)
			case bias == nil:
				return 0
			}
			at := 0
			if fromEnd(bias.Shape, 1) != 1 {
				at = j
			}
			if fromEnd(bias.Shape, 2) != 1 {
				at += i * fromEnd(bias.Shape, 1)
			}
			return 2 * bias.FloatAt(at)
		})
	}
}

func TestProductsRefuse(t *testing.T) {
	c := &Ctx{}
	f32 := func(shape ...int) *tensor.Tensor { return tensor.New(tensor.Float32, shape...) }
	var out tensor.Tensor
	for _, f := range []struct {
		err  error
		want string
	}{
		{MatMul(c, &out, f32(2, 3), f32(4, 5)), "f32[2,3] and f32[4,5]"},
		{MatMul(c, &out, f32(2, 2, 3), f32(3, 3, 5)), "batch axes"},
		{MatMul(c, &out, f32(2, 3), tensor.New(tensor.Int64, 3, 5)), "want f32"},
		{MatMul(c, &out, f32(), f32(3)), "want ranks"},
		{MatMulPacked(c, &out, f32(2, 3), f32(4, 5)), "packed weight"},
		{Gemm(c, &out, attr.New[attr.Gemm](), f32(2, 3), f32(2, 3), nil), "no product"},
		{Gemm(c, &out, attr.New[attr.Gemm](), f32(2, 3), f32(3, 2), f32(3)), "doesn't broadcast"},
		{PackB(nil, &out, f32(3)), "rank 2"},
	} {
		if f.err == nil || !strings.Contains(f.err.Error(), f.want) {
			t.Errorf("error %v, want one with %q", f.err, f.want)
		}
	}
}

func TestMatMulAllocatesNothing(t *testing.T) {
	c, rng := contexts(t)[1], rand.New(rand.NewPCG(4, 4))
	a, b := normals(rng, tensor.Float32, 4, 70, 40), normals(rng, tensor.Float32, 4, 40, 70)
	var out tensor.Tensor
	// Below 1, not 0: a garbage collection may empty the pool's list of jobs.
	if n := testing.AllocsPerRun(50, func() { _ = MatMul(c, &out, a, b) }); n >= 1 && !underRace {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkMatMul(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 5))
	for _, s := range [][3]int{{1, 768, 3072}, {8, 768, 768}, {128, 768, 768}, {512, 512, 512}} {
		m, k, n := s[0], s[1], s[2]
		x, y := normals(rng, tensor.Float32, m, k), normals(rng, tensor.Float32, k, n)
		var out, packed tensor.Tensor
		if err := PackB(nil, &packed, y); err != nil {
			b.Fatal(err)
		}
		serial, parallel := &Ctx{}, NewCtx(par.Default())
		for _, form := range []struct {
			name string
			f    func() error
		}{
			{"naive", func() error { return naive(&out, x, y) }},
			{"unpacked", func() error { return MatMul(serial, &out, x, y) }},
			{"packed", func() error { return MatMulPacked(serial, &out, x, &packed) }},
			{"packed-threads", func() error { return MatMulPacked(parallel, &out, x, &packed) }},
		} {
			b.Run(fmt.Sprintf("%dx%dx%d/%s", m, k, n, form.name), func(b *testing.B) {
				for b.Loop() {
					if err := form.f(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(2*float64(m*k*n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

// naive is the product as one would write it down.
func naive(out, a, b *tensor.Tensor) error {
	m, k, n := a.Shape[0], a.Shape[1], b.Shape[1]
	out.Reset(tensor.Float32, m, n)
	x, y, z := tensor.Data[float32](a), tensor.Data[float32](b), tensor.Data[float32](out)
	for i := range m {
		for j := range n {
			sum := float32(0)
			for p := range k {
				sum += float32(x[i*k+p] * y[p*n+j])
			}
			z[i*n+j] = sum
		}
	}
	return nil
}

// TestPackColumns: a part is packed as a weight of these columns alone is.
func TestPackColumns(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16} {
		const k, n = 5, 17
		w := normals(rng, d, k, n)
		for _, c := range [][2]int{{0, 17}, {0, 4}, {4, 8}, {3, 12}, {16, 17}, {6, 6}} {
			part := tensor.New(d, k, c[1]-c[0])
			for i := range part.Len() {
				width := c[1] - c[0]
				part.SetFloat(i, w.FloatAt(i/width*n+c[0]+i%width))
			}
			var got, want, gotBrain, wantBrain tensor.Tensor
			if err := errors.Join(
				PackColumns(c[0], c[1])(nil, &got, w), PackB(nil, &want, part),
				PackBrainColumns(c[0], c[1])(nil, &gotBrain, w), PackBrain(nil, &wantBrain, part),
			); err != nil {
				t.Fatal(err)
			}
			if !got.Equal(&want) || !gotBrain.Equal(&wantBrain) {
				t.Errorf("%s: columns %v are packed otherwise", d, c)
			}
		}
		for _, c := range [][2]int{{-1, 3}, {4, 3}, {0, 18}} {
			for _, pack := range []func(pool *par.Pool, packed, w *tensor.Tensor) error{PackColumns(c[0], c[1]), PackBrainColumns(c[0], c[1])} {
				if err := pack(nil, &tensor.Tensor{}, w); err == nil {
					t.Errorf("columns %v of %d: no error", c, n)
				}
			}
		}
	}
}

package cpu

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
	"github.com/parallax-go/parallax/kernels/par"
)

// withRoom lays out no more than so many bytes at a time until the test ends.
func withRoom(t *testing.T, bytes int) {
	before := mostLaid
	mostLaid = bytes
	t.Cleanup(func() { mostLaid = before })
}

// TestWaves: a product has the same bits whether there is room for all of its rows, for
// some of its blocks, or for one, and those that each row has alone.
func TestWaves(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8)) // or most threads would stay asleep
	ctxs := contexts(t)
	eachLevel(t, func(t *testing.T) {
		if simd.Active.Pairs() == nil {
			t.Skip("no products of pairs")
		}
		const m, k, n = 700, 200, 170
		rng := rand.New(rand.NewPCG(65, 1))
		w, x := asIn(tensor.BFloat16, normals(rng, tensor.Float32, k, n)), normals(rng, tensor.Float32, m, k)
		for _, pack := range []func(pool *par.Pool, packed, w *tensor.Tensor) error{PackB, PackBrain} {
			var packed tensor.Tensor
			if err := pack(nil, &packed, w); err != nil {
				t.Fatal(err)
			}
			checkWaves(t, ctxs, x, &packed, n)
		}
	})
}

func checkWaves(t *testing.T, ctxs []*Ctx, x, packed *tensor.Tensor, n int) {
	t.Helper()
	whole := mostLaid
	var want *tensor.Tensor
	for _, room := range []int{whole, 700 << 10, 400 << 10, 200 << 10, 1} {
		withRoom(t, room)
		got := same(t, fmt.Sprintf("room of %d bytes", room), ctxs, func(c *Ctx, out *tensor.Tensor) error { return MatMulPacked(c, out, x, packed) })
		if want == nil {
			want = got
		}
		if !got.Equal(want) {
			t.Fatalf("other bits in a room of %d bytes", room)
		}
	}
	withRoom(t, whole)
	for _, i := range []int{0, 33, 320, 699} {
		row := alone(t, ctxs[0], x, i, packed)
		for j := range n {
			if want.FloatAt(i*n+j) != row.FloatAt(j) {
				t.Fatalf("row %d, column %d has other bits alone", i, j)
			}
		}
	}
}

// TestWavesNorm: rows are normalised when all of their columns are there, in waves, too.
func TestWavesNorm(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	const m, k, n = 300, 96, 400
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(66, 2))
	w, x, scale := asIn(tensor.BFloat16, normals(rng, tensor.Float32, k, n)), normals(rng, tensor.Float32, m, k), normals(rng, tensor.Float32, n)
	var packed tensor.Tensor
	if err := PackB(nil, &packed, w); err != nil {
		t.Fatal(err)
	}
	a := attr.New[attr.Linear]()
	a.Norm = attr.LinearNormRMS
	var want *tensor.Tensor
	for _, room := range []int{mostLaid, 100 << 10, 1} {
		withRoom(t, room)
		got := same(t, fmt.Sprintf("room of %d bytes", room), ctxs, func(c *Ctx, out *tensor.Tensor) error {
			return Linear(c, []*tensor.Tensor{nil, out}, a, x, &packed, scale)
		})
		if want == nil {
			want = got
		}
		if !got.Equal(want) {
			t.Fatalf("other bits in a room of %d bytes", room)
		}
	}
}

// TestLayingPanics: a panic while rows are laid out reaches the caller, whoever waits for
// them, and the next product is none the worse.
func TestLayingPanics(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	const m, k, n = 700, 128, 300
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(67, 1))
	w, x := asIn(tensor.BFloat16, normals(rng, tensor.Float32, k, n)), normals(rng, tensor.Float32, m, k)
	var packed tensor.Tensor
	if err := PackB(nil, &packed, w); err != nil {
		t.Fatal(err)
	}
	if packed.Rank() == 2 {
		t.Skip("no products of pairs")
	}
	want := same(t, "whole", ctxs, func(c *Ctx, out *tensor.Tensor) error { return MatMulPacked(c, out, x, &packed) })
	for _, room := range []int{mostLaid, 100 << 10, 1} {
		withRoom(t, room)
		for _, rows := range []int{0, 10, 400, m - 1} { // that the operand has in fact
			for _, c := range ctxs {
				if r := panicOf(func() { productOf(c, m, k, n, tensor.Data[float32](x)[:rows*k:rows*k], &packed) }); r == nil {
					t.Fatalf("%d rows of %d: no panic", rows, m)
				}
				var got tensor.Tensor
				if err := MatMulPacked(c, &got, x, &packed); err != nil || !got.Equal(want) {
					t.Fatalf("%d rows of %d: other bits after a panic: %v", rows, m, err)
				}
			}
		}
	}
}

// productOf is a product whose left operand is not checked.
func productOf(c *Ctx, m, k, n int, left []float32, packed *tensor.Tensor) {
	p := &c.product
	p.begin(1)
	p.m, p.k, p.left = m, k, matrix{data: floats{f32: left}, row: k, col: 1}
	p.parts[0] = part{right: packedOperand(packed), n: n, out: floats{f32: make([]float32, m*n)}}
	p.run(c)
}

func panicOf(f func()) (r any) {
	defer func() { r = recover() }()
	f()
	return nil
}

package cpu

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
	"github.com/parallax-go/parallax/kernels/par"
)

// randomBytes is a tensor of i8 or u8, with both ends of the type among its elements.
func randomBytes(rng *rand.Rand, d tensor.DType, shape ...int) *tensor.Tensor {
	x := tensor.New(d, shape...)
	for i := range x.Bytes() {
		x.Bytes()[i] = byte(rng.Uint32())
		switch {
		case i%7 == 0:
			x.Bytes()[i] = 0x80
		case i%5 == 0:
			x.Bytes()[i] = 0x7f
		case i%11 == 0:
			x.Bytes()[i] = 0xff
		}
	}
	return x
}

// stepped are the numbers that DynamicQuantizeLinear makes of x, by its definition.
func stepped(x []float32) (steps []uint8, scale float32, zero uint8) {
	least, most := float32(0), float32(0)
	for _, v := range x {
		least, most = min(least, v), max(most, v)
	}
	if scale = (most - least) / 255; most == least {
		scale = 1
	}
	limited := func(v float64) uint8 { return uint8(min(max(math.RoundToEven(v), 0), 255)) }
	zero = limited(float64(-least / scale))
	for _, v := range x {
		steps = append(steps, limited(math.RoundToEven(float64(v/scale))+float64(zero)))
	}
	return steps, scale, zero
}

func TestDynamicQuantizeLinear(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 1))
	for _, shape := range [][]int{{}, {0}, {1}, {63}, {64, 3}, {5, 1000}, {3, 4096}} {
		for _, spread := range []float64{0, 1e-3, 40} {
			x := normals(rng, tensor.Float32, shape...)
			data := tensor.Data[float32](x)
			for i := range data {
				data[i] = float32(spread) * (data[i] + 0.3)
			}
			steps, scale, zero := stepped(data)
			for _, ctx := range contexts(t) {
				z, s, o := dirtyOutputs(1)[0], dirtyOutputs(1)[0], dirtyOutputs(1)[0]
				if err := DynamicQuantizeLinear(ctx, z, s, o, x); err != nil {
					t.Fatal(err)
				}
				want := tensor.New(tensor.Uint8, shape...)
				copy(want.Bytes(), steps)
				if !slices.Equal(z.Bytes(), want.Bytes()) || !tensor.SameShape(z.Shape, shape) || s.FloatAt(0) != float64(scale) || o.IntAt(0) != int64(zero) {
					t.Errorf("%v spread %g: steps of %g from %d, want %g from %d\n%s", shape, spread, s.FloatAt(0), o.IntAt(0), scale, zero, cmp.Diff(want.Bytes(), z.Bytes()))
				}
			}
		}
	}
}

// TestDequantizeLinear: each type, of one scale and of one for each index of an axis.
func TestDequantizeLinear(t *testing.T) {
	rng := rand.New(rand.NewPCG(28, 1))
	for _, d := range []tensor.DType{tensor.Uint8, tensor.Int8, tensor.Int32} {
		for _, axis := range []int{-1, 0, 1, 2} {
			x, scale, zero := tensor.New(d, 3, 5, 37), tensor.New(tensor.Float32), tensor.New(d)
			if axis >= 0 {
				scale, zero = tensor.New(tensor.Float32, x.Shape[axis]), tensor.New(d, x.Shape[axis])
			}
			for i := range x.Len() {
				x.SetInt(i, int64(int8(rng.Uint32())))
			}
			for i := range scale.Len() {
				scale.SetFloat(i, rng.Float64())
				zero.SetInt(i, int64(rng.IntN(100)))
			}
			for _, ctx := range contexts(t) {
				for _, offset := range []*tensor.Tensor{zero, nil} {
					z := dirtyOutputs(1)[0]
					if err := DequantizeLinear(ctx, z, &attr.Quantize{Axis: axis}, x, scale, offset); err != nil {
						t.Fatal(err)
					}
					for i := range x.Len() {
						at := 0
						if axis >= 0 {
							at = i / elements(x.Shape[axis+1:]) % x.Shape[axis]
						}
						number := x.IntAt(i)
						if offset != nil {
							number -= offset.IntAt(at)
						}
						if want := float32(number) * float32(scale.FloatAt(at)); float32(z.FloatAt(i)) != want {
							t.Fatalf("%s along axis %d: element %d is %g, want %g", d, axis, i, z.FloatAt(i), want)
						}
					}
				}
			}
		}
	}
}

// TestMatMulInteger compares with sums of integers: types, zero points of either side, one
// or many, and sizes around those of lines, tiles and panels, and of pieces.
func TestMatMulInteger(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(22, 1))
	sizes := [][]int{{1, 1, 1}, {1, 64, 32}, {3, 63, 31}, {2, 65, 33}, {17, 130, 70}, {0, 4, 5}, {4, 0, 5}, {3, 4, 0}, {33, 700, 40}, {70, 260, 100}}
	types := []tensor.DType{tensor.Int8, tensor.Uint8}
	for _, s := range sizes {
		m, k, n := s[0], s[1], s[2]
		for form := range 36 {
			dx, dw, transposed := types[form%2], types[form/2%2], form%3 == 0
			x, w := randomBytes(rng, dx, m, k), randomBytes(rng, dw, k, n)
			at := func(p, j int) int { return p*n + j }
			pack := PackBytes
			if transposed {
				w = randomBytes(rng, dw, n, k)
				at, pack = func(p, j int) int { return j*k + p }, PackBytesT
			}
			zeros := func(d tensor.DType, many, n int) *tensor.Tensor {
				return []*tensor.Tensor{nil, randomBytes(rng, d), randomBytes(rng, d, n)}[many]
			}
			zx, zw := zeros(dx, form/4%3, m), zeros(dw, form/12, n)
			zero := func(z *tensor.Tensor, i int) int64 {
				if z == nil {
					return 0
				}
				return z.IntAt(min(i, z.Len()-1))
			}
			want := tensor.New(tensor.Int32, m, n)
			for e := range want.Len() {
				sum, i, j := int64(0), e/n, e%n
				for p := range k {
					sum += (x.IntAt(i*k+p) - zero(zx, i)) * (w.IntAt(at(p, j)) - zero(zw, j))
				}
				tensor.Data[int32](want)[e] = int32(sum)
			}
			var packed tensor.Tensor
			if err := pack(nil, &packed, w); err != nil {
				t.Fatal(err)
			}
			for _, ctx := range ctxs {
				got := dirtyOutputs(1)[0]
				if err := MatMulIntegerPacked(ctx, got, x, &packed, zx, zw); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(tensor.Data[int32](got), tensor.Data[int32](want)) || !tensor.SameShape(got.Shape, want.Shape) {
					t.Fatalf("%v, %s by %s, transposed %t, zero points %s and %s:\n%s", s, dx, dw, transposed, zx, zw,
						cmp.Diff(tensor.Data[int32](want), tensor.Data[int32](got)))
				}
			}
		}
	}
}

// TestLinearInSteps: the exact result is that of the numbers that the steps stand for.
func TestLinearInSteps(t *testing.T) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(23, 1))
	for i, c := range linearCases(rng) {
		a := attr.Clone(c.a).(*attr.Linear)
		o, d := a.Operands(), c.in[0].DType
		a.Steps = attr.LinearStepsWeights
		types := []tensor.DType{tensor.Int8, tensor.Uint8}
		if d == tensor.Float32 && i%2 == 0 {
			a.Steps = attr.LinearStepsDynamic
			if i%4 == 0 {
				a.Steps, a.XStep, a.XZero = attr.LinearStepsStatic, 0.02, 100
			}
		} else {
			types = append(types, tensor.Int16)
		}
		var weights, steps, zeros []*tensor.Tensor
		exact := append([]*tensor.Tensor{}, c.in...)
		for q := range a.Weights {
			w := c.in[o.Weight+q]
			n, dw := linearWidth(a, w), types[(i/2+q)%len(types)]
			whole := tensor.New(dw, w.Shape...)
			for e := range whole.Len() {
				whole.SetInt(e, int64(rng.IntN(128)))
				if dw == tensor.Uint8 || dw == tensor.Int16 {
					whole.SetInt(e, int64(rng.IntN(256)))
				}
			}
			step := normals(rng, d, n)
			for e := range n {
				step.SetFloat(e, step.FloatAt(e)/100)
			}
			zero := tensor.New(dw, n)
			if a.OfIntegers() && (i+q)%3 > 0 {
				zero = randomBytes(rng, dw, n)
				a.Zeroed = append(a.Zeroed, q)
				zeros = append(zeros, zero)
			}
			weights, steps = append(weights, whole), append(steps, step)
			numbers := tensor.New(tensor.Float64, w.Shape...)
			for e := range numbers.Len() {
				j := e % max(n, 1)
				if a.TransB {
					j = e / max(w.Shape[1], 1)
				}
				numbers.SetFloat(e, float64(whole.IntAt(e)-zero.IntAt(j))*step.FloatAt(j))
			}
			exact[o.Weight+q] = numbers
		}
		if a.OfIntegers() {
			numbers := tensor.New(tensor.Float64, c.in[0].Shape...)
			x := tensor.Data[float32](c.in[0])
			bytes, scale, zero := stepped(x)
			if a.Steps == attr.LinearStepsStatic {
				scale, zero = a.XStep, uint8(a.XZero)
				for e, v := range x {
					bytes[e] = uint8(min(max(math.RoundToEven(float64(v/scale))+float64(zero), 0), 255))
				}
			}
			for e, v := range bytes {
				numbers.SetFloat(e, float64(int(v)-int(zero))*float64(scale))
			}
			exact[0] = numbers
		}
		in := slices.Concat([]*tensor.Tensor{c.in[0]}, weights, steps, zeros, c.in[o.Weight+a.Weights:])
		pack := map[bool]func(p, w *tensor.Tensor) error{}
		pack[false] = func(p, w *tensor.Tensor) error {
			if a.TransB {
				return PackBT(nil, p, w)
			}
			return PackB(nil, p, w)
		}
		pack[true] = func(p, w *tensor.Tensor) error {
			if a.TransB {
				return PackBytesT(nil, p, w)
			}
			return PackBytes(nil, p, w)
		}
		for q := range a.Weights {
			packed := &tensor.Tensor{}
			if err := pack[a.OfIntegers()](packed, in[1+q]); err != nil {
				t.Fatal(err)
			}
			in[1+q] = packed
		}
		// The exact case has the operands of a product that is not in steps, and the result
		// the type of x.
		plain := linearCase{name: fmt.Sprintf("%s %v {%s}", d, c.in[0].Shape, attr.Format(a)), a: c.a, in: exact}
		checkLinearBy(t, ctxs, plain, a, d, in)
	}
}

// TestPackBytesColumns: a part is packed as a weight of these columns alone is.
func TestPackBytesColumns(t *testing.T) {
	rng := rand.New(rand.NewPCG(24, 1))
	w := randomBytes(rng, tensor.Uint8, 70, 3*simd.Active.Columns+2)
	for _, c := range [][2]int{{0, 5}, {3, 2*simd.Active.Columns + 3}, {4, 4}, {0, w.Shape[1]}} {
		part := tensor.New(tensor.Uint8, 70, c[1]-c[0])
		for p := range 70 {
			copy(part.Bytes()[p*part.Shape[1]:][:part.Shape[1]], w.Bytes()[p*w.Shape[1]+c[0]:])
		}
		var got, want tensor.Tensor
		if err := PackBytesColumns(c[0], c[1])(nil, &got, w); err != nil {
			t.Fatal(err)
		}
		if err := PackBytes(nil, &want, part); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Bytes(), got.Bytes()); diff != "" || !tensor.SameShape(got.Shape, want.Shape) {
			t.Errorf("columns %v (-want +got):\n%s", c, diff)
		}
	}
	if err := PackBytesColumns(3, 9999)(nil, &tensor.Tensor{}, w); err == nil {
		t.Error("columns beyond the last are packed")
	}
}

func TestLinearInBlocks(t *testing.T) {
	sizes := [][]int{{1, 2, 1, 2}, {1, 64, 33, 16}, {2, 70, 32, 32}, {3, 130, 70, 64}, {17, 96, 40, 32}, {40, 700, 97, 128}, {0, 4, 5, 2}, {4, 0, 5, 2}, {3, 4, 0, 2}}
	checkLinearInBlocks(t, sizes, PackBlocks, func(x *tensor.Tensor, _ int) *tensor.Tensor { return x })
}

// TestLinearInBlockSteps: the product is that of x in steps.
func TestLinearInBlockSteps(t *testing.T) {
	sizes := [][]int{{1, 16, 1, 16}, {1, 64, 33, 16}, {2, 80, 32, 32}, {5, 144, 70, 64}, {7, 96, 40, 32}, {13, 64, 65, 32}, {40, 1200, 97, 128}, {0, 16, 5, 16}, {4, 0, 5, 16}, {3, 16, 0, 16}}
	checkLinearInBlocks(t, sizes, PackBlockQuads, blocksInSteps)
}

// blocksInSteps is x with each block of a row rounded to 127ths of its greatest number, where
// products take it so.
func blocksInSteps(x *tensor.Tensor, size int) *tensor.Tensor {
	if !HasSteps() {
		return x
	}
	k := x.Shape[1]
	out := tensor.New(tensor.Float64, x.Shape...)
	for i := range x.Shape[0] {
		for first := 0; first < k; first += size {
			row := make([]float32, min(size, k-first))
			for e := range row {
				row[e] = float32(x.FloatAt(i*k + first + e))
			}
			steps := make([]byte, len(row)+bytesOfStep)
			vec.RowSteps(1, len(row), &steps[0], &row[0])
			step := viewAs[float32](steps[len(row):])[0]
			for e := range row {
				out.SetFloat(i*k+first+e, float64(int8(steps[e]))*float64(step))
			}
		}
	}
	return out
}

// checkLinearInBlocks: every kind of weights, blocks that k is no multiple of, panels that are
// not full; and a row has the same bits however many there are beside it.
func checkLinearInBlocks(t *testing.T, sizes [][]int, pack func(pool *par.Pool, packed, w *tensor.Tensor) error, left func(x *tensor.Tensor, size int) *tensor.Tensor) {
	ctxs, rng := contexts(t), rand.New(rand.NewPCG(25, 1))
	types := []tensor.DType{tensor.Uint4, tensor.Int4, tensor.Uint8, tensor.Int8}
	for i := range 3 * len(sizes) * len(types) {
		s, dw := sizes[i%len(sizes)], types[i/len(sizes)%len(types)]
		d := []tensor.DType{tensor.Float32, tensor.Float16, tensor.BFloat16}[i/len(sizes)/len(types)]
		m, k, n, size := s[0], s[1], s[2], s[3]
		plain := attr.New[attr.Linear]()
		plain.TransB, plain.Biased = true, []int{0}
		if i%2 == 0 {
			plain.Weights, plain.Gated, plain.Activation = 2, true, attr.ActivationSilu
		}
		a := attr.Clone(plain).(*attr.Linear)
		a.Steps, a.BlockSize = attr.LinearStepsWeights, size
		x, bias := normals(rng, d, m, k), normals(rng, d, n)
		in, exact := []*tensor.Tensor{x}, []*tensor.Tensor{left(x, size)}
		var steps, zeros []*tensor.Tensor
		blocks := ceilDiv(k, size)
		for q := range a.Weights {
			w, step, zero := tensor.New(dw, n, k), normals(rng, d, n, blocks), tensor.New(dw, n, blocks)
			for _, t := range []*tensor.Tensor{w, zero} {
				for e := range t.Bytes() {
					t.Bytes()[e] = byte(rng.Uint32())
				}
			}
			for e := range step.Len() { // f16 has room for the results
				step.SetFloat(e, step.FloatAt(e)/100)
			}
			numbers := tensor.New(tensor.Float64, n, k)
			for e := range numbers.Len() {
				block := e/k*blocks + e%k/size
				numbers.SetFloat(e, float64(w.IntAt(e)-zero.IntAt(block))*step.FloatAt(block))
			}
			exact, a.Zeroed = append(exact, numbers), append(a.Zeroed, q)
			packed := [3]*tensor.Tensor{{}, {}, {}}
			for p, f := range []func(to *tensor.Tensor) error{
				func(to *tensor.Tensor) error { return pack(nil, to, w) },
				func(to *tensor.Tensor) error { return PackBlockSteps(nil, to, step) },
				func(to *tensor.Tensor) error { return PackBlockZeros(nil, to, zero) },
			} {
				if err := f(packed[p]); err != nil {
					t.Fatal(err)
				}
			}
			in, steps, zeros = append(in, packed[0]), append(steps, packed[1]), append(zeros, packed[2])
		}
		in, exact = slices.Concat(in, steps, zeros, []*tensor.Tensor{bias}), append(exact, bias)
		c := linearCase{fmt.Sprintf("%s in %s, %v {%s}", d, dw, s, attr.Format(a)), plain, exact}
		checkLinearBy(t, ctxs, c, a, d, in)
		if m < 2 {
			continue
		}
		all, one := dirtyOutputs(1), dirtyOutputs(1)
		if err := Linear(ctxs[0], all, a, in[0], in[1:]...); err != nil {
			t.Fatal(err)
		}
		row, err := tensor.FromBytes(d, []int{1, k}, x.Bytes()[:d.Bytes(k)])
		if err == nil {
			err = Linear(ctxs[0], one, a, row, in[1:]...)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(one[0].Bytes(), all[0].Bytes()[:d.Bytes(n)]) {
			t.Fatalf("%s: the first row alone has other bits", c.name)
		}
	}
}

// TestLinearInStepsAllocates: a steady run allocates nothing.
func TestLinearInStepsAllocates(t *testing.T) {
	rng := rand.New(rand.NewPCG(26, 1))
	const m, k, n, size = 9, 96, 70, 32
	x, step := normals(rng, tensor.Float32, m, k), normals(rng, tensor.Float32, n)
	zero := randomBytes(rng, tensor.Uint8, n)
	packed := func(pack func(pool *par.Pool, packed, w *tensor.Tensor) error, w *tensor.Tensor) *tensor.Tensor {
		t.Helper()
		p := &tensor.Tensor{}
		if err := pack(nil, p, w); err != nil {
			t.Fatal(err)
		}
		return p
	}
	weights := attr.New[attr.Linear]()
	weights.Steps = attr.LinearStepsWeights
	dynamic := attr.New[attr.Linear]()
	dynamic.Steps, dynamic.Zeroed = attr.LinearStepsDynamic, []int{0}
	blocks := attr.New[attr.Linear]()
	blocks.Steps, blocks.BlockSize, blocks.TransB, blocks.Zeroed = attr.LinearStepsWeights, size, true, []int{0}
	inBlocks := func(pack func(pool *par.Pool, packed, w *tensor.Tensor) error) []*tensor.Tensor {
		return []*tensor.Tensor{
			packed(pack, randomBytes(rng, tensor.Uint8, n, k)), packed(PackBlockSteps, normals(rng, tensor.Float32, n, k/size)), packed(PackBlockZeros, randomBytes(rng, tensor.Uint8, n, k/size)),
		}
	}
	for _, c := range []struct {
		a    *attr.Linear
		rest []*tensor.Tensor
	}{
		{weights, []*tensor.Tensor{packed(PackB, randomBytes(rng, tensor.Int8, k, n)), step}},
		{dynamic, []*tensor.Tensor{packed(PackBytes, randomBytes(rng, tensor.Uint8, k, n)), step, zero}},
		{blocks, inBlocks(PackBlocks)},
		{blocks, inBlocks(PackBlockQuads)},
	} {
		for _, rows := range []int{1, m} {
			part := tensor.Of([]int{rows, k}, tensor.Data[float32](x)[:rows*k])
			ctx, outs := &Ctx{}, []*tensor.Tensor{{}}
			run := func() {
				if err := Linear(ctx, outs, c.a, part, c.rest...); err != nil {
					t.Fatal(err)
				}
			}
			run()
			if n := testing.AllocsPerRun(20, run); n >= 1 && !underRace {
				t.Errorf("%s, %d rows: %g allocations", attr.Format(c.a), rows, n)
			}
		}
	}
}

// TestBlockStepsOfNaN: what a block in steps can't hold shows in the whole row, and in no
// other.
func TestBlockStepsOfNaN(t *testing.T) {
	rng := rand.New(rand.NewPCG(27, 1))
	const m, k, n, size = 3, 64, 40, 32
	a := attr.New[attr.Linear]()
	a.Steps, a.BlockSize, a.TransB, a.Zeroed = attr.LinearStepsWeights, size, true, []int{0}
	packed := [3]*tensor.Tensor{{}, {}, {}}
	if err := errors.Join(
		PackBlockQuads(nil, packed[0], randomBytes(rng, tensor.Uint8, n, k)),
		PackBlockSteps(nil, packed[1], normals(rng, tensor.Float32, n, k/size)),
		PackBlockZeros(nil, packed[2], randomBytes(rng, tensor.Uint8, n, k/size))); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		x, out := normals(rng, tensor.Float32, m, k), dirtyOutputs(1)
		x.SetFloat(k+37, bad)
		if err := Linear(&Ctx{}, out, a, x, packed[:]...); err != nil {
			t.Fatal(err)
		}
		for i := range m * n {
			if v := out[0].FloatAt(i); (math.IsNaN(v) || math.IsInf(v, 0)) != (i/n == 1) {
				t.Fatalf("with %g in row 1, element %d of row %d is %g", bad, i%n, i/n, v)
			}
		}
	}
}

func TestPackBlockQuadsErrors(t *testing.T) {
	for _, w := range []*tensor.Tensor{tensor.New(tensor.Float32, 4, 16), tensor.New(tensor.Uint4, 16), tensor.New(tensor.Uint8, 4, 15)} {
		if err := PackBlockQuads(nil, &tensor.Tensor{}, w); HasSteps() && (err == nil || !strings.Contains(err.Error(), w.String())) {
			t.Errorf("error %v of %s", err, w)
		}
	}
}

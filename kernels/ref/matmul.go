package ref

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// products is a batch of matrix products [m, k]·[k, n].
type products struct {
	m, k, n int
	batch   []int   // sizes of the batch axes
	strides [][]int // of x and y along them, in elements
}

// MatMul is the matrix product with numpy's rules: batch axes are broadcast, a
// vector is a row on the left and a column on the right.
func MatMul(z, x, y *tensor.Tensor) error {
	return compute(list{z}, list{x, y}, func(k arith, out, in list) error {
		p, shape, err := planMatMul(in[0].Shape, in[1].Shape)
		if err != nil {
			return err
		}
		if err := reset(out[0], in[0].DType, shape...); err != nil {
			return err
		}
		k.matMul(out[0], in[0], in[1], p)
		return nil
	})
}

func planMatMul(x, y []int) (*products, []int, error) {
	a, b := x, y
	if len(x) == 1 {
		a = []int{1, x[0]}
	}
	if len(y) == 1 {
		b = []int{y[0], 1}
	}
	if len(a) < 2 || len(b) < 2 || a[len(a)-1] != b[len(b)-2] {
		return nil, nil, fmt.Errorf("no matrix product of %s and %s", tensor.ShapeString(x), tensor.ShapeString(y))
	}
	la, lb := a[:len(a)-2], b[:len(b)-2]
	batch, err := broadcast(la, lb)
	if err != nil {
		return nil, nil, fmt.Errorf("batch axes of %s and %s: %w", tensor.ShapeString(x), tensor.ShapeString(y), err)
	}
	p := &products{m: a[len(a)-2], k: a[len(a)-1], n: b[len(b)-1], batch: batch}
	p.strides = [][]int{scaled(broadcastStrides(la, batch), p.m*p.k), scaled(broadcastStrides(lb, batch), p.k*p.n)}
	shape := slices.Clone(batch)
	if len(x) > 1 {
		shape = append(shape, p.m)
	}
	if len(y) > 1 {
		shape = append(shape, p.n)
	}
	return p, shape, nil
}

func scaled(strides []int, by int) []int {
	for i := range strides {
		strides[i] *= by
	}
	return strides
}

func (numbers[T, A]) matMul(z, x, y *tensor.Tensor, p *products) {
	zs, xs, ys := tensor.Data[T](z), tensor.Data[T](x), tensor.Data[T](y)
	if len(zs) == 0 {
		return
	}
	sums := make([]A, p.n)
	at := 0
	walk(p.batch, p.strides, func(offsets []int) {
		for i := range p.m {
			multiplyRow(sums, xs[offsets[0]+i*p.k:][:p.k], ys[offsets[1]:])
			for _, s := range sums {
				zs[at] = T(s)
				at++
			}
		}
	})
}

// multiplyRow makes sums the product of a row x and a matrix y.
func multiplyRow[T number, A accumulator](sums []A, x, y []T) {
	clear(sums)
	n := len(sums)
	for k, v := range x {
		a := A(v)
		for j, w := range y[k*n : (k+1)*n] {
			sums[j] += A(a * A(w))
		}
	}
}

// gemmPlan is alpha·x·y + beta·c.
type gemmPlan struct {
	m, k, n     int
	alpha, beta float64
	c           []int // strides of c along m and n
}

// Gemm is alpha·A·B + beta·C with A and B transposed if asked for; C broadcasts
// to the result.
func Gemm(z *tensor.Tensor, a *attr.Gemm, x, y, c *tensor.Tensor) error {
	if x.Rank() != 2 || y.Rank() != 2 {
		return fmt.Errorf("operands are %s and %s, want matrices", x, y)
	}
	left, right := x, y
	if a.TransA {
		left = transposed(x)
	}
	if a.TransB {
		right = transposed(y)
	}
	g := &gemmPlan{m: left.Shape[0], k: left.Shape[1], n: right.Shape[1], alpha: float64(a.Alpha), beta: float64(a.Beta)}
	if right.Shape[0] != g.k {
		return fmt.Errorf("no matrix product of %s and %s (transposed: %t and %t)", x, y, a.TransA, a.TransB)
	}
	shape := []int{g.m, g.n}
	if c != nil {
		if to, err := broadcast(c.Shape, shape); err != nil || !slices.Equal(to, shape) {
			return fmt.Errorf("C is %s and does not broadcast to %s", c, tensor.ShapeString(shape))
		}
		g.c = broadcastStrides(c.Shape, shape)
	}
	return compute(list{z}, list{left, right, c}, func(k arith, out, in list) error {
		if err := reset(out[0], in[0].DType, shape...); err != nil {
			return err
		}
		k.gemm(out[0], in[0], in[1], in[2], g)
		return nil
	})
}

func transposed(x *tensor.Tensor) *tensor.Tensor {
	t := &tensor.Tensor{}
	if err := Transpose(t, &attr.Transpose{Perm: []int{1, 0}}, x); err != nil {
		panic("BUG: transposing a matrix: " + err.Error())
	}
	return t
}

func (numbers[T, A]) gemm(z, x, y, c *tensor.Tensor, g *gemmPlan) {
	zs, xs, ys := tensor.Data[T](z), tensor.Data[T](x), tensor.Data[T](y)
	var cs []T
	if c != nil {
		cs = tensor.Data[T](c)
	}
	sums := make([]A, g.n)
	for i := range g.m {
		if g.n == 0 {
			return
		}
		multiplyRow(sums, xs[i*g.k:(i+1)*g.k], ys)
		for j, s := range sums {
			s = times(s, g.alpha)
			if cs != nil {
				s += times(A(cs[i*g.c[0]+j*g.c[1]]), g.beta)
			}
			zs[i*g.n+j] = T(s)
		}
	}
}

// times is v·by, exactly v where by is 1.
func times[A accumulator](v A, by float64) A {
	if by == 1 {
		return v
	}
	return A(float64(v) * by)
}

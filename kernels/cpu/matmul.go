package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// maxRank bounds the rank of operands that are broadcast.
const maxRank = 8

// batch walks the products of a batch whose axes are broadcast.
type batch struct {
	count  int
	rank   int
	sizes  [maxRank]int
	stride [2][maxRank]int // of a and b, in elements
}

// offsets returns where the operands of one product begin.
func (b *batch) offsets(entry int) (a, bb int) {
	for axis := b.rank - 1; axis >= 0 && entry > 0; axis-- {
		i := entry % b.sizes[axis]
		entry /= b.sizes[axis]
		a += i * b.stride[0][axis]
		bb += i * b.stride[1][axis]
	}
	return a, bb
}

// MatMul is the matrix product of f32, f16 or bf16 with numpy's rules.
func MatMul(c *Ctx, out, a, b *tensor.Tensor) error {
	p := &c.product
	p.begin(1)
	if err := p.bind(a, b); err != nil {
		return fmt.Errorf("MatMul: %w", err)
	}
	var shape [maxRank + 2]int
	if err := reset(out, a.DType, p.shape(shape[:0], a, b)); err != nil {
		return fmt.Errorf("MatMul: %w", err)
	}
	p.parts[0].out = floatsOf(out)
	p.run(c)
	return nil
}

// bind sets the sizes and operands of a product.
func (p *product) bind(a, b *tensor.Tensor) error {
	if a.DType != b.DType || !isFloat(a.DType) {
		return fmt.Errorf("no product of %s and %s: want f32, f16 or bf16", a, b)
	}
	x := &p.parts[0]
	p.m, p.k, x.n = 1, 0, 1
	ra, rb := a.Rank(), b.Rank()
	if ra < 1 || rb < 1 || ra > maxRank || rb > maxRank {
		return fmt.Errorf("no product of %s and %s: want ranks 1 to %d", a, b, maxRank)
	}
	p.k = a.Shape[ra-1]
	p.left = matrix{data: floatsOf(a), row: p.k, col: 1}
	right := matrix{data: floatsOf(b), row: 1, col: 1}
	keys := b.Shape[0]
	if ra > 1 {
		p.m = a.Shape[ra-2]
	}
	if rb > 1 {
		keys, x.n = b.Shape[rb-2], b.Shape[rb-1]
		right.row = x.n
	}
	if keys != p.k {
		return fmt.Errorf("no product of %s and %s", a, b)
	}
	x.right = rightOperand{matrix: right, k: p.k, n: x.n}
	return p.bindBatch(a, b, x.n)
}

func (p *product) bindBatch(a, b *tensor.Tensor, n int) error {
	as, bs := a.Shape[:max(0, a.Rank()-2)], b.Shape[:max(0, b.Rank()-2)]
	p.batch.count, p.batch.rank = 1, max(len(as), len(bs))
	strideA, strideB := p.m*p.k, p.k*n
	for i := 1; i <= p.batch.rank; i++ {
		x, y, axis := fromEnd(as, i), fromEnd(bs, i), p.batch.rank-i
		size, ok := broadcastSize(x, y)
		if !ok {
			return fmt.Errorf("the batch axes of %s and %s don't broadcast", a, b)
		}
		p.batch.sizes[axis] = size
		if x != 1 {
			p.batch.stride[0][axis] = strideA
		}
		if y != 1 {
			p.batch.stride[1][axis] = strideB
		}
		strideA, strideB, p.batch.count = strideA*x, strideB*y, p.batch.count*size
	}
	if len(bs) == 0 || strideB == p.k*n { // one right operand: all rows at once
		p.m, p.batch = p.m*p.batch.count, batch{count: 1}
	}
	return nil
}

// shape is the product's, as numpy has it.
func (p *product) shape(shape []int, a, b *tensor.Tensor) []int {
	as, bs := a.Shape[:max(0, a.Rank()-2)], b.Shape[:max(0, b.Rank()-2)]
	rank := max(len(as), len(bs))
	for i := rank; i > 0; i-- {
		n, _ := broadcastSize(fromEnd(as, i), fromEnd(bs, i))
		shape = append(shape, n)
	}
	if a.Rank() > 1 {
		shape = append(shape, a.Shape[a.Rank()-2])
	}
	if b.Rank() > 1 {
		shape = append(shape, p.parts[0].n)
	}
	return shape
}

// MatMulPacked is [MatMul] with a right operand [K, N] packed by [PackB] or
// [PackBT], or by [PackBrain] or [PackBrainT], which make it a product in bf16.
func MatMulPacked(c *Ctx, out, a, packed *tensor.Tensor) error {
	p := &c.product
	p.begin(1)
	if err := p.bindPacked(a, packed); err != nil {
		return fmt.Errorf("MatMulPacked: %w", err)
	}
	var shape [maxRank]int
	out.Reset(a.DType, append(append(shape[:0], a.Shape[:a.Rank()-1]...), p.parts[0].n)...)
	p.parts[0].out = floatsOf(out)
	p.run(c)
	return nil
}

// bindPacked sets the sizes and operands of a product with a packed operand;
// all axes of a but the last are rows.
func (p *product) bindPacked(a, packed *tensor.Tensor) error {
	if !isFloat(a.DType) || a.Rank() < 1 || a.Rank() > maxRank || !isPackedOf(packed, a.Shape[a.Rank()-1]) {
		return fmt.Errorf("no product of %s and the packed weight %s", a, packed)
	}
	n := packed.Shape[0]
	p.k, p.m = a.Shape[a.Rank()-1], 1
	for _, size := range a.Shape[:a.Rank()-1] {
		p.m *= size
	}
	p.left = matrix{data: floatsOf(a), row: p.k, col: 1}
	p.parts[0].n, p.parts[0].right = n, packedOperand(packed)
	return nil
}

// Gemm is alpha·A'·B' + beta·C of f32, f16 or bf16.
func Gemm(c *Ctx, out *tensor.Tensor, a *attr.Gemm, x, y, bias *tensor.Tensor) error {
	if x.Rank() != 2 || y.Rank() != 2 || x.DType != y.DType || !isFloat(x.DType) {
		return fmt.Errorf("Gemm: no product of %s and %s: want f32, f16 or bf16 of rank 2", x, y)
	}
	p := &c.product
	p.begin(1)
	p.left, p.m, p.k = oriented(x, a.TransA)
	right, k, n := oriented(y, a.TransB)
	p.parts[0].n, p.parts[0].right = n, rightOperand{matrix: right, k: k, n: n}
	if k != p.k {
		return fmt.Errorf("Gemm: no product of %s and %s, transposed: %t, %t", x, y, a.TransA, a.TransB)
	}
	return p.gemm(c, out, a, x.DType, bias)
}

// GemmPacked is [Gemm] with the right operand packed as for [MatMulPacked], by a
// function that ends in T if TransB is set.
func GemmPacked(c *Ctx, out *tensor.Tensor, a *attr.Gemm, x, packed, bias *tensor.Tensor) error {
	if x.Rank() != 2 || a.TransA {
		return fmt.Errorf("GemmPacked: the left operand is %s, transposed: %t; want rank 2, as it is", x, a.TransA)
	}
	p := &c.product
	p.begin(1)
	if err := p.bindPacked(x, packed); err != nil {
		return fmt.Errorf("GemmPacked: %w", err)
	}
	return p.gemm(c, out, a, x.DType, bias)
}

// gemm finishes the binding and runs.
func (p *product) gemm(c *Ctx, out *tensor.Tensor, a *attr.Gemm, d tensor.DType, bias *tensor.Tensor) error {
	p.then.alpha = a.Alpha
	if bias != nil && a.Beta != 0 {
		p.then.beta = a.Beta
		if err := p.bindBias(bias, d); err != nil {
			return fmt.Errorf("Gemm: %w", err)
		}
	}
	out.Reset(d, p.m, p.parts[0].n)
	p.parts[0].out = floatsOf(out)
	p.run(c)
	return nil
}

// bindBias reads c, which broadcasts to [m, n].
func (p *product) bindBias(c *tensor.Tensor, d tensor.DType) error {
	rows, columns, n := fromEnd(c.Shape, 2), fromEnd(c.Shape, 1), p.parts[0].n
	if c.DType != d || c.Rank() > 2 || rows != 1 && rows != p.m || columns != 1 && columns != n {
		return fmt.Errorf("%s doesn't broadcast to %s[%d,%d]", c, d, p.m, n)
	}
	e := &p.then
	e.c = matrix{data: floatsOf(c)}
	if rows != 1 {
		e.c.row = columns
	}
	if columns != 1 {
		e.c.col = 1
	}
	return nil
}

// oriented reads a matrix of rank 2, or its transpose, and returns its sizes.
func oriented(t *tensor.Tensor, transposed bool) (m matrix, rows, columns int) {
	m = matrix{data: floatsOf(t), row: t.Shape[1], col: 1}
	if transposed {
		return m.transposed(), t.Shape[1], t.Shape[0]
	}
	return m, t.Shape[0], t.Shape[1]
}

// fromEnd is the i-th size from the end, 1 past the front.
func fromEnd(shape []int, i int) int {
	if i > len(shape) {
		return 1
	}
	return shape[len(shape)-i]
}

func broadcastSize(a, b int) (int, bool) {
	if a == 1 {
		return b, true
	}
	return a, a == b || b == 1
}

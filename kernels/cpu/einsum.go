package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// einsum arranges an equation as a batch of matrix products. Its labels are dealt
// out to the batch (of both operands and the result), the rows (of the left one and
// the result), the columns (of the right one and the result) and the inner axis (of
// both operands). An operand is read where it lies if its strides make matrices, and
// copied otherwise; so is the result if its axes are in another order.
type einsum struct {
	terms                       equation
	operands                    [2]*tensor.Tensor
	batch, rows, columns, inner dims
	copies                      [3]tensor.Tensor
}

// dim is a label's size, and how far it takes each of the tensors of an equation: 0
// where it is not an axis, or one of size 1.
type dim struct {
	label
	size    int
	strides [3]int
}

// dims are some labels, the outermost first.
type dims struct {
	list [maxRank]dim
	n    int
}

func (l *dims) add(d dim) {
	l.list[l.n] = d
	l.n++
}

func (l *dims) all() []dim { return l.list[:l.n] }

// join returns the labels as one axis, if they are one of that tensor.
func (l *dims) join(of int) (size, stride int, ok bool) {
	a := axes{count: 1}
	for i := range l.all() {
		a.add(l.list[i].size, l.list[i].strides[of])
	}
	_, stride = a.run()
	return a.count, stride, a.rank <= 1
}

// Einsum is the sum of products of two operands of f32, f16 or bf16 by an equation
// that [CanEinsum] takes. Axes of size 1 are broadcast.
func Einsum(c *Ctx, z *tensor.Tensor, a *attr.Einsum, xs ...*tensor.Tensor) error {
	if len(xs) != 2 {
		return fmt.Errorf("Einsum: equation %q of %d operands, want 2", a.Equation, len(xs))
	}
	if xs[0].DType != xs[1].DType || !isFloat(xs[0].DType) {
		return fmt.Errorf("Einsum: no product of %s and %s: want f32, f16 or bf16", xs[0], xs[1])
	}
	e := &c.einsum
	e.operands = [2]*tensor.Tensor{xs[0], xs[1]}
	err := e.terms.read(a.Equation, xs[0].Rank(), xs[1].Rank())
	if err == nil {
		err = e.deal(z)
	}
	if err == nil {
		err = e.compute(c, z)
	}
	return located("Einsum", err)
}

// deal gives every label its place, and the result its shape.
func (e *einsum) deal(z *tensor.Tensor) error {
	e.batch.n, e.rows.n, e.columns.n, e.inner.n = 0, 0, 0, 0
	if out := e.terms[ofResult].all(); len(out) > 0 && e.terms[ofRight].axis(out[len(out)-1]) < 0 {
		// Columns are of the operand on the right.
		e.terms[ofLeft], e.terms[ofRight] = e.terms[ofRight], e.terms[ofLeft]
		e.operands[ofLeft], e.operands[ofRight] = e.operands[ofRight], e.operands[ofLeft]
	}
	var strides [2][maxRank]int
	rowMajor(&strides[ofLeft], e.operands[ofLeft].Shape)
	rowMajor(&strides[ofRight], e.operands[ofRight].Shape)
	var shape [maxRank]int
	for i, l := range e.terms[ofResult].all() {
		d, err := e.dim(l, &strides)
		if err != nil {
			return err
		}
		shape[i] = d.size
		switch {
		case d.size == 1:
		case d.strides[ofLeft] != 0 && d.strides[ofRight] != 0:
			e.batch.add(d)
		case d.strides[ofLeft] != 0:
			e.rows.add(d)
		default:
			e.columns.add(d)
		}
	}
	for _, l := range e.terms[ofLeft].all() {
		if e.terms[ofResult].axis(l) >= 0 {
			continue
		}
		d, err := e.dim(l, &strides)
		if err != nil {
			return err
		}
		if d.size != 1 {
			e.inner.add(d)
		}
	}
	return reset(z, e.operands[0].DType, shape[:e.terms[ofResult].rank])
}

// dim finds a label's size and strides.
func (e *einsum) dim(l label, strides *[2][maxRank]int) (dim, error) {
	d := dim{label: l, size: 1}
	for of, x := range e.operands {
		axis := e.terms[of].axis(l)
		if axis < 0 || x.Shape[axis] == 1 {
			continue
		}
		size, ok := broadcastSize(d.size, x.Shape[axis])
		if !ok {
			return d, fmt.Errorf("sizes %d and %d of %s in %s and %s", d.size, x.Shape[axis], l, e.operands[ofLeft], e.operands[ofRight])
		}
		d.size, d.strides[of] = size, strides[of][axis]
	}
	return d, nil
}

// compute sets z, whose shape is set.
func (e *einsum) compute(c *Ctx, z *tensor.Tensor) error {
	if e.operands[ofLeft].Len() == 0 || e.operands[ofRight].Len() == 0 {
		clear(z.Bytes()) // sums of nothing
		return nil
	}
	if !e.leftInPlace() {
		if err := e.rearrange(c, ofLeft, &e.rows, &e.inner); err != nil {
			return err
		}
	}
	if !e.rightInPlace() {
		if err := e.rearrange(c, ofRight, &e.inner, &e.columns); err != nil {
			return err
		}
	}
	lay(ofResult, &e.batch, &e.rows, &e.columns)
	order := e.order()
	if _, stride := order.run(); order.rank == 0 || order.rank == 1 && stride == 1 {
		e.multiply(c, z)
		return nil
	}
	product := &e.copies[ofResult]
	product.Reset(z.DType, z.Shape...)
	e.multiply(c, product)
	c.strided = strided{axes: order}
	return c.strided.copyTo(c, z, product, z.Shape)
}

// leftInPlace reports whether the left operand is rows.
func (e *einsum) leftInPlace() bool {
	_, _, rows := e.rows.join(ofLeft)
	k, step, inner := e.inner.join(ofLeft)
	return rows && inner && (step == 1 || k == 1)
}

// rightInPlace reports whether the right operand is a matrix of which panels are
// copied fast: contiguous along one axis.
func (e *einsum) rightInPlace() bool {
	k, down, inner := e.inner.join(ofRight)
	n, across, columns := e.columns.join(ofRight)
	return inner && columns && (across == 1 || down == 1 || n == 1 || k == 1)
}

// rearrange copies an operand to the order batch, outer, last.
func (e *einsum) rearrange(c *Ctx, of int, outer, last *dims) error {
	s := &c.strided
	*s = strided{axes: axes{count: 1}}
	for _, group := range [...]*dims{&e.batch, outer, last} {
		for i := range group.all() {
			s.add(group.list[i].size, group.list[i].strides[of])
		}
	}
	shape := [1]int{s.count}
	if err := s.copyTo(c, &e.copies[of], e.operands[of], shape[:]); err != nil {
		return err
	}
	e.operands[of] = &e.copies[of]
	lay(of, &e.batch, outer, last)
	return nil
}

// lay gives labels the strides of a contiguous tensor.
func lay(of int, outer, middle, last *dims) {
	stride := 1
	for _, group := range [...]*dims{last, middle, outer} {
		for i := group.n - 1; i >= 0; i-- {
			group.list[i].strides[of] = stride
			stride *= group.list[i].size
		}
	}
}

// order walks the products' elements in the order of the result.
func (e *einsum) order() axes {
	a := axes{count: 1}
	for _, l := range e.terms[ofResult].all() {
		for _, group := range [...]*dims{&e.batch, &e.rows, &e.columns} {
			for i := range group.all() {
				if d := &group.list[i]; d.label == l {
					a.add(d.size, d.strides[ofResult])
				}
			}
		}
	}
	return a
}

// multiply computes the products, one after the other.
func (e *einsum) multiply(c *Ctx, z *tensor.Tensor) {
	p := &c.product
	p.begin(1)
	x := &p.parts[0]
	p.left = matrix{data: floatsOf(e.operands[ofLeft]), col: 1}
	right := matrix{data: floatsOf(e.operands[ofRight])}
	p.m, p.left.row, _ = e.rows.join(ofLeft)
	p.k, right.row, _ = e.inner.join(ofRight)
	x.n, right.col, _ = e.columns.join(ofRight)
	x.right = rightOperand{matrix: right, k: p.k, n: x.n}
	x.out = floatsOf(z)
	b := &p.batch
	b.rank = e.batch.n
	for i, d := range e.batch.all() {
		b.sizes[i] = d.size
		b.stride[0][i], b.stride[1][i] = d.strides[ofLeft], d.strides[ofRight]
		b.count *= d.size
	}
	p.run(c)
}

package op

import (
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// small is a tensor of at most ir.MaxSym elements whose contents are known as
// expressions of the dims. Booleans are 0 and 1.
type small struct {
	shape []int
	dims  []sym.Dim
}

// smallIn returns operand i as a small tensor.
func smallIn(c *ir.Infer, i int) (small, bool) {
	v := c.In(i)
	if v == nil {
		return small{}, false
	}
	shape, ok := v.Type.ConstShape()
	if !ok {
		return small{}, false
	}
	dims, ok := contents(v)
	if n, fits := tensor.Elements(shape); !ok || !fits || n != len(dims) {
		return small{}, false
	}
	return small{shape, dims}, true
}

// contents is Value.Dims for booleans as well.
func contents(v *ir.Value) ([]sym.Dim, bool) {
	if v != nil && v.Sym == nil && v.Const != nil && v.Const.DType == tensor.Bool && v.Const.Len() <= ir.MaxSym {
		dims := make([]sym.Dim, v.Const.Len())
		for i := range dims {
			dims[i] = sym.Const(v.Const.IntAt(i))
		}
		return dims, true
	}
	return v.Dims()
}

// smallIns returns all operands as small tensors.
func smallIns(c *ir.Infer) ([]small, bool) {
	all := make([]small, c.NumIn())
	for i := range all {
		s, ok := smallIn(c, i)
		if !ok {
			return nil, false
		}
		all[i] = s
	}
	return all, true
}

// scalarIn returns the only element of operand i.
func scalarIn(c *ir.Infer, i int) (sym.Dim, bool) {
	dims, ok := contents(c.In(i))
	if !ok || len(dims) != 1 {
		return sym.Dim{}, false
	}
	return dims[0], true
}

// number returns the only element of operand i if it is a number.
func number(c *ir.Infer, i int) (int64, bool) {
	d, ok := scalarIn(c, i)
	if !ok {
		return 0, false
	}
	return d.IsConst()
}

// carries reports whether arithmetic on elements of type d is carried
// symbolically: in the types that shapes come in. Narrower ones wrap.
func carries(d tensor.DType) bool { return d == tensor.Int64 || d == tensor.Int32 }

// fits reports whether a result of arithmetic in type d can be carried: a
// number that would wrap can't. Sizes are trusted to be in range.
func fits(x sym.Dim, d tensor.DType) bool {
	n, ok := x.IsConst()
	if !ok {
		return len(x.Symbols()) > 0 // an overflowed constant is closed, without symbols
	}
	return d != tensor.Int32 || n >= math.MinInt32 && n <= math.MaxInt32
}

// each makes the small tensor of the given shape whose element at index is
// at(index), and sets it as the contents of output out. It sets nothing if the
// tensor is too large or an element is not known.
func each(c *ir.Infer, out int, shape []int, at func(index []int) (sym.Dim, bool)) {
	n, ok := tensor.Elements(shape)
	if !ok || n > ir.MaxSym {
		return
	}
	dims := make([]sym.Dim, n)
	index := make([]int, len(shape))
	for i := range dims {
		if dims[i], ok = at(index); !ok {
			return
		}
		advance(index, shape)
	}
	c.SetSym(out, dims)
}

// advance steps a row-major index.
func advance(index, shape []int) {
	for axis := len(shape) - 1; axis >= 0; axis-- {
		if index[axis]++; index[axis] < shape[axis] {
			return
		}
		index[axis] = 0
	}
}

// at returns the element at index.
func (s small) at(index []int) sym.Dim {
	flat := 0
	for axis, i := range index {
		flat = flat*s.shape[axis] + i
	}
	return s.dims[flat]
}

// spread returns the element that index of a larger shape, to which s is
// broadcast, reads.
func (s small) spread(index []int) sym.Dim {
	flat := 0
	index = index[len(index)-len(s.shape):]
	for axis, n := range s.shape {
		flat *= n
		if n != 1 {
			flat += index[axis]
		}
	}
	return s.dims[flat]
}

// eachBroadcast sets the contents of output 0, of the broadcast shape, element
// by element from those of the operands.
func eachBroadcast(c *ir.Infer, shape sym.Shape, f func(x []sym.Dim) (sym.Dim, bool)) {
	sizes, ok := shape.IsConst()
	if !ok {
		return
	}
	ins, ok := smallIns(c)
	if !ok {
		return
	}
	x := make([]sym.Dim, len(ins))
	each(c, 0, sizes, func(index []int) (sym.Dim, bool) {
		for i, s := range ins {
			x[i] = s.spread(index)
		}
		return f(x)
	})
}

package fuseepilogue

import (
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/linear"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// ofWeight is the plain product of x and a constant matrix: of floats, or of integers with a
// scale for each column, or for each block of one, transposed or not; nil if w is neither.
func ofWeight(patch *rewrite.Patch, x, w *ir.Value, transB bool) *linear.Product {
	w, transB = underlying(x, w, transB)
	if t := matrixOf(x, w); t != nil {
		w = patch.Const(t)
	}
	if w.IsConst() {
		if w.Const.Rank() != 2 {
			return nil
		}
		p := linear.New(x, w)
		p.Attr.TransB = transB
		return p
	}
	d := w.Def
	if d == nil || d.Op != op.DequantizeLinear || !d.In[0].IsConst() || !d.In[1].IsConst() || d.In[0].Const.Rank() != 2 {
		return nil
	}
	a, scale, columns := d.Attr.(*attr.Quantize), d.In[1].Const, 1
	if transB {
		columns = 0
	}
	if zero := d.Operand(2); zero != nil && !zero.IsConst() || d.Out[0].Type.DType != x.Type.DType || scale.DType != x.Type.DType {
		return nil
	}
	along := a.Axis == columns || a.Axis == columns-2
	switch {
	case a.BlockSize != 0 && along:
		return nil
	case a.BlockSize != 0:
		return inBlocks(patch, x, d, transB)
	case scale.Rank() > 1 || scale.Len() != 1 && !along:
		return nil
	}
	if p := ofRounded(x, d); p != nil {
		p.Attr.TransB = transB
		p.Weights[0].Step = vectorOf(patch, scale, p.Width(0))
		if zero := d.Operand(2); zero != nil && !isZero(zero) {
			if p.Weights[0].Zero = vectorOf(patch, zero.Const, p.Width(0)); p.Weights[0].Zero == nil {
				return nil
			}
		}
		return p
	}
	integers := centred(d.In[0].Const, d.Operand(2), columns)
	if integers == nil {
		return nil
	}
	v := d.In[0]
	if integers != v.Const {
		v = patch.Const(integers)
	}
	p := linear.New(x, v)
	p.Attr.TransB, p.Attr.Steps = transB, attr.LinearStepsWeights
	p.Weights[0].Step = vectorOf(patch, scale, p.Width(0))
	return p
}

// underlying is the operand below what is too large to fold and is nothing to a product: a
// transposition, and a conversion of 16 bits to f32.
func underlying(x, w *ir.Value, transB bool) (*ir.Value, bool) {
	for w.Def != nil {
		switch from := w.Def.In[0]; {
		case w.Def.Op == op.Transpose && slices.Equal(w.Def.Attr.(*attr.Transpose).Perm, []int{1, 0}):
			w, transB = from, !transB
		case w.Def.Op == op.Cast && w.Type.DType == x.Type.DType && attr.NarrowBeside(x.Type.DType, from.Type.DType):
			w = from
		default:
			return w, transB
		}
	}
	return w, transB
}

// matrixOf is a constant [1, …, 1, k, n] as a matrix, if results have x's axes in front all the
// same; nil if w is none.
func matrixOf(x, w *ir.Value) *tensor.Tensor {
	if !w.IsConst() || w.Const.Rank() <= 2 || !x.Type.HasRank || len(x.Type.Shape) < w.Const.Rank() {
		return nil
	}
	first := w.Const.Rank() - 2
	for _, size := range w.Const.Shape[:first] {
		if size != 1 {
			return nil
		}
	}
	return w.Const.Reshaped(w.Const.Shape[first:]...)
}

// ofRounded is the product of integers of weights of 8 bits and of what x was before it was
// taken in steps of one scale, and back; nil if it was not.
func ofRounded(x *ir.Value, weights *ir.Node) *linear.Product {
	back := x.Def
	if back == nil || back.Op != op.DequantizeLinear || weights.In[0].Const.DType.Bits() != 8 || x.Type.DType != tensor.Float32 {
		return nil
	}
	taken := back.In[0].Def
	if taken == nil || taken.Op != op.QuantizeLinear || !sameSteps(taken, back) || taken.In[0].Type.DType != tensor.Float32 {
		return nil
	}
	middle := 0
	switch back.In[0].Type.DType {
	case tensor.Uint8:
	case tensor.Int8:
		middle = 128
	default:
		return nil
	}
	if p := taken.Attr.(*attr.Quantize).Precision; p != tensor.Invalid && p != tensor.Float32 {
		return nil
	}
	p := linear.New(taken.In[0], weights.In[0])
	p.Attr.Steps, p.Attr.XStep, p.Attr.XZero = attr.LinearStepsStatic, float32(taken.In[1].Const.FloatAt(0)), middle
	if zero := taken.Operand(2); zero != nil {
		p.Attr.XZero += int(zero.Const.IntAt(0))
	}
	if !(p.Attr.XStep > 0) {
		return nil
	}
	return p
}

// sameSteps reports whether two nodes have the same scale, one number of f32, and the same
// zero point, constants all.
func sameSteps(x, y *ir.Node) bool {
	for i := 1; i < 3; i++ {
		v, w := x.Operand(i), y.Operand(i)
		if (v == nil) != (w == nil) {
			return false
		}
		if v == nil {
			continue
		}
		if !v.IsConst() || !w.IsConst() || v.Const.Len() != 1 || w.Const.Len() != 1 || v.Const.DType != w.Const.DType || !slices.Equal(v.Const.Bytes(), w.Const.Bytes()) {
			return false
		}
	}
	return x.In[1].Type.DType == tensor.Float32
}

// inBlocks is the product of x and weights with a scale for each block along k, which it
// takes transposed; nil if their rows are no whole bytes.
func inBlocks(patch *rewrite.Patch, x *ir.Value, d *ir.Node, transB bool) *linear.Product {
	operands := []*tensor.Tensor{d.In[0].Const, d.In[1].Const, nil}
	if zero := d.Operand(2); zero != nil {
		operands[2] = zero.Const
	} else {
		operands[2] = tensor.New(operands[0].DType, operands[1].Shape...)
	}
	k := operands[0].Shape[1]
	if !transB {
		k = operands[0].Shape[0]
	}
	size := d.Attr.(*attr.Quantize).BlockSize
	if bits := operands[0].DType.Bits(); bits != 4 && bits != 8 || k%2 != 0 || size%2 != 0 {
		return nil
	}
	if !transB {
		for i, t := range operands {
			operands[i] = transposed(t)
		}
	}
	p := linear.New(x, patch.Const(operands[0]))
	p.Attr.TransB, p.Attr.Steps, p.Attr.BlockSize = true, attr.LinearStepsWeights, size
	p.Weights[0].Step, p.Weights[0].Zero = patch.Const(operands[1]), patch.Const(operands[2])
	return p
}

// transposed is a matrix, of integers of 4 or 8 bits or of floats, with its axes swapped.
func transposed(t *tensor.Tensor) *tensor.Tensor {
	rows, columns := t.Shape[0], t.Shape[1]
	out := tensor.New(t.DType, columns, rows)
	from, to := t.Bytes(), out.Bytes()
	eachPiece(rows, columns, func(i, j0, j1 int) {
		x, z := i*columns+j0, j0*rows+i
		switch t.DType.Bits() {
		case 4:
			for range j1 - j0 {
				to[z/2] |= from[x/2] >> (4 * (x & 1)) & 0xf << (4 * (z & 1))
				x, z = x+1, z+rows
			}
		case 8:
			for range j1 - j0 {
				to[z] = from[x]
				x, z = x+1, z+rows
			}
		default:
			for range j1 - j0 {
				out.SetFloat(z, t.FloatAt(x))
				x, z = x+1, z+rows
			}
		}
	})
	return out
}

// eachPiece calls f with pieces of all rows, so that those of some rows, and of as many
// columns, follow one another: lines of a matrix and of its transpose stay in the cache.
func eachPiece(rows, columns int, f func(i, j0, j1 int)) {
	const square = 64
	for i0 := 0; i0 < rows; i0 += square {
		for j0 := 0; j0 < columns; j0 += square {
			for i := i0; i < min(i0+square, rows); i++ {
				f(i, j0, min(j0+square, columns))
			}
		}
	}
}

// centred is w less its zero points, of which there are one or one for each index of an
// axis, in a type of 8 bits, or of 16 where these are too few; nil if that can't be.
func centred(w *tensor.Tensor, zero *ir.Value, axis int) *tensor.Tensor {
	if w.DType.Bits() == 8 && (zero == nil || isZero(zero)) {
		return w
	}
	if w.DType.Bits() > 8 || !w.DType.IsInt() || zero != nil && !zero.IsConst() {
		return nil
	}
	zeros := []int64{0}
	if zero != nil {
		zeros = make([]int64, zero.Const.Len())
		for i := range zeros {
			zeros[i] = zero.Const.IntAt(i)
		}
	}
	rows, columns := w.Shape[0], w.Shape[1]
	least, most := int64(0), int64(0)
	values := make([]int16, w.Len())
	for i := range rows {
		for j := range columns {
			index := j
			if axis == 0 {
				index = i
			}
			v := w.IntAt(i*columns+j) - zeros[min(index, len(zeros)-1)]
			values[i*columns+j], least, most = int16(v), min(least, v), max(most, v)
		}
	}
	if least < math.MinInt8 || most > math.MaxInt8 {
		return tensor.Of(w.Shape, values)
	}
	narrow := make([]int8, len(values))
	for i, v := range values {
		narrow[i] = int8(v)
	}
	return tensor.Of(w.Shape, narrow)
}

// stepsProduct is a product of an operand that is taken in steps when it comes:
//
//	x̂, s, z = DynamicQuantizeLinear(x);  y = Cast(MatMulInteger(x̂, w, z, zero)) · (s · step)
//
// with the two scales multiplied first, as ONNX Runtime's quantiser writes it, or one after
// the other, which rounds once more and is not the same.
func stepsProduct(c *passes.Context, n *ir.Node) *rewrite.Patch {
	for i, sums := range n.In {
		cast, scale := sums.Def, n.In[1-i]
		if cast == nil || cast.Op != op.Cast || sums.Type.DType != tensor.Float32 || !linear.Reads(sums, n) {
			continue
		}
		m := cast.In[0].Def
		if m == nil || m.Op != op.MatMulInteger || !linear.Reads(m.Out[0], cast) {
			continue
		}
		patch := rewrite.NewPatch(n, "").Cover(cast, m)
		if p := stepsOf(patch, m, scale); p != nil {
			return replaced(c, patch, p, n.Out[0])
		}
	}
	return nil
}

// stepsOf is the product of m's operands, its results multiplied with scale; nil if they
// are not those of a product in steps.
func stepsOf(patch *rewrite.Patch, m *ir.Node, scale *ir.Value) *linear.Product {
	steps, w := m.In[0].Def, m.In[1]
	if steps == nil || steps.Op != op.DynamicQuantizeLinear || m.In[0] != steps.Out[0] || m.Operand(2) == nil || m.In[2] != steps.Out[2] {
		return nil
	}
	if !w.IsConst() || w.Const.Rank() != 2 {
		return nil
	}
	p := linear.New(steps.In[0], w)
	p.Attr.Steps = attr.LinearStepsDynamic
	weight := &p.Weights[0]
	weight.Step = vectorOf(patch, factorBeside(scale, steps.Out[1]), p.Width(0))
	if zero := m.Operand(3); zero != nil && !isZero(zero) {
		if weight.Zero = vectorOf(patch, zero.Const, p.Width(0)); weight.Zero == nil {
			return nil
		}
	}
	if weight.Step == nil {
		return nil
	}
	return p
}

// factorBeside is the constant that v multiplies s with; 1 if it is s itself.
func factorBeside(v, s *ir.Value) *tensor.Tensor {
	if v == s {
		return tensor.Scalar[float32](1)
	}
	if v.Def == nil || v.Def.Op != op.Mul {
		return nil
	}
	for i, x := range v.Def.In {
		if x == s {
			return v.Def.In[1-i].Const
		}
	}
	return nil
}

// vectorOf is a constant of one element, or of n along the last axis, as a vector of n.
func vectorOf(patch *rewrite.Patch, t *tensor.Tensor, n int) *ir.Value {
	switch {
	case t == nil:
		return nil
	case t.Len() == n && (n == 1 || t.Rank() > 0 && t.Shape[t.Rank()-1] == n):
		return patch.Const(t.Reshaped(n))
	case t.Len() != 1:
		return nil
	}
	all, size := tensor.New(t.DType, n), len(t.Bytes())
	for at := range n {
		copy(all.Bytes()[at*size:], t.Bytes())
	}
	return patch.Const(all)
}

// isZero reports whether v is a constant of nothing but zeros.
func isZero(v *ir.Value) bool {
	if !v.IsConst() {
		return false
	}
	for i := range v.Const.Len() {
		if v.Const.IntAt(i) != 0 {
			return false
		}
	}
	return true
}

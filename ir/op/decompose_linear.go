package op

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// decomposeLinear is the fused product by products, sums and activations. 16-bit
// floats are rounded after each of them.
func decomposeLinear(b *ir.Builder, n *ir.Node) ([]*ir.Value, error) {
	a, o, in := n.Attr.(*attr.Linear), n.Attr.(*attr.Linear).Operands(), n.Operands()
	out := make([]*ir.Value, a.Weights)
	var x *linearLeft
	switch a.Steps {
	case attr.LinearStepsDynamic:
		v := b.Ops(DynamicQuantizeLinear, nil, 3, in[0])
		x = &linearLeft{v[0], v[1], v[2]}
	case attr.LinearStepsStatic:
		step, zero := b.Const(tensor.Scalar(a.XStep)), b.Const(tensor.Scalar(uint8(a.XZero)))
		x = &linearLeft{b.Op(QuantizeLinear, &attr.Quantize{Axis: 1, Saturate: true}, in[0], step, zero), step, zero}
	}
	for i := range out {
		out[i] = linearProduct(b, a, in, x, i)
		if i == 0 || !a.Gated {
			out[i] = activate(b, a.Activation, out[i])
		}
	}
	if a.Gated {
		out = []*ir.Value{b.Op(Mul, nil, out[0], out[1])}
	}
	if a.HasResidual {
		out[0] = b.Op(Add, nil, out[0], in[o.Residual])
	}
	along := &attr.LayerNormalization{Axis: -1, Epsilon: a.Epsilon}
	switch {
	case a.HasShift:
		out = append(out, b.Op(LayerNormalization, along, out[0], in[o.Scale], in[o.Shift]))
	case a.Norm == attr.LinearNormLayer:
		out = append(out, b.Op(LayerNormalization, along, out[0], in[o.Scale]))
	case a.Norm == attr.LinearNormRMS:
		out = append(out, b.Op(RMSNormalization, along, out[0], in[o.Scale]))
	}
	return out, b.Err()
}

// linearLeft is x in steps.
type linearLeft struct{ steps, step, zero *ir.Value }

// linearProduct is x·wᵢ + bᵢ.
func linearProduct(b *ir.Builder, a *attr.Linear, in []*ir.Value, x *linearLeft, i int) *ir.Value {
	w := in[a.Operands().Weight+i]
	if from, to, cut := a.Part(i); cut {
		w = b.Op(Slice, nil, w, b.Ints(int64(from)), b.Ints(int64(to)), b.Ints(1))
	}
	var zero *ir.Value
	if at := a.ZeroOf(i); at >= 0 {
		zero = in[at]
	}
	if a.Steps == attr.LinearStepsWeights {
		along := 1
		if a.TransB && a.BlockSize == 0 {
			along = 0
		}
		w = b.Op(DequantizeLinear, &attr.Quantize{Axis: along, BlockSize: a.BlockSize, Saturate: true}, w, in[a.StepOf(i)], zero)
	}
	if attr.NarrowBeside(in[0].Type.DType, w.Type.DType) {
		w = b.Op(Cast, &attr.Cast{To: in[0].Type.DType, Saturate: true}, w)
	}
	if a.TransB {
		w = b.Op(Transpose, &attr.Transpose{Perm: []int{1, 0}}, w)
	}
	var y *ir.Value
	if x != nil {
		sums := b.Op(Cast, &attr.Cast{To: in[0].Type.DType, Saturate: true}, b.Op(MatMulInteger, nil, x.steps, w, x.zero, zero))
		y = b.Op(Mul, nil, sums, b.Op(Mul, nil, x.step, in[a.StepOf(i)]))
	} else {
		y = b.Op(MatMul, nil, in[0], w)
	}
	if at := a.BiasOf(i); at >= 0 {
		y = b.Op(Add, nil, y, in[at])
	}
	return y
}

// activate applies an activation.
func activate(b *ir.Builder, f attr.Activation, x *ir.Value) *ir.Value {
	switch f {
	case attr.ActivationRelu:
		return b.Op(Relu, nil, x)
	case attr.ActivationGelu:
		return b.Op(Gelu, &attr.Gelu{Approximate: "none"}, x)
	case attr.ActivationGeluTanh:
		return b.Op(Gelu, &attr.Gelu{Approximate: "tanh"}, x)
	case attr.ActivationSilu:
		return b.Op(Mul, nil, x, b.Op(Sigmoid, nil, x))
	case attr.ActivationQuickGelu:
		slope := b.Float(x.Type.DType, attr.QuickGeluAlpha)
		return b.Op(Mul, nil, x, b.Op(Sigmoid, nil, b.Op(Mul, nil, x, slope)))
	case attr.ActivationTanh:
		return b.Op(Tanh, nil, x)
	case attr.ActivationSigmoid:
		return b.Op(Sigmoid, nil, x)
	}
	return x
}

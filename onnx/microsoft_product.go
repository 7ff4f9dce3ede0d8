package onnx

import (
	"fmt"
	"maps"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/onnx/wire"
)

// activation is a function that a fused operator names.
type activation struct {
	op     *ir.Op
	params []string // fields of its attributes, in the order of activation_params
}

// activations by name, as the optimiser of ONNX Runtime writes them.
var activations = map[string]activation{
	"Relu": {op: op.Relu}, "Sigmoid": {op: op.Sigmoid}, "Tanh": {op: op.Tanh}, "Softplus": {op: op.Softplus}, "Softsign": {op: op.Softsign},
	"HardSwish": {op: op.HardSwish}, "Gelu": {op: op.Gelu},
	"LeakyRelu":   {op.LeakyRelu, []string{"alpha"}},
	"Elu":         {op.Elu, []string{"alpha"}},
	"HardSigmoid": {op.HardSigmoid, []string{"alpha", "beta"}},
	"Clip":        {op: op.Clip},
}

// activationParams are the attributes that hold an activation's numbers.
var activationParams = []string{"activation_alpha", "activation_beta", "activation_gamma"}

// withActivation adds the attributes of an activation.
func withActivation(k known) known {
	k = maps.Clone(k)
	k["activation"] = custom
	k["activation_axis"] = ignored
	for _, name := range activationParams {
		k[name] = custom
	}
	return k
}

// activate applies the activation that the attributes name.
func (c *call) activate(x *ir.Value) (*ir.Value, error) {
	name, err := c.text("activation", "")
	if err != nil || name == "" {
		return x, err
	}
	numbers, err := c.activationNumbers()
	if err != nil {
		return nil, err
	}
	return c.applyNamed(name, numbers, x)
}

func (c *call) activationNumbers() ([]float32, error) {
	if a := c.raw["activation_params"]; a != nil {
		return a.Floats, wantType(a, wire.AttributeFloats)
	}
	var list []float32
	for _, name := range activationParams {
		if c.raw[name] == nil {
			break
		}
		v, err := c.float(name, 0)
		if err != nil {
			return nil, err
		}
		list = append(list, float32(v))
	}
	return list, nil
}

// applyNamed applies a named function of one operand.
func (c *call) applyNamed(name string, numbers []float32, x *ir.Value) (*ir.Value, error) {
	f, ok := activations[name]
	if !ok {
		return nil, notSupported("activation %q is not known", name)
	}
	if f.op == op.Clip {
		if len(numbers) < 2 {
			return nil, fmt.Errorf("%d numbers for activation Clip, want 2", len(numbers))
		}
		return c.b.Op(op.Clip, nil, x, c.numberLike(x, float64(numbers[0])), c.numberLike(x, float64(numbers[1]))), nil
	}
	if len(numbers) < len(f.params) {
		return nil, fmt.Errorf("%d numbers for activation %s, want %d", len(numbers), name, len(f.params))
	}
	var a any
	if f.op.Attr != nil {
		a = f.op.Attr()
	}
	for i, param := range f.params {
		fieldOf(a, param).SetFloat(float64(numbers[i]))
	}
	return c.b.Op(f.op, a, x), nil
}

// fusedMatMul is FusedMatMul: a scaled product of operands that may be turned.
func fusedMatMul(c *call) ([]*ir.Value, error) {
	a, err := c.turned(c.arg("a"), "transA", "transBatchA")
	if err != nil {
		return nil, err
	}
	b, err := c.turned(c.arg("b"), "transB", "transBatchB")
	if err != nil {
		return nil, err
	}
	alpha, err := c.float("alpha", 1)
	if err != nil {
		return nil, err
	}
	y, err := c.activate(c.scaled(c.b.Op(op.MatMul, nil, a, b), alpha))
	return []*ir.Value{y}, err
}

// turned swaps the last axes of x if matrix says so; batch says that the rows
// stand before the batch axes: [M, batch…, K] is read as [batch…, M, K]. A vector
// has nothing to swap.
func (c *call) turned(x *ir.Value, matrix, batch string) (*ir.Value, error) {
	swap, err := c.int(matrix, 0)
	if err != nil {
		return nil, err
	}
	first, err := c.int(batch, 0)
	if err != nil || swap == 0 && first == 0 {
		return x, err
	}
	rank, err := c.rankOf(x)
	if err != nil || rank < 2 {
		return x, err
	}
	perm := make([]int, rank)
	for i := range perm {
		perm[i] = i
	}
	if first != 0 {
		copy(perm, perm[1:rank-1])
		perm[rank-2] = 0
	}
	if swap != 0 {
		perm[rank-2], perm[rank-1] = perm[rank-1], perm[rank-2]
	}
	return c.transpose(x, perm...), nil
}

// gemmFastGelu is a product, a bias and the Gelu by tanh.
func gemmFastGelu(c *call) ([]*ir.Value, error) {
	y := c.add(c.b.Op(op.MatMul, nil, c.arg("x"), c.arg("w")), c.arg("bias"))
	return []*ir.Value{c.b.Op(op.Gelu, &attr.Gelu{Approximate: "tanh"}, y)}, nil
}

func fusedGemm(c *call) ([]*ir.Value, error) {
	y, err := c.activate(c.b.Op(op.Gemm, c.attr, c.in...))
	return []*ir.Value{y}, err
}

// fusedConv adds z to the convolution before the activation.
func fusedConv(c *call) ([]*ir.Value, error) {
	in := c.in[:min(len(c.in), 3)]
	if len(in) == 3 && in[2] == nil {
		in = in[:2]
	}
	y, err := c.activate(c.add(c.b.Op(op.Conv, c.attr, in...), c.arg("z")))
	return []*ir.Value{y}, err
}

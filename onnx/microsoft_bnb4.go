package onnx

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

// codes4 are the numbers that 4 bits stand for in MatMulBnb4, by quant_type: those of
// FP4, whose highest bit is a sign, and those of NF4, which are quantiles of the normal
// distribution.
var codes4 = [2][16]float32{
	{0, 0.0052083333, 0.6666667, 1, 0.33333334, 0.5, 0.16666667, 0.25,
		0, -0.0052083333, -0.6666667, -1, -0.33333334, -0.5, -0.16666667, -0.25},
	{-1, -0.6961928, -0.52507305, -0.3949175, -0.28444138, -0.18477343, -0.091050036, 0,
		0.0795803, 0.1609302, 0.2461123, 0.33791524, 0.44070983, 0.562617, 0.72295684, 1},
}

// matMulBnb4 is MatMulBnb4. Its codes are of no element type, so the matrix is made
// when it is read. What isn't transposed is read as the schema says; ONNX Runtime's CPU
// kernel reads it by wrong strides.
func matMulBnb4(c *call) ([]*ir.Value, error) {
	w, err := c.bnb4()
	if err != nil {
		return nil, err
	}
	transposed, err := c.int("transB", 1)
	if err != nil {
		return nil, err
	}
	if transposed != 0 {
		w = c.transpose(w, 1, 0)
	}
	return []*ir.Value{c.b.Op(op.MatMul, nil, c.arg("a"), w)}, nil
}

// bnb4 is the matrix [N, K] of MatMulBnb4: codes, the first of a byte in its high bits,
// in blocks of the matrix as a list, each of which has its greatest magnitude.
func (c *call) bnb4() (*ir.Value, error) {
	var n, k, size, kind int64
	for _, a := range []struct {
		name        string
		to          *int64
		least, most int64
	}{{"N", &n, 1, math.MaxInt32}, {"K", &k, 1, math.MaxInt32}, {"block_size", &size, 1, math.MaxInt32}, {"quant_type", &kind, 0, 1}} {
		v, err := c.int(a.name, -1)
		if err != nil {
			return nil, err
		}
		if v < a.least || v > a.most {
			return nil, fmt.Errorf("attribute %s is %d, want %d to %d", a.name, v, a.least, a.most)
		}
		*a.to = v
	}
	codes, most := c.arg("b").Const, c.arg("absmax").Const
	if codes == nil || most == nil {
		return nil, notSupported("operand B or absmax is not constant")
	}
	count := n * k
	if codes.DType != tensor.Uint8 || int64(codes.Len()) != (count+1)/2 {
		return nil, fmt.Errorf("operand B is %s, want uint8[%d] for a matrix [%d,%d]", codes, (count+1)/2, n, k)
	}
	if !most.DType.IsFloat() || int64(most.Len()) != (count-1)/size+1 {
		return nil, fmt.Errorf("operand absmax is %s, want %d floats", most, (count-1)/size+1)
	}
	w := tensor.New(most.DType, int(n), int(k))
	for i, b := range codes.Bytes() {
		for j, code := range []byte{b >> 4, b & 15} {
			if at := 2*i + j; at < w.Len() {
				w.SetFloat(at, float64(codes4[kind][code]*float32(most.FloatAt(at/int(size)))))
			}
		}
	}
	return c.b.Const(w), nil
}

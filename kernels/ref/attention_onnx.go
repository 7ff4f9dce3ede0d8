package ref

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// The values of ONNXAttention.QKOutputMode: what qk holds.
const (
	qkScaled = iota
	qkCapped
	qkMasked
	qkWeights
)

// Attention evaluates ai.onnx Attention (opsets 23 and 24) in float64, rounding
// once at each output. softmax_precision, which narrows nothing here, is not
// looked at. Where releases of ONNX differ under the same opset, the corrected
// text counts: a softcap comes before the mask (onnx/onnx#7867), a row that sees
// no key is zero, and a causal mask with nonpad_kv_seqlen ends at the last valid
// key (onnx/onnx#8068).
func Attention(y, presentK, presentV, qk *tensor.Tensor, a *attr.ONNXAttention, q, k, v, mask, pastK, pastV, nonpad *tensor.Tensor) error {
	var c attr.Bound
	spec, operands, err := onnxSpec(a, q, k, v, pastK, pastV)
	if err == nil {
		err = spec.Bind(&c, operands...)
	}
	if err != nil {
		return fmt.Errorf("Attention: %w", err)
	}
	m := onnxMask{c: &c, causal: a.Causal}
	if err := m.bind(mask, nonpad); err != nil {
		return fmt.Errorf("Attention: %w", err)
	}
	out := c.ResetOutputs(y, presentK, presentV)
	if qk != nil {
		qk.Reset(q.DType, c.B, c.Heads, c.T, c.S)
	}
	keys, values := gatherCache(&c)
	storeCache(presentK, keys)
	storeCache(presentV, values)
	at := 0
	for b := range c.B {
		for h := range c.Heads {
			r := row{c: &c, b: b, h: h, k: keys[b][h/c.Group()], v: values[b][h/c.Group()], o: make([]float64, c.Dv)}
			for i := range c.T {
				stages := m.stages(&r, i)
				clear(r.o)
				r.combine(stages[qkWeights], nil)
				storeRow(out, out.At(b, h, i), r.o)
				if qk != nil {
					storeRow(attr.View{Tensor: qk}, at, stages[a.QKOutputMode])
					at += c.S
				}
			}
		}
	}
	return nil
}

// onnxSpec is a without masks as a specification of ours, with its operands.
func onnxSpec(a *attr.ONNXAttention, q, k, v, pastK, pastV *tensor.Tensor) (*attr.Attention, []*tensor.Tensor, error) {
	spec := attr.New[attr.Attention]()
	spec.Heads, spec.KVHeads = a.Heads, a.KVHeads
	spec.Softcap = float64(a.Softcap)
	switch {
	case q == nil || k == nil || v == nil:
		return nil, nil, fmt.Errorf("q, k and v must be given")
	case q.Rank() == 4 && k.Rank() == 4:
		spec.Heads, spec.KVHeads = q.Shape[1], k.Shape[1]
	case q.Rank() == 3:
		spec.Layout = attr.LayoutBSD
	default:
		return nil, nil, fmt.Errorf("q is %s, want rank 3 or 4, and k alike", q)
	}
	if a.QKOutputMode < qkScaled || a.QKOutputMode > qkWeights {
		return nil, nil, fmt.Errorf("qk_matmul_output_mode = %d is not known", a.QKOutputMode)
	}
	if err := spec.Check(); err != nil {
		return nil, nil, err
	}
	size := q.Shape[q.Rank()-1]
	if q.Rank() == 3 {
		size /= spec.Heads
	}
	if spec.Scale = float64(a.Scale); a.Scale == 0 {
		spec.Scale = 1 / math.Sqrt(float64(size))
	}
	operands := []*tensor.Tensor{q, k, v}
	if spec.HasPast = pastK != nil; spec.HasPast {
		operands = append(operands, pastK, pastV)
	}
	if (pastK == nil) != (pastV == nil) {
		return nil, nil, fmt.Errorf("past_key and past_value must be given together")
	}
	return spec, operands, nil
}

// onnxMask hides keys, or adds to their scores, as ai.onnx says.
type onnxMask struct {
	c      *attr.Bound
	causal bool
	grid   attr.Grid // absent: no mask
	width  int       // keys that the mask covers; those after it are hidden
	nonpad *tensor.Tensor
}

func (m *onnxMask) bind(mask, nonpad *tensor.Tensor) error {
	c := m.c
	if m.nonpad = nonpad; nonpad != nil && (!nonpad.DType.IsInt() || !tensor.SameShape(nonpad.Shape, []int{c.B})) {
		return fmt.Errorf("nonpad_kv_seqlen is %s, want integers [%d]", nonpad, c.B)
	}
	m.width = c.S
	if mask == nil {
		return nil
	}
	if mask.DType != tensor.Bool && !mask.DType.IsFloat() || mask.Rank() < 1 {
		return fmt.Errorf("attn_mask is %s, want bool or float of rank 1 to 4", mask)
	}
	if last := mask.Shape[mask.Rank()-1]; last != 1 {
		m.width = min(last, c.S)
	}
	var err error
	m.grid, err = attr.Broadcast("attn_mask", mask, [4]int{c.B, c.Heads, c.T, m.width})
	return err
}

// bias returns what is added to the score of key j: −inf hides it.
func (m *onnxMask) bias(b, h, i, j int) float64 {
	hidden := m.causal && j > i+m.before(b) || j >= m.width ||
		m.nonpad != nil && int64(j) >= m.nonpad.IntAt(b)
	if hidden {
		return math.Inf(-1)
	}
	if m.grid.Tensor == nil {
		return 0
	}
	x := m.grid.FloatAt(m.grid.At(b, h, i) + j*m.grid.Strides[3])
	if m.grid.DType != tensor.Bool {
		return x
	}
	return math.Log(x) // 0 or −inf
}

// before is the number of keys in front of the one that belongs to query 0.
func (m *onnxMask) before(b int) int {
	if m.nonpad != nil {
		return int(m.nonpad.IntAt(b)) - m.c.T
	}
	return m.c.Past
}

// stages returns what row i's scores are after each step, by qk mode.
func (m *onnxMask) stages(r *row, i int) (s [4][]float64) {
	for mode := range s {
		s[mode] = make([]float64, r.c.S)
	}
	q := r.query(r.c.Q, i)
	for j, k := range r.k {
		s[qkScaled][j] = r.c.Scale * dot(q, k)
		s[qkCapped][j] = r.score(i, j)
		s[qkMasked][j] = s[qkCapped][j] + m.bias(r.b, r.h, i, j)
	}
	if !math.IsInf(maxOf(s[qkMasked]), -1) {
		s[qkWeights] = softmax(s[qkMasked], math.Inf(-1))
	}
	return s
}

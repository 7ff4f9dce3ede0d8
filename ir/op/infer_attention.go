package op

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// sizes are the dims of an attention as its operands give them one after
// another. A size that no operand has told yet is unset.
type sizes struct {
	dims [numSizes]sym.Dim
	set  [numSizes]bool
}

type sizeName int

const (
	ofBatch sizeName = iota
	ofQueryHeads
	ofKvHeads
	ofQueries
	ofNewKeys
	ofHeadSize
	ofValueSize
	ofPast
	numSizes
)

var sizeNames = [numSizes]string{"batch size", "heads", "kv heads", "queries", "keys", "head size", "value head size", "past length"}

// learn unites what is known of a size with d.
func (s *sizes) learn(name sizeName, d sym.Dim) error {
	if s.set[name] {
		var err error
		if d, err = agree(sizeNames[name], s.dims[name], d); err != nil {
			return err
		}
	}
	s.dims[name], s.set[name] = d, true
	return nil
}

// get returns a size; one that no operand tells is fresh, numbered after the
// axes.
func (s *sizes) get(c *ir.Infer, name sizeName) sym.Dim {
	if !s.set[name] {
		s.dims[name], s.set[name] = c.Fresh(0, int(name)), true
	}
	return s.dims[name]
}

// learn4D reads an operand laid out [batch, heads, length, size].
func (s *sizes) learn4D(c *ir.Infer, i int, axes ...sizeName) error {
	known, err := wantRank(c, i, len(axes))
	if err != nil || !known {
		return err
	}
	for k, name := range axes {
		if err := s.learn(name, c.Type(i).Shape[k]); err != nil {
			return fmt.Errorf("operand %d: %w", i, err)
		}
	}
	return nil
}

// learnPacked reads an operand with heads in the last axis; their number is known.
func (s *sizes) learnPacked(c *ir.Infer, i int, l attr.Layout, heads, length, size sizeName) error {
	known, err := wantRank(c, i, 3)
	if err != nil || !known {
		return err
	}
	shape := c.Type(i).Shape
	each, err := quotient("the packed size", shape[2], s.dims[heads])
	if err != nil {
		return fmt.Errorf("operand %d: %w", i, err)
	}
	batch, positions, _ := l.Axes()
	for _, known := range []struct {
		name sizeName
		dim  sym.Dim
	}{{ofBatch, shape[batch]}, {length, shape[positions]}, {size, each}} {
		if err := s.learn(known.name, known.dim); err != nil {
			return fmt.Errorf("operand %d: %w", i, err)
		}
	}
	return nil
}

// learnQKV reads q, k and v in any layout.
func (s *sizes) learnQKV(c *ir.Infer, l attr.Layout) error {
	read := func(i int, heads, length, size sizeName) error {
		if _, _, packed := l.Axes(); packed {
			return s.learnPacked(c, i, l, heads, length, size)
		}
		return s.learn4D(c, i, ofBatch, heads, length, size)
	}
	if err := read(0, ofQueryHeads, ofQueries, ofHeadSize); err != nil {
		return err
	}
	if err := read(1, ofKvHeads, ofNewKeys, ofHeadSize); err != nil {
		return err
	}
	return read(2, ofKvHeads, ofNewKeys, ofValueSize)
}

// learnPast reads the caches, [batch, kv heads, past, size], at operand k and
// the one after it. Without caches the past is empty.
func (s *sizes) learnPast(c *ir.Infer, k int) error {
	if c.In(k) == nil {
		return s.learn(ofPast, sym.Const(0))
	}
	if err := s.learn4D(c, k, ofBatch, ofKvHeads, ofPast, ofHeadSize); err != nil {
		return err
	}
	return s.learn4D(c, k+1, ofBatch, ofKvHeads, ofPast, ofValueSize)
}

// keys is the number of keys, the past's included.
func (s *sizes) keys(c *ir.Infer) sym.Dim { return s.get(c, ofPast).Add(s.get(c, ofNewKeys)) }

// scores is the shape of q·k.
func (s *sizes) scores(c *ir.Infer) sym.Shape {
	return sym.Shape{s.get(c, ofBatch), s.get(c, ofQueryHeads), s.get(c, ofQueries), s.keys(c)}
}

// output is the shape of the result.
func (s *sizes) output(c *ir.Infer, l attr.Layout) sym.Shape {
	b, t, h, d := s.get(c, ofBatch), s.get(c, ofQueries), s.get(c, ofQueryHeads), s.get(c, ofValueSize)
	switch l {
	case attr.LayoutBSD:
		return sym.Shape{b, t, h.Mul(d)}
	case attr.LayoutSBD:
		return sym.Shape{t, b, h.Mul(d)}
	}
	return sym.Shape{b, h, t, d}
}

// cache is the shape of a present, whose heads have the given size.
func (s *sizes) cache(c *ir.Infer, size sizeName) sym.Shape {
	return sym.Shape{s.get(c, ofBatch), s.get(c, ofKvHeads), s.keys(c), s.get(c, size)}
}

// inferParallax checks the operands of the fused node against its
// specification; see [attr.Attention].
func inferParallax(c *ir.Infer) error {
	a := attrsOf[attr.Attention](c)
	if err := a.Check(); err != nil {
		return err
	}
	o := a.Operands()
	if err := parallaxOperands(c, a, o); err != nil {
		return err
	}
	d, err := parallaxElements(c, a, o)
	if err != nil {
		return err
	}
	s := &sizes{}
	if err := s.learnHeads(a.Heads, a.KVHeads); err != nil {
		return err
	}
	if err := s.learnQKV(c, a.Layout); err != nil {
		return err
	}
	if a.HasProbe {
		if err := sameShape(c, o.Q, o.R); err != nil {
			return err
		}
	}
	if err := s.learnPast(c, o.PastK); err != nil {
		return err
	}
	if err := parallaxMasks(c, a, o, s); err != nil {
		return err
	}
	c.SetTensor(0, d, s.output(c, a.Layout))
	c.SetTensor(1, d, s.cache(c, ofHeadSize))
	c.SetTensor(2, d, s.cache(c, ofValueSize))
	return nil
}

func (s *sizes) learnHeads(query, kv int) error {
	if err := s.learn(ofQueryHeads, sym.Const(int64(query))); err != nil {
		return err
	}
	return s.learn(ofKvHeads, sym.Const(int64(kv)))
}

// parallaxOperands checks that the operands are those that the specification
// announces.
func parallaxOperands(c *ir.Infer, a *attr.Attention, o attr.Operands) error {
	if c.NumIn() != o.Count {
		return fmt.Errorf("%d operands, the specification has %d", c.NumIn(), o.Count)
	}
	if err := noneMissing(c); err != nil {
		return err
	}
	if c.NumOut() != a.Outputs() {
		return fmt.Errorf("%d outputs, the specification has %d", c.NumOut(), a.Outputs())
	}
	return nil
}

// parallaxElements checks the element types and returns that of the result.
func parallaxElements(c *ir.Infer, a *attr.Attention, o attr.Operands) (tensor.DType, error) {
	tensors := []int{o.Q, o.K, o.V}
	if a.HasProbe {
		tensors = append(tensors, o.R)
	}
	if a.HasPast {
		tensors = append(tensors, o.PastK, o.PastV)
	}
	if err := eachIs(c, floats, tensors...); err != nil {
		return 0, err
	}
	for i := range a.Biases {
		if err := floats.check(c, o.Bias+i); err != nil {
			return 0, err
		}
	}
	for i := range a.Masks {
		want := booleans
		if a.Compared(i) {
			want = numbers
		}
		if err := want.check(c, o.Mask+i); err != nil {
			return 0, err
		}
	}
	if a.HasRanges {
		if err := eachIs(c, integers, o.Starts, o.Lengths); err != nil {
			return 0, err
		}
	}
	if a.HasSink {
		if err := floats.check(c, o.Sink); err != nil {
			return 0, err
		}
	}
	return commonElement(c, tensors...)
}

func eachIs(c *ir.Infer, k class, operands ...int) error {
	for _, i := range operands {
		if err := k.check(c, i); err != nil {
			return err
		}
	}
	return nil
}

// parallaxMasks checks the operands that are broadcast to the scores.
func parallaxMasks(c *ir.Infer, a *attr.Attention, o attr.Operands, s *sizes) error {
	scores := ir.TensorOf(tensor.Invalid, s.scores(c))
	for i := range a.Biases - a.Relative {
		if err := broadcastsTo(c, o.Bias+i, scores); err != nil {
			return err
		}
	}
	if err := relativeBiases(c, a, o, s); err != nil {
		return err
	}
	for i := range a.Masks {
		if err := broadcastsTo(c, o.Mask+i, scores); err != nil {
			return err
		}
	}
	if a.HasRanges {
		for _, i := range []int{o.Starts, o.Lengths} {
			if err := s.learn4D(c, i, ofBatch); err != nil {
				return err
			}
		}
	}
	if rank, known := sinkRank(c, o.Sink); known && rank == 1 {
		return s.learn4D(c, o.Sink, ofQueryHeads)
	}
	scores.Shape[3] = sym.Const(1)
	return broadcastsTo(c, o.Sink, scores)
}

// relativeBiases checks the biases that are [B, H, 1, T+S−1], by key minus query.
func relativeBiases(c *ir.Infer, a *attr.Attention, o attr.Operands, s *sizes) error {
	span := s.get(c, ofQueries).Add(s.keys(c)).Sub(sym.Const(1))
	want := ir.TensorOf(tensor.Invalid, sym.Shape{s.get(c, ofBatch), s.get(c, ofQueryHeads), sym.Const(1), span})
	for i := o.Bias + a.Biases - a.Relative; i < o.Bias+a.Biases; i++ {
		if err := broadcastsTo(c, i, want); err != nil {
			return err
		}
		if rank, known := c.Type(i).Rank(); known && (rank == 0 || differ(c.Type(i).Shape[rank-1], span)) {
			return fmt.Errorf("operand %d is %s, want %s, by key minus query", i, c.Type(i), want.Shape)
		}
	}
	return nil
}

func sinkRank(c *ir.Infer, i int) (int, bool) {
	if c.In(i) == nil {
		return 0, false
	}
	return c.Type(i).Rank()
}

// inferONNXAttention types ai.onnx Attention: q, k, v, mask, past key, past
// value and (opset 24) the lengths of the keys. Rank 3 is the packed layout.
func inferONNXAttention(c *ir.Infer) error {
	a := attrsOf[attr.ONNXAttention](c)
	if err := classes(c, floats, floats, floats, ordered, floats, floats, integers); err != nil {
		return err
	}
	d, err := commonElement(c, 0, 1)
	if err != nil {
		return err
	}
	if (c.In(4) == nil) != (c.In(5) == nil) {
		return fmt.Errorf("past_key and past_value go together")
	}
	v := c.Type(2).DType
	rank, known := rankOfQKV(c)
	if !known {
		return unrankedAttention(c, d, v)
	}
	s := &sizes{}
	switch {
	case rank == 3 && (a.Heads < 1 || a.KVHeads < 1):
		return fmt.Errorf("q_num_heads and kv_num_heads are needed for operands of rank 3")
	case a.Heads > 0 && a.KVHeads > 0:
		if err := s.learnHeads(a.Heads, a.KVHeads); err != nil {
			return err
		}
	case rank != 3 && rank != 4:
		return fmt.Errorf("q has rank %d, want 3 or 4", rank)
	}
	layout := attr.LayoutBHSD
	if rank == 3 {
		layout = attr.LayoutBSD
	}
	if err := s.learnQKV(c, layout); err != nil {
		return err
	}
	if err := s.learnPast(c, 4); err != nil {
		return err
	}
	if _, err := quotient("the number of heads", s.get(c, ofQueryHeads), s.get(c, ofKvHeads)); err != nil {
		return err
	}
	scores := ir.TensorOf(d, s.scores(c))
	if c.In(6) == nil { // otherwise the mask may be shorter than the keys
		if err := broadcastsTo(c, 3, scores); err != nil {
			return err
		}
	}
	c.SetTensor(0, d, s.output(c, layout))
	c.SetTensor(1, d, s.cache(c, ofHeadSize))
	c.SetTensor(2, v, s.cache(c, ofValueSize))
	c.Set(3, scores)
	return nil
}

// rankOfQKV is the rank of the first of q, k and v that has one.
func rankOfQKV(c *ir.Infer) (int, bool) {
	for i := range 3 {
		if rank, known := c.Type(i).Rank(); known {
			return rank, true
		}
	}
	return 0, false
}

func unrankedAttention(c *ir.Infer, d, v tensor.DType) error {
	c.Set(0, ir.Unranked(d))
	c.SetTensor(1, d, c.FreshShape(1, 4))
	c.SetTensor(2, v, c.FreshShape(2, 4))
	c.SetTensor(3, d, c.FreshShape(3, 4))
	return nil
}

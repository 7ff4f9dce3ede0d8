package op

import (
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// inferAlongAxis types Softmax, LogSoftmax and LpNormalization: like x, with an
// axis that must be there.
func inferAlongAxis(axis func(c *ir.Infer) int) func(*ir.Infer) error {
	return func(c *ir.Infer) error {
		if err := floats.check(c, 0); err != nil {
			return err
		}
		t := c.Type(0)
		c.Set(0, t)
		if !t.HasRank {
			return nil
		}
		_, err := normalAxis(axis(c), len(t.Shape))
		return err
	}
}

func softmaxAxis(c *ir.Infer) int { return attrsOf[attr.Axis](c).Axis }

func lpAxis(c *ir.Infer) int { return attrsOf[attr.LpNormalization](c).Axis }

// inferLayerNormalization gives the statistics in f32, whatever x is
// (stash_type 1).
func inferLayerNormalization(c *ir.Infer) error {
	d, statistics, err := normalized(c)
	if err != nil {
		return err
	}
	setLike(c, c.Type(0), d)
	c.Set(1, statistics)
	c.Set(2, statistics)
	return nil
}

// inferRMSNormalization gives the result the elements of the scale.
func inferRMSNormalization(c *ir.Infer) error {
	if _, _, err := normalized(c); err != nil {
		return err
	}
	d := c.Type(1).DType
	if d == tensor.Invalid {
		d = c.Type(0).DType
	}
	setLike(c, c.Type(0), d)
	return nil
}

// normalized checks a normalisation over the last axes, and returns the element
// type and the type of the statistics: x's with those axes of size 1.
func normalized(c *ir.Infer) (tensor.DType, ir.Type, error) {
	if err := floats.checkAll(c); err != nil {
		return 0, ir.Type{}, err
	}
	x, a := c.Type(0), attrsOf[attr.LayerNormalization](c)
	d := x.DType
	if d == tensor.Invalid {
		d = c.Type(1).DType
	}
	if !x.HasRank {
		return d, ir.Unranked(tensor.Float32), nil
	}
	axis, err := normalAxis(a.Axis, len(x.Shape))
	if err != nil {
		return 0, ir.Type{}, err
	}
	for i := 1; i < c.NumIn(); i++ {
		if err := broadcastsTo(c, i, x); err != nil {
			return 0, ir.Type{}, err
		}
	}
	shape := x.Shape.Clone()
	for i := axis; i < len(shape); i++ {
		shape[i] = sym.Const(1)
	}
	return d, ir.TensorOf(tensor.Float32, shape), nil
}

// inferChannelNorm types the normalisations whose operands after x are vectors
// with one entry per channel, x's axis 1.
func inferChannelNorm(c *ir.Infer) error {
	if err := floats.checkAll(c); err != nil {
		return err
	}
	x := c.Type(0)
	c.Set(0, x)
	known, err := minRank(c, 0, 2)
	if err != nil {
		return err
	}
	for i := 1; i < c.NumIn(); i++ {
		vector, err := wantRank(c, i, 1)
		if err != nil {
			return err
		}
		if !known || !vector {
			continue
		}
		if n := c.Type(i).Shape[0]; differ(n, x.Shape[1]) {
			return fmt.Errorf("operand %d has %s entries for %s channels", i, n, x.Shape[1])
		}
	}
	return nil
}

func inferGroupNormalization(c *ir.Infer) error {
	if err := inferChannelNorm(c); err != nil {
		return err
	}
	groups := attrsOf[attr.GroupNormalization](c).Groups
	if groups < 1 {
		return fmt.Errorf("num_groups %d is not positive", groups)
	}
	if x := c.Type(0); x.HasRank {
		_, err := quotient("the number of channels", x.Shape[1], sym.Const(int64(groups)))
		return err
	}
	return nil
}

// inferRotaryEmbedding takes x as [B, H, T, D] or [B, T, H·D], two caches and
// position ids.
func inferRotaryEmbedding(c *ir.Infer) error {
	if err := classes(c, floats, floats, floats, integers); err != nil {
		return err
	}
	d, err := commonElement(c, 0, 1, 2)
	if err != nil {
		return err
	}
	x := c.Type(0)
	setLike(c, x, d)
	rank, known := x.Rank()
	switch {
	case known && rank != 3 && rank != 4:
		return fmt.Errorf("x has rank %d, want 3 or 4", rank)
	case rank == 3 && attrsOf[attr.RotaryEmbedding](c).Heads < 1:
		return fmt.Errorf("num_heads is needed for x of rank 3")
	}
	want := 3 // caches per batch and position
	if c.In(3) != nil {
		want = 2 // gathered by position ids
		if _, err := wantRank(c, 3, 2); err != nil {
			return err
		}
	}
	for i := 1; i <= 2; i++ {
		if _, err := wantRank(c, i, want); err != nil {
			return err
		}
	}
	return sameShape(c, 1, 2)
}

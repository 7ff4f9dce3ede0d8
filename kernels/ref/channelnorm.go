package ref

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// channels is a tensor [batch, channel, …] with per-channel operands.
type channels struct {
	n, c, inner int
	x           []float64
	params      [][]float64
}

func newChannels(x *tensor.Tensor, params ...*tensor.Tensor) (*channels, error) {
	if x.Rank() < 2 {
		return nil, fmt.Errorf("operand is %s, want at least batch and channels", x)
	}
	for i, p := range params {
		if p.Rank() != 1 || p.Len() != x.Shape[1] {
			return nil, fmt.Errorf("operand %d is %s for %d channels", i+1, p, x.Shape[1])
		}
	}
	all, err := loadAll(append([]*tensor.Tensor{x}, params...)...)
	if err != nil {
		return nil, err
	}
	c := &channels{x: all[0], params: all[1:]}
	if len(c.x) > 0 {
		c.n, c.c, c.inner = x.Shape[0], x.Shape[1], product(x.Shape[2:])
	}
	return c, nil
}

// each calls f with the elements of every channel of every batch entry.
func (c *channels) each(f func(x []float64, channel int)) {
	for i := range c.n * c.c {
		f(c.x[i*c.inner:(i+1)*c.inner], i%c.c)
	}
}

func (c *channels) affine(scale, bias []float64) {
	c.each(func(x []float64, channel int) {
		for i, v := range x {
			x[i] = float64(v*scale[channel]) + bias[channel]
		}
	})
}

// BatchNormalization is (x − mean)/√(variance + ε)·scale + bias per channel.
func BatchNormalization(z *tensor.Tensor, a *attr.BatchNormalization, x, scale, bias, mean, variance *tensor.Tensor) error {
	c, err := newChannels(x, scale, bias, mean, variance)
	if err != nil {
		return err
	}
	c.each(func(x []float64, channel int) {
		m, inverse := c.params[2][channel], 1/math.Sqrt(c.params[3][channel]+float64(a.Epsilon))
		for i, v := range x {
			x[i] = (v - m) * inverse
		}
	})
	c.affine(c.params[0], c.params[1])
	z.Reset(x.DType, x.Shape...)
	store(z, c.x)
	return nil
}

// InstanceNormalization normalises each channel of each batch entry by its own
// statistics.
func InstanceNormalization(z *tensor.Tensor, a *attr.BatchNormalization, x, scale, bias *tensor.Tensor) error {
	c, err := newChannels(x, scale, bias)
	if err != nil {
		return err
	}
	return c.normaliseGroups(z, x, c.c, a.Epsilon)
}

// GroupNormalization normalises each group of channels of each batch entry by
// its own statistics.
func GroupNormalization(z *tensor.Tensor, a *attr.GroupNormalization, x, scale, bias *tensor.Tensor) error {
	c, err := newChannels(x, scale, bias)
	if err != nil {
		return err
	}
	if a.Groups < 1 || x.Shape[1]%a.Groups != 0 {
		return fmt.Errorf("%d channels in %d groups", x.Shape[1], a.Groups)
	}
	return c.normaliseGroups(z, x, a.Groups, a.Epsilon)
}

func (c *channels) normaliseGroups(z, x *tensor.Tensor, groups int, epsilon float32) error {
	if len(c.x) > 0 {
		size := c.c / groups * c.inner
		for start := 0; start < len(c.x); start += size {
			group := c.x[start : start+size]
			normalise(group, average(group), float64(epsilon))
		}
	}
	c.affine(c.params[0], c.params[1])
	z.Reset(x.DType, x.Shape...)
	store(z, c.x)
	return nil
}

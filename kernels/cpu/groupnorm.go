package cpu

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// normBlock is how many elements the statistics of a group are taken of at once, in
// f32: few enough for sums without lanes to be exact enough, and for the second pass
// over them to find them in the nearest cache. The blocks of a group are joined in
// f64, in their order.
const normBlock = 1 << 12

// groupNorm normalises groups of the channels of [batch, channel, …] by their own
// statistics: a group lies in one piece.
type groupNorm struct {
	ctx         *Ctx
	z, x        floats
	channels    int       // of a batch entry
	each        int       // of a group
	inner       int       // elements of a channel
	scale, bias []float32 // of the channels
	epsilon     float64
	blocks      int       // of a group
	moments     []float32 // three of every block
}

// InstanceNormalization is (x − mean)/√(variance + ε)·scale + bias of each channel of
// each batch entry of x [batch, channel, …], of f32, f16 or bf16; scale and bias
// are of the channels.
func InstanceNormalization(c *Ctx, z *tensor.Tensor, a *attr.BatchNormalization, x, scale, bias *tensor.Tensor) error {
	if x.Rank() < 2 {
		return fmt.Errorf("InstanceNormalization: operand %s, want at least batch and channels", x)
	}
	return c.normaliseGroups("InstanceNormalization", z, x.Shape[1], a.Epsilon, x, scale, bias)
}

// GroupNormalization is InstanceNormalization with the statistics of groups of
// channels that follow each other.
func GroupNormalization(c *Ctx, z *tensor.Tensor, a *attr.GroupNormalization, x, scale, bias *tensor.Tensor) error {
	if x.Rank() < 2 || a.Groups < 1 || x.Shape[1]%a.Groups != 0 {
		return fmt.Errorf("GroupNormalization: operand %s in %d groups of channels", x, a.Groups)
	}
	return c.normaliseGroups("GroupNormalization", z, a.Groups, a.Epsilon, x, scale, bias)
}

func (c *Ctx) normaliseGroups(name string, z *tensor.Tensor, groups int, epsilon float32, x, scale, bias *tensor.Tensor) error {
	channels := x.Shape[1]
	if !isFloat(x.DType) {
		return fmt.Errorf("%s: operand %s, want f32, f16 or bf16", name, x)
	}
	for _, p := range []*tensor.Tensor{scale, bias} {
		if !isFloat(p.DType) || p.Rank() != 1 || p.Len() != channels {
			return fmt.Errorf("%s: scale or bias %s for %d channels", name, p, channels)
		}
	}
	z.Reset(x.DType, x.Shape...)
	if x.Len() == 0 {
		return nil
	}
	t := &c.groups
	*t = groupNorm{
		ctx: c, z: floatsOf(z), x: floatsOf(x), channels: channels, each: channels / groups, inner: elements(x.Shape[2:]),
		scale: c.widened(scale), bias: c.widened(bias), epsilon: float64(epsilon),
	}
	t.blocks = ceilDiv(t.size(), normBlock)
	t.moments = c.take(3 * t.blocks * x.Shape[0] * groups)
	t.run(x.Shape[0] * groups)
	c.put(t.moments)
	c.unwiden(scale, t.scale)
	c.unwiden(bias, t.bias)
	return nil
}

// size is how many elements a group has.
func (t *groupNorm) size() int { return t.each * t.inner }

// run does groups as wholes, while they are in the caches, if there are enough for
// the threads; else the blocks of all, and then the channels.
func (t *groupNorm) run(groups int) {
	pool, cost := t.ctx.Pool, costNormalise+2*t.x.narrowCost()
	if t.blocks == 1 || groups >= 4*pool.Threads() {
		pool.Do(groups, t.ctx.cut(groups, costRun+cost*float64(t.size())), wholeGroups{t})
		return
	}
	blocks, channels := groups*t.blocks, groups*t.each
	pool.Do(blocks, t.ctx.cut(blocks, cost*normBlock), groupBlocks{t})
	pool.Do(channels, t.ctx.cut(channels, costRun+cost*float64(t.inner)), groupChannels{t})
}

// The tasks are ranges of groups, of blocks of all groups, of channels of all.
type (
	wholeGroups   struct{ *groupNorm }
	groupBlocks   struct{ *groupNorm }
	groupChannels struct{ *groupNorm }
)

func (t wholeGroups) Do(lo, hi int) {
	for g := lo; g < hi; g++ {
		t.measure(g*t.blocks, (g+1)*t.blocks)
		t.normalise(g*t.each, (g+1)*t.each)
	}
}

func (t groupBlocks) Do(lo, hi int) { t.measure(lo, hi) }

func (t groupChannels) Do(lo, hi int) { t.normalise(lo, hi) }

// blockSize is the number of elements of a block of a group.
func (t *groupNorm) blockSize(block int) int { return min(normBlock, t.size()-block*normBlock) }

// measure takes the moments of the blocks lo ≤ i < hi.
func (t *groupNorm) measure(lo, hi int) {
	wide := t.scratch(min(normBlock, t.size()))
	for i := lo; i < hi; i++ {
		group, block := i/t.blocks, i%t.blocks
		n := t.blockSize(block)
		x := t.x.load(wide, group*t.size()+block*normBlock, n)
		vec.Moments(n, ptr(t.moments[3*i:][:3]), ptr(x), 1/float32(n))
	}
	t.giveBack(wide)
}

// statistics joins the moments of a group's blocks to the mean and 1/√(variance + ε).
func (t *groupNorm) statistics(group int) (mean, inverse float64) {
	var count, squares float64
	for block := range t.blocks {
		m, n := t.moments[3*(group*t.blocks+block):][:3], float64(t.blockSize(block))
		missing := float64(m[1]) / n
		apart := float64(m[0]) + missing - mean
		squares += float64(m[2]) - float64(missing*missing*n) + float64(apart*apart*count*n/(count+n))
		count += n
		mean += float64(apart * n / count)
	}
	return mean, 1 / math.Sqrt(max(squares, 0)/count+t.epsilon)
}

// normalise does the channels lo ≤ i < hi of all batch entries.
func (t *groupNorm) normalise(lo, hi int) {
	wide := t.scratch(t.inner)
	known := -1
	var mean, inverse float64
	for i := lo; i < hi; i++ {
		if i/t.each != known {
			known = i / t.each
			mean, inverse = t.statistics(known)
		}
		// The centre is rounded, as its difference from elements near it is not.
		c, centre := i%t.channels, float32(mean)
		scale := float64(t.scale[c]) * inverse
		shift := float64(t.bias[c]) + float64((float64(centre)-mean)*scale)
		x := t.x.load(wide, i*t.inner, t.inner)
		z := wide
		if t.z.f32 != nil {
			z = t.z.f32[i*t.inner:][:t.inner]
		}
		vec.Rescale(t.inner, ptr(z), ptr(x), centre, float32(scale), float32(shift))
		if t.z.f32 == nil {
			t.z.store(i*t.inner, z)
		}
	}
	t.giveBack(wide)
}

// scratch lends a task room for n elements that are widened.
func (t *groupNorm) scratch(n int) []float32 {
	if t.x.f32 != nil {
		return nil
	}
	return t.ctx.take(n)
}

func (t *groupNorm) giveBack(s []float32) {
	if s != nil {
		t.ctx.put(s)
	}
}

package attr

import (
	"fmt"
	"slices"
)

// The activations that a fused convolution has beside those of a product.
const (
	ActivationHardSwish Activation = "hard_swish" // x·max(0, min(1, x/6 + 1/2))
	ActivationLeakyRelu Activation = "leaky_relu" // x, or alpha·x below 0
	ActivationClip      Activation = "clip"       // min(max(x, alpha), beta)
)

var convActivations = slices.Concat(activations, []Activation{ActivationHardSwish, ActivationLeakyRelu, ActivationClip})

// ConvActivations lists the activations of a fused convolution.
func ConvActivations() []Activation { return slices.Clone(convActivations) }

// FusedConv specifies the fused convolution
//
//	FusedConv(x, w, [bias], [residual]) → y
//
// of x [batch, channel, …] with filters w [filter, channel/group, …]: with * for the
// convolution that the attributes of [Conv] say, and a bias [filter] that is 0
// where it is left out,
//
//	y = f(x*w + bias) + residual
//	y = f(x*w + bias + residual)      with ResidualFirst
//
// The residual has y's shape. With ChannelsLast the channels of x and the filters of y
// are their last axes: [batch, …, channel] and [batch, …, filter]. Elements of 16 bits
// are computed in f32 or wider and rounded once.
type FusedConv struct {
	AutoPad   string `attr:"auto_pad,NOTSET"`
	Dilations []int  `attr:"dilations"`
	Group     int    `attr:"group,1"`
	Kernel    []int  `attr:"kernel_shape"`
	Pads      []int  `attr:"pads"`
	Strides   []int  `attr:"strides"`

	Activation Activation `attr:"activation,none"`
	// Alpha is the slope of leaky_relu and the lower limit of clip, Beta its upper.
	Alpha float32 `attr:"alpha,0"`
	Beta  float32 `attr:"beta,0"`

	// ChannelsLast: x and y are rows of channels.
	ChannelsLast bool `attr:"channels_last,false"`

	// Which optional operands the node has, and where the residual is added.
	HasBias       bool `attr:"has_bias,false"`
	HasResidual   bool `attr:"has_residual,false"`
	ResidualFirst bool `attr:"residual_first,false"`
}

// Fused returns a convolution with nothing behind it.
func (a *Conv) Fused() *FusedConv {
	return &FusedConv{
		AutoPad: a.AutoPad, Dilations: a.Dilations, Group: a.Group, Kernel: a.Kernel, Pads: a.Pads, Strides: a.Strides,
		Activation: ActivationNone,
	}
}

// Plain returns the convolution alone; its lists are a's.
func (a *FusedConv) Plain() Conv {
	return Conv{AutoPad: a.AutoPad, Dilations: a.Dilations, Group: a.Group, Kernel: a.Kernel, Pads: a.Pads, Strides: a.Strides}
}

// Spatial is the first axis of x that the window slides over.
func (a *FusedConv) Spatial() int {
	if a.ChannelsLast {
		return 1
	}
	return 2
}

// ToChannelsFirst is the permutation that brings rank axes of which the last are the
// channels to the order of [Conv].
func ToChannelsFirst(rank int) []int {
	perm := []int{0, rank - 1}
	for axis := 1; axis < rank-1; axis++ {
		perm = append(perm, axis)
	}
	return perm
}

// ToChannelsLast undoes [ToChannelsFirst].
func ToChannelsLast(rank int) []int {
	perm := []int{0}
	for axis := 2; axis < rank; axis++ {
		perm = append(perm, axis)
	}
	return append(perm, 1)
}

// FusedConvOperands are the positions of the node's operands; −1: absent.
type FusedConvOperands struct {
	X, Weight, Bias, Residual int
	Count                     int
}

// Operands returns where a's operands stand among the node's inputs.
func (a *FusedConv) Operands() FusedConvOperands {
	o := FusedConvOperands{X: 0, Weight: 1, Bias: -1, Residual: -1, Count: 2}
	if a.HasBias {
		o.Bias, o.Count = o.Count, o.Count+1
	}
	if a.HasResidual {
		o.Residual, o.Count = o.Count, o.Count+1
	}
	return o
}

// Check returns an error that says which combination of attributes is not a
// legal specification. The window is checked against the operands.
func (a *FusedConv) Check() error {
	limits := a.Activation == ActivationClip
	switch {
	case !slices.Contains(convActivations, a.Activation):
		return fmt.Errorf("activation = %q is not known", a.Activation)
	case a.ResidualFirst && !a.HasResidual:
		return fmt.Errorf("residual_first needs has_residual")
	case limits && !(a.Alpha <= a.Beta): // NaN included
		return fmt.Errorf("clip to %g … %g", a.Alpha, a.Beta)
	case !limits && a.Beta != 0 || !limits && a.Activation != ActivationLeakyRelu && a.Alpha != 0:
		return fmt.Errorf("alpha = %g and beta = %g are not of activation %s", a.Alpha, a.Beta, a.Activation)
	case a.Alpha != a.Alpha:
		return fmt.Errorf("alpha = %g is no slope", a.Alpha)
	}
	return nil
}

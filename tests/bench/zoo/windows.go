package zoo

import "strings"

// Conv is a convolution with a bias over a plane, or over a line, padded by half of
// its kernel.
type Conv struct {
	Channels, Filters, Kernel int
	Stride, Groups            int // 0: 1
	Line                      bool
}

// Graph is the file of c, of [batch,channels,h,w] or, over a line, [batch,channels,w].
func (c Conv) Graph() Graph {
	axes, dims := 2, "h,w"
	if c.Line {
		axes, dims = 1, "w"
	}
	each := func(n, times int) string { return strings.Repeat(fill("{n},", "n", n), times) }
	shape := strings.ReplaceAll(strings.TrimSuffix(each(c.Kernel, axes), ","), ",", "x")
	groups, stride := max(c.Groups, 1), max(c.Stride, 1)
	weights := fill("{f}x{c}x", "f", c.Filters, "c", c.Channels/groups) + shape
	return Graph{
		Name:    "conv",
		Inputs:  fill("x:f32[batch,{c},"+dims+"]", "c", c.Channels),
		Outputs: fill("y:f32[batch,{f},"+strings.ReplaceAll(strings.ReplaceAll(dims, "h", "oh"), "w", "ow")+"]", "f", c.Filters),
		Nodes: fill("y = Conv x w:"+weights+" b:{f} kernel_shape="+each(c.Kernel, axes)+" strides="+each(stride, axes)+
			" pads="+each(c.Kernel/2, 2*axes)+" group={g}", "f", c.Filters, "g", groups),
	}
}

// MaxPool is the maximum over 3×3 with stride 2 of [batch,channels,h,w].
func MaxPool(channels int) Graph {
	return Graph{
		Name:    "maxpool",
		Inputs:  fill("x:f32[batch,{c},h,w]", "c", channels),
		Outputs: fill("y:f32[batch,{c},oh,ow]", "c", channels),
		Nodes:   "y = MaxPool x kernel_shape=3,3 strides=2,2 pads=1,1,1,1",
	}
}

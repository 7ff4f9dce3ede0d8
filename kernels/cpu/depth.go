package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// DepthToSpace moves blocks of the channels of [N, C, H, W] to the last axes, of
// elements of 1, 2, 4 or 8 bytes: with the channels inside the blocks (mode DCR), or
// outside (CRD).
func DepthToSpace(c *Ctx, z *tensor.Tensor, a *attr.DepthSpace, x *tensor.Tensor) error {
	b := a.BlockSize
	if x.Rank() != 4 || b < 1 || x.Shape[1]%b != 0 || x.Shape[1]/b%b != 0 || a.Mode != "DCR" && a.Mode != "CRD" {
		return fmt.Errorf("DepthToSpace: %s by blocks of size %d in mode %q", x, b, a.Mode)
	}
	n, channels, h, w := x.Shape[0], x.Shape[1]/b/b, x.Shape[2], x.Shape[3]
	plane := h * w
	channel, block := plane, channels*plane
	if a.Mode == "CRD" {
		channel, block = b*b*plane, plane
	}
	s := &c.strided
	*s = strided{axes: axes{count: 1}}
	s.add(n, channels*b*b*plane)
	s.add(channels, channel)
	s.add(h, w)
	s.add(b, b*block)
	s.add(w, 1)
	s.add(b, block)
	shape := [...]int{n, channels, h * b, w * b}
	return located("DepthToSpace", s.copyTo(c, z, x, shape[:]))
}

// SpaceToDepth moves blocks of the last axes of [N, C, H, W] to the channels, of
// elements of 1, 2, 4 or 8 bytes.
func SpaceToDepth(c *Ctx, z *tensor.Tensor, a *attr.DepthSpace, x *tensor.Tensor) error {
	b := a.BlockSize
	if x.Rank() != 4 || b < 1 || x.Shape[2]%b != 0 || x.Shape[3]%b != 0 {
		return fmt.Errorf("SpaceToDepth: %s by blocks of size %d", x, b)
	}
	n, channels, h, w := x.Shape[0], x.Shape[1], x.Shape[2]/b, x.Shape[3]/b
	row := w * b
	plane := h * b * row
	s := &c.strided
	*s = strided{axes: axes{count: 1}}
	s.add(n, channels*plane)
	s.add(b, row)
	s.add(b, 1)
	s.add(channels, plane)
	s.add(h, b*row)
	s.add(w, b)
	shape := [...]int{n, channels * b * b, h, w}
	return located("SpaceToDepth", s.copyTo(c, z, x, shape[:]))
}

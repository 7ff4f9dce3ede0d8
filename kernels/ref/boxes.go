package ref

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// NonMaxSuppression selects boxes [batch, box, 4] by their scores [batch, class, box],
// the best first, for each class by itself: up to limit of those with a score above the
// least that are not covered by a selected one to more than the overlap. A selection is
// (batch, class, box).
func NonMaxSuppression(z *tensor.Tensor, a *attr.NonMaxSuppression, boxes, scores, limit, overlap, least *tensor.Tensor) error {
	if boxes.Rank() != 3 || boxes.Shape[2] != 4 || scores.Rank() != 3 || scores.Shape[0] != boxes.Shape[0] ||
		scores.Shape[2] != boxes.Shape[1] || a.CenterPointBox != 0 && a.CenterPointBox != 1 {
		return fmt.Errorf("boxes are %s, scores %s, center_point_box %d", boxes, scores, a.CenterPointBox)
	}
	most, share, above := 0, 0.0, math.Inf(-1)
	if limit != nil {
		var err error
		if most, err = scalarInt(limit, "the limit"); err != nil {
			return err
		}
	}
	for _, p := range []struct {
		t  *tensor.Tensor
		to *float64
	}{{overlap, &share}, {least, &above}} {
		if p.t == nil {
			continue
		}
		if p.t.Len() != 1 || !p.t.DType.IsFloat() {
			return fmt.Errorf("a threshold is %s, want one number", p.t)
		}
		*p.to = p.t.FloatAt(0)
	}
	all, err := loadAll(boxes, scores)
	if err != nil {
		return err
	}
	n, classes := boxes.Shape[1], scores.Shape[1]
	rectangles := make([]rectangle, len(all[0])/4)
	for i := range rectangles {
		rectangles[i] = rectangleOf(all[0][4*i:][:4], a.CenterPointBox == 1)
	}
	var selected []int64
	if n > 0 {
		for i := range len(all[1]) / n {
			batch := i / classes
			for _, k := range suppress(rectangles[batch*n:][:n], all[1][i*n:][:n], most, share, above) {
				selected = append(selected, int64(batch), int64(i%classes), int64(k))
			}
		}
	}
	z.Reset(tensor.Int64, len(selected)/3, 3)
	copy(tensor.Data[int64](z), selected)
	return nil
}

// suppress lists the boxes of a class that are selected.
func suppress(boxes []rectangle, scores []float64, most int, share, above float64) []int {
	var order, selected []int
	for i, s := range scores {
		if s > above {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(scores[j], scores[i]) })
	for _, i := range order {
		if len(selected) >= most {
			break
		}
		covered := func(j int) bool { return boxes[i].overlap(boxes[j]) > share }
		if !slices.ContainsFunc(selected, covered) {
			selected = append(selected, i)
		}
	}
	return selected
}

// rectangle is from low to high, in f32: whether an overlap is more than a threshold is
// to be answered as others do.
type rectangle struct{ low, high [2]float32 }

// rectangleOf reads two corners, or a centre and the sizes.
func rectangleOf(v []float64, centred bool) (r rectangle) {
	for i := range 2 {
		a, b := float32(v[i]), float32(v[i+2])
		if centred {
			r.low[i], r.high[i] = a-b/2, a+b/2
		} else {
			r.low[i], r.high[i] = min(a, b), max(a, b)
		}
	}
	return r
}

func (r rectangle) area() float32 { return (r.high[0] - r.low[0]) * (r.high[1] - r.low[1]) }

// overlap is what both have of what one of them has.
func (r rectangle) overlap(s rectangle) float64 {
	common := float32(1)
	for i := range 2 {
		common *= max(0, min(r.high[i], s.high[i])-max(r.low[i], s.low[i]))
	}
	if r.area() <= 0 || s.area() <= 0 || common <= 0 {
		return 0
	}
	return float64(common / (r.area() + s.area() - common))
}

// RoiAlign pools regions of x [batch, channel, height, width] to one size: each cell of
// the result is the mean, or the maximum, of places in it that are interpolated. A
// region is left, top, right and bottom, of the batch entry that indices say.
func RoiAlign(z *tensor.Tensor, a *attr.RoiAlign, x, regions, indices *tensor.Tensor) error {
	if x.Rank() != 4 || regions.Rank() != 2 || regions.Shape[1] != 4 || indices.Rank() != 1 || indices.Len() != regions.Shape[0] {
		return fmt.Errorf("%s, regions %s of %s", x, regions, indices)
	}
	if a.Mode != "avg" && a.Mode != "max" || a.Coordinates != "half_pixel" && a.Coordinates != "output_half_pixel" ||
		a.Height < 1 || a.Width < 1 || a.Sampling < 0 || a.Sampling > math.MaxInt16 {
		return fmt.Errorf("mode %q, coordinate_transformation_mode %q, %d places for each of %d by %d cells", a.Mode, a.Coordinates, a.Sampling, a.Height, a.Width)
	}
	of, err := indexed(indices)
	if err != nil {
		return err
	}
	all, err := loadAll(x, regions)
	if err != nil {
		return err
	}
	channels, height, width := x.Shape[1], x.Shape[2], x.Shape[3]
	if err := reset(z, x.DType, len(of), channels, a.Height, a.Width); err != nil {
		return err
	}
	out, cells := make([]float64, z.Len()), a.Height*a.Width
	if len(out) > 0 && len(all[0]) == 0 {
		return fmt.Errorf("%s is empty: there is nothing to pool", x)
	}
	for i, entry := range of {
		n, err := normalIndex(entry, x.Shape[0])
		if err != nil || len(out) == 0 {
			return err
		}
		r := all[1][4*i:][:4]
		rows, err := alignedAxis(a, r[1], r[3], height, a.Height)
		if err != nil {
			return err
		}
		columns, err := alignedAxis(a, r[0], r[2], width, a.Width)
		if err != nil {
			return err
		}
		for c := range channels {
			plane := all[0][(n*channels+c)*height*width:][:height*width]
			for k := range cells {
				out[(i*channels+c)*cells+k] = pooledCell(plane, width, rows[k/a.Width], columns[k%a.Width], a.Mode == "max")
			}
		}
	}
	store(z, out)
	return nil
}

// alignedPlace is a place of a cell along an axis: two elements and their weights, both
// of 0 outside.
type alignedPlace [2]sample

// largestCell bounds the work that a region far larger than any image makes.
const largestCell = 4096

// alignedAxis lists the places of each cell along an axis of so many elements.
func alignedAxis(a *attr.RoiAlign, from, to float64, size, cells int) ([][]alignedPlace, error) {
	scale, offset := float64(a.SpatialScale), 0.0
	if a.Coordinates == "half_pixel" {
		offset = 0.5
	}
	start := float64(from*scale) - offset
	length := float64(to*scale) - offset - start
	if offset == 0 {
		length = max(length, 1)
	}
	cell := length / float64(cells)
	count := a.Sampling
	if count == 0 {
		if !(math.Abs(cell) <= largestCell) {
			return nil, fmt.Errorf("a region from %g to %g", from, to)
		}
		count = max(0, int(math.Ceil(cell)))
	}
	list := make([][]alignedPlace, cells)
	for i := range list {
		for k := range count {
			at := start + float64(float64(i)*cell) + float64((float64(k)+0.5)*cell)/float64(count)
			list[i] = append(list[i], placeBetween(at, size))
		}
	}
	return list, nil
}

func placeBetween(at float64, size int) alignedPlace {
	if !(at >= -1 && at <= float64(size)) {
		return alignedPlace{}
	}
	at = min(max(at, 0), float64(size-1))
	low := int(at)
	t := at - float64(low)
	return alignedPlace{{low, 1 - t}, {min(low+1, size-1), t}}
}

// pooledCell is the mean of the places where rows and columns cross, or the greatest of
// what any element adds to one: ONNX defines it so.
func pooledCell(plane []float64, width int, rows, columns []alignedPlace, greatest bool) float64 {
	if len(rows)*len(columns) == 0 {
		return 0
	}
	sum, top := 0.0, math.Inf(-1)
	for _, r := range rows {
		for _, c := range columns {
			for i := range 4 {
				v := r[i/2].weight * c[i%2].weight * plane[r[i/2].at*width+c[i%2].at]
				sum += v
				top = max(top, v)
			}
		}
	}
	if greatest {
		return top
	}
	return sum / float64(len(rows)*len(columns))
}

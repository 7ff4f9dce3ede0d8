package ref

import (
	"fmt"
	"slices"
	"strings"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// label names an axis in an equation: a letter, or for the axes of the ellipsis
// −1 for the last one, −2 for the one before, and so on.
type label int

// einsumPlan is the loop nest of an equation: the axes of the result outside,
// those summed over inside.
type einsumPlan struct {
	outer, inner               []int   // sizes
	outerStrides, innerStrides [][]int // of each operand
}

// Einsum is the sum of products that the equation says: letters may repeat
// within an operand (a diagonal), the ellipsis broadcasts, and a result that is
// left out has the letters that occur once, in order.
func Einsum(z *tensor.Tensor, a *attr.Einsum, xs ...*tensor.Tensor) error {
	if err := present(xs); err != nil {
		return err
	}
	return compute(list{z}, xs, func(k arith, out, in list) error {
		p, err := planEinsum(a.Equation, in)
		if err != nil {
			return fmt.Errorf("equation %q: %w", a.Equation, err)
		}
		if err := reset(out[0], in[0].DType, p.outer...); err != nil {
			return err
		}
		k.einsum(out[0], in, p)
		return nil
	})
}

func planEinsum(equation string, xs list) (*einsumPlan, error) {
	left, right, explicit := strings.Cut(strings.ReplaceAll(equation, " ", ""), "->")
	terms := strings.Split(left, ",")
	if len(terms) != len(xs) {
		return nil, fmt.Errorf("%d terms for %d operands", len(terms), len(xs))
	}
	sizes := map[label]int{}
	labels, order, hidden := make([][]label, len(xs)), []label{}, 0
	for i, term := range terms {
		var err error
		if labels[i], err = termLabels(term, xs[i].Rank()); err != nil {
			return nil, err
		}
		for axis, l := range labels[i] {
			if err := bind(sizes, l, xs[i].Shape[axis]); err != nil {
				return nil, err
			}
			order = append(order, l)
			hidden = max(hidden, int(-l))
		}
	}
	result := implicitResult(order, hidden)
	if explicit {
		var err error
		if result, err = resultLabels(right, sizes, hidden); err != nil {
			return nil, err
		}
	}
	return nest(xs, labels, order, result, sizes), nil
}

// termLabels returns the labels of the axes of an operand of the given rank.
func termLabels(term string, rank int) ([]label, error) {
	before, after, ellipsis := strings.Cut(term, "...")
	labels := []label{}
	extra := rank - len(before) - len(after)
	if extra < 0 || extra > 0 && !ellipsis {
		return nil, fmt.Errorf("term %q for an operand of rank %d", term, rank)
	}
	for _, part := range []string{before, "...", after} {
		if part == "..." {
			for i := range extra {
				labels = append(labels, label(i-extra))
			}
			continue
		}
		for _, c := range part {
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
				return nil, fmt.Errorf("%q in term %q is no letter", c, term)
			}
			labels = append(labels, label(c))
		}
	}
	return labels, nil
}

// bind notes the size of a label; size 1 is broadcast.
func bind(sizes map[label]int, l label, size int) error {
	known, seen := sizes[l]
	switch {
	case !seen || known == 1:
		sizes[l] = size
	case size != known && size != 1:
		if l < 0 {
			return fmt.Errorf("sizes %d and %d in the ellipsis", known, size)
		}
		return fmt.Errorf("sizes %d and %d of %q", known, size, rune(l))
	}
	return nil
}

// implicitResult has the axes of the ellipsis and the letters that occur once,
// sorted.
func implicitResult(order []label, hidden int) []label {
	var once []label
	for _, l := range order {
		if l > 0 && slices.Index(order, l) == len(order)-1-slices.Index(reversed(order), l) {
			once = append(once, l)
		}
	}
	slices.Sort(once)
	return append(ellipsisLabels(hidden), once...)
}

func reversed(order []label) []label {
	r := slices.Clone(order)
	slices.Reverse(r)
	return r
}

func ellipsisLabels(hidden int) []label {
	var labels []label
	for i := -hidden; i < 0; i++ {
		labels = append(labels, label(i))
	}
	return labels
}

func resultLabels(term string, sizes map[label]int, hidden int) ([]label, error) {
	before, after, ellipsis := strings.Cut(term, "...")
	if !ellipsis {
		hidden = 0
	}
	labels, err := termLabels(term, len(before)+len(after)+hidden)
	if err != nil {
		return nil, err
	}
	for i, l := range labels {
		if _, ok := sizes[l]; !ok {
			return nil, fmt.Errorf("%q is in no operand", rune(l))
		}
		if slices.Contains(labels[:i], l) {
			return nil, fmt.Errorf("%q is twice in the result", rune(l))
		}
	}
	return labels, nil
}

// nest makes the loops: those of the result, then those of all other labels in
// the order in which they occur.
func nest(xs list, labels [][]label, order, result []label, sizes map[label]int) *einsumPlan {
	var summed []label
	for _, l := range order {
		if !slices.Contains(result, l) && !slices.Contains(summed, l) {
			summed = append(summed, l)
		}
	}
	p := &einsumPlan{outer: []int{}}
	for _, l := range result {
		p.outer = append(p.outer, sizes[l])
	}
	for _, l := range summed {
		p.inner = append(p.inner, sizes[l])
	}
	if len(summed) == 0 {
		summed, p.inner = []label{0}, []int{1} // a sum of one product
	}
	for i, x := range xs {
		p.outerStrides = append(p.outerStrides, labelStrides(x.Shape, labels[i], result))
		p.innerStrides = append(p.innerStrides, labelStrides(x.Shape, labels[i], summed))
	}
	return p
}

// labelStrides returns how far an operand advances along each loop: the sum of
// the strides of all its axes with that label.
func labelStrides(shape []int, labels, loops []label) []int {
	own, strides := stridesOf(shape), make([]int, len(loops))
	for axis, l := range labels {
		if i := slices.Index(loops, l); i >= 0 && shape[axis] != 1 {
			strides[i] += own[axis]
		}
	}
	return strides
}

func (numbers[T, A]) einsum(z *tensor.Tensor, xs list, p *einsumPlan) {
	zs := tensor.Data[T](z)
	data := make([][]T, len(xs))
	for i, x := range xs {
		data[i] = tensor.Data[T](x)
	}
	last := len(p.inner) - 1
	rest, steps := make([][]int, len(xs)), make([]int, len(xs))
	for i, s := range p.innerStrides {
		rest[i], steps[i] = s[:last], s[last]
	}
	from, at := make([]int, len(xs)), 0
	walk(p.outer, p.outerStrides, func(base []int) {
		var sum A
		walk(p.inner[:last], rest, func(offsets []int) {
			for i := range from {
				from[i] = base[i] + offsets[i]
			}
			sum += sumLine[T, A](data, from, steps, p.inner[last])
		})
		zs[at] = T(sum)
		at++
	})
}

// sumLine adds up n products of elements of all operands, that are steps apart;
// from is used up.
func sumLine[T number, A accumulator](data [][]T, from, steps []int, n int) A {
	var sum A
	for range n {
		term := A(1)
		for i, d := range data {
			term *= A(d[from[i]])
			from[i] += steps[i]
		}
		sum += term
	}
	return sum
}

package op

import (
	"fmt"
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/sym"
)

func inferMatMul(c *ir.Infer) error {
	if err := numbers.checkAll(c); err != nil {
		return err
	}
	d, err := commonElement(c, 0, 1)
	if err != nil {
		return err
	}
	a, b := c.Type(0), c.Type(1)
	for i := range 2 {
		if _, err := minRank(c, i, 1); err != nil {
			return err
		}
	}
	if !a.HasRank || !b.HasRank {
		c.Set(0, ir.Unranked(d))
		return nil
	}
	shape, err := product(a.Shape, b.Shape)
	if err != nil {
		return err
	}
	c.SetTensor(0, d, shape)
	return nil
}

// product is the shape of numpy's matmul: a vector on the left is a row, on the
// right a column, and its axis is dropped from the result.
func product(a, b sym.Shape) (sym.Shape, error) {
	left, right := sym.Shape{}, sym.Shape{}
	inner := b[0]
	if len(b) > 1 {
		inner = b[len(b)-2]
		right = b[len(b)-1:]
		b = b[:len(b)-2]
	} else {
		b = nil
	}
	if k := a[len(a)-1]; differ(k, inner) {
		return nil, fmt.Errorf("inner sizes %s and %s differ", k, inner)
	}
	if len(a) > 1 {
		left = a[len(a)-2 : len(a)-1]
		a = a[:len(a)-2]
	} else {
		a = nil
	}
	batch, err := sym.BroadcastShapes(a, b)
	if err != nil {
		return nil, err
	}
	return append(append(batch, left...), right...), nil
}

func inferGemm(c *ir.Infer) error {
	if err := numbers.checkAll(c); err != nil {
		return err
	}
	d, err := commonElement(c, 0, 1, 2)
	if err != nil {
		return err
	}
	g := attrsOf[attr.Gemm](c)
	shape := c.FreshShape(0, 2)
	inner := [2]*sym.Dim{}
	for i, transposed := range []bool{g.TransA, g.TransB} {
		known, err := wantRank(c, i, 2)
		if err != nil {
			return err
		}
		if !known {
			continue
		}
		s := c.Type(i).Shape
		outer := i // axis of the result
		if transposed {
			outer = 1 - i
		}
		shape[i] = s[outer]
		inner[i] = &s[1-outer]
	}
	if inner[0] != nil && inner[1] != nil && differ(*inner[0], *inner[1]) {
		return fmt.Errorf("inner sizes %s and %s differ", *inner[0], *inner[1])
	}
	t := ir.TensorOf(d, shape)
	c.Set(0, t)
	return broadcastsTo(c, 2, t)
}

// einsum is a parsed equation. The ellipsis is the label '.'.
type einsum struct {
	in  []string
	out string
}

// parseEinsum reads "bij,bjk->bik". Without an arrow the result has the
// ellipsis, and then the labels that occur once in alphabetical order.
func parseEinsum(equation string) (einsum, error) {
	text := strings.ReplaceAll(strings.ReplaceAll(equation, " ", ""), "...", ".")
	left, right, explicit := strings.Cut(text, "->")
	e := einsum{in: strings.Split(left, ","), out: right}
	count := map[rune]int{}
	for _, term := range e.in {
		if strings.Count(term, ".") > 1 {
			return e, fmt.Errorf("equation %q: two ellipses in a term", equation)
		}
		for _, label := range term {
			if !isLabel(label) {
				return e, fmt.Errorf("equation %q: %q is no label", equation, label)
			}
			count[label]++
		}
	}
	if !explicit {
		e.out = implicitOutput(count)
	}
	seen := map[rune]bool{}
	for _, label := range e.out {
		if seen[label] || !isLabel(label) || count[label] == 0 && label != '.' {
			return e, fmt.Errorf("equation %q: bad label %q in the result", equation, label)
		}
		seen[label] = true
	}
	return e, nil
}

func isLabel(r rune) bool { return r == '.' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

func implicitOutput(count map[rune]int) string {
	var out strings.Builder
	if count['.'] > 0 {
		out.WriteRune('.')
	}
	for label := 'A'; label <= 'z'; label++ {
		if count[label] == 1 {
			out.WriteRune(label)
		}
	}
	return out.String()
}

func inferEinsum(c *ir.Infer) error {
	if err := noneMissing(c); err != nil {
		return err
	}
	if err := numbers.checkAll(c); err != nil {
		return err
	}
	d, err := commonElement(c, allOperands(c)...)
	if err != nil {
		return err
	}
	e, err := parseEinsum(attrsOf[attr.Einsum](c).Equation)
	if err != nil {
		return err
	}
	if len(e.in) != c.NumIn() {
		return fmt.Errorf("equation for %d operands, there are %d", len(e.in), c.NumIn())
	}
	sizes, ellipsis := map[rune]sym.Dim{}, sym.Shape{}
	known := true
	for i, term := range e.in {
		t := c.Type(i)
		if !t.HasRank {
			known = false
			continue
		}
		dots, err := bindLabels(term, t.Shape, sizes)
		if err != nil {
			return fmt.Errorf("operand %d: %w", i, err)
		}
		if ellipsis, err = sym.BroadcastShapes(ellipsis, dots); err != nil {
			return err
		}
	}
	if !known && strings.Contains(strings.Join(e.in, ""), ".") {
		c.Set(0, ir.Unranked(d))
		return nil
	}
	shape := sym.Shape{}
	for _, label := range e.out {
		size, bound := sizes[label]
		switch {
		case label == '.':
			shape = append(shape, ellipsis...)
		case bound:
			shape = append(shape, size)
		default:
			shape = append(shape, c.Fresh(0, len(shape)))
		}
	}
	c.SetTensor(0, d, shape)
	return nil
}

// bindLabels gives the labels of one term the sizes of shape, and returns those
// that the ellipsis stands for.
func bindLabels(term string, shape sym.Shape, sizes map[rune]sym.Dim) (sym.Shape, error) {
	extra := len(shape) - len(strings.ReplaceAll(term, ".", ""))
	if extra < 0 || extra > 0 && !strings.Contains(term, ".") {
		return nil, fmt.Errorf("%d labels for rank %d", len(shape)-extra, len(shape))
	}
	var dots sym.Shape
	for _, label := range term {
		if label == '.' {
			dots, shape = shape[:extra], shape[extra:]
			continue
		}
		size := shape[0]
		shape = shape[1:]
		if old, bound := sizes[label]; bound {
			if differ(old, size) && !old.Is(1) && !size.Is(1) {
				return nil, fmt.Errorf("label %c has sizes %s and %s", label, old, size)
			}
			size = sym.Broadcast(old, size)
		}
		sizes[label] = size
	}
	return dots, nil
}

package sym

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Shape is a list of dims, outermost first. An empty one is a scalar's; an
// unknown rank is not a Shape.
type Shape []Dim

// ShapeOf returns a shape of constants.
func ShapeOf(sizes ...int) Shape {
	s := make(Shape, len(sizes))
	for i, n := range sizes {
		s[i] = Const(int64(n))
	}
	return s
}

// Elements returns the product of the dims: 1 for a scalar.
func (s Shape) Elements() Dim {
	n := Const(1)
	for _, d := range s {
		n = n.Mul(d)
	}
	return n
}

// Equal reports whether both have the same rank and equal dims.
func (s Shape) Equal(t Shape) bool { return slices.EqualFunc(s, t, Dim.Equal) }

// Clone returns a copy that shares nothing with s.
func (s Shape) Clone() Shape { return slices.Clone(s) }

// IsConst returns the sizes when every dim is a constant that fits.
func (s Shape) IsConst() ([]int, bool) {
	out := make([]int, len(s))
	for i, d := range s {
		c, ok := d.IsConst()
		if !ok || c < math.MinInt || c > math.MaxInt {
			return nil, false
		}
		out[i] = int(c)
	}
	return out, true
}

// Symbols returns the names in all dims, sorted, each once.
func (s Shape) Symbols() []string {
	var names []string
	for _, d := range s {
		names = append(names, d.Symbols()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Subst replaces symbols in every dim.
func (s Shape) Subst(m map[string]Dim) Shape {
	out := make(Shape, len(s))
	for i, d := range s {
		out[i] = d.Subst(m)
	}
	return out
}

// Eval returns the sizes under b. A size below 0 is an error too
// (ErrNegative). Errors are *EvalError wrapped with the shape and the axis.
func (s Shape) Eval(b Bindings) ([]int, error) {
	out := make([]int, len(s))
	for i, d := range s {
		n, err := d.Eval(b)
		if err == nil && n < 0 {
			err = &EvalError{Dim: d, Err: ErrNegative}
		}
		if err == nil && n > math.MaxInt {
			err = &EvalError{Dim: d, Err: ErrOverflow}
		}
		if err != nil {
			return nil, fmt.Errorf("shape %s, axis %d: %w", s, i, err)
		}
		out[i] = int(n)
	}
	return out, nil
}

// String gives [batch,2*seq+1,64].
func (s Shape) String() string {
	parts := make([]string, len(s))
	for i, d := range s {
		parts[i] = d.String()
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// ParseShape inverts String. Errors are *SyntaxError.
func ParseShape(text string) (Shape, error) {
	s, rest, err := ScanShape(text)
	if err == nil && strings.TrimSpace(rest) != "" {
		err = &SyntaxError{text, len(text) - len(rest), "unexpected text after the shape"}
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// ScanShape reads the shape that text starts with and returns what follows it.
func ScanShape(text string) (s Shape, rest string, err error) {
	p := parser{text: text}
	p.expect("[")
	s = Shape{}
	for more := !p.accept("]"); more && p.err == nil; {
		s = append(s, p.sum())
		if more = p.accept(","); !more {
			p.expect("]")
		}
	}
	if p.err != nil {
		return nil, text, p.err
	}
	return s, text[p.pos:], nil
}

// BroadcastError names two shapes that numpy broadcasting can't combine.
type BroadcastError struct {
	A, B Shape
	Axis int // of the result
}

func (e *BroadcastError) Error() string {
	return fmt.Sprintf("shapes %s and %s can't be broadcast: axis %d of the result", e.A, e.B, e.Axis)
}

func (e *BroadcastError) Unwrap() error { return ErrBroadcast }

// BroadcastShapes combines two shapes by numpy's rules: aligned at the last
// axis, missing axes count as 1. Only constants can conflict (*BroadcastError);
// whether symbolic dims fit shows when they are bound.
func BroadcastShapes(a, b Shape) (Shape, error) {
	out := make(Shape, max(len(a), len(b)))
	for i := range out {
		x, y := fromEnd(a, len(out)-i), fromEnd(b, len(out)-i)
		if conflict(x, y) {
			return nil, &BroadcastError{a, b, i}
		}
		out[i] = Broadcast(x, y)
	}
	return out, nil
}

func fromEnd(s Shape, n int) Dim {
	if n > len(s) {
		return Const(1)
	}
	return s[len(s)-n]
}

func conflict(a, b Dim) bool {
	m, okA := a.IsConst()
	n, okB := b.IsConst()
	if !okA || !okB {
		return false
	}
	_, ok := broadcastOK(m, n)
	return !ok
}

package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// padding writes the rows of a padded tensor: what lies along the last axis with
// pads, the axes behind it included. Items are rows.
type padding struct {
	z, x, value *tensor.Tensor
	place       func(i, n int) int // nil: constant
	run         func(p *padding, lo, hi int)
	outer       [maxRank]padded // those without pads merged
	rank        int             // of outer
	row         padded
	unit        int // elements of an entry of row
}

// padded is an axis: before is how many entries come before those of x, negative
// where x's are cut off.
type padded struct{ from, to, before int }

func (a *padded) isPlain() bool { return a.before == 0 && a.from == a.to }

// kept is which entries of x are kept: n from from on, that stand at at.
func (a *padded) kept() (at, from, n int) {
	at, from = min(max(a.before, 0), a.to), min(max(-a.before, 0), a.from)
	return at, from, min(a.from-from, a.to-at)
}

// padModes tell which entry of an axis with n of them, at least one, stands at i,
// which may be outside.
var padModes = map[string]func(i, n int) int{
	"constant": nil,
	"edge":     func(i, n int) int { return min(max(i, 0), n-1) },
	"wrap":     func(i, n int) int { return (i%n + n) % n },
	"reflect": func(i, n int) int {
		period := max(2*(n-1), 1)
		i = (i%period + period) % period
		return min(i, period-i)
	},
}

// Pad puts pads[i] entries before and pads[i+n] after axis i of the n given ones, or
// cuts them off, of elements of 1, 2, 4 or 8 bytes. The modes are constant (value, or
// 0), reflect, edge and wrap.
func Pad(c *Ctx, z *tensor.Tensor, a *attr.Pad, x, pads, value, which *tensor.Tensor) error {
	p := &c.padding
	*p = padding{z: z, x: x, value: value, unit: 1}
	p.run = bySize(x.DType, padAs[uint8], padAs[uint16], padAs[uint32], padAs[uint64])
	if p.run == nil || value != nil && (value.Len() != 1 || value.DType != x.DType) {
		return fmt.Errorf("Pad: operand %s and value %s, want elements of 1, 2, 4 or 8 bytes, and one", x, value)
	}
	var ok bool
	if p.place, ok = padModes[a.Mode]; !ok {
		return fmt.Errorf("Pad: mode %q is not known", a.Mode)
	}
	var list [maxRank]padded
	if err := padAxes(&list, x, pads, which); err != nil {
		return fmt.Errorf("Pad: %w", err)
	}
	var shape [maxRank]int
	for axis := range x.Rank() {
		shape[axis] = list[axis].to
	}
	if err := reset(z, x.DType, shape[:x.Rank()]); err != nil {
		return fmt.Errorf("Pad: %w", err)
	}
	if x.Len() == 0 && z.Len() > 0 && p.place != nil {
		return fmt.Errorf("Pad: %s is empty: there is nothing to pad it with", x)
	}
	rows := p.arrange(list[:x.Rank()])
	size := float64(p.row.to * p.unit * x.DType.Bits() / 8)
	if z.Len() > 0 {
		c.Pool.Do(rows, c.cut(rows, 2*costRun+costByte*size), p)
	}
	return nil
}

// padAxes reads pads.
func padAxes(list *[maxRank]padded, x, pads, which *tensor.Tensor) error {
	n := x.Rank()
	if which != nil {
		n = which.Len()
	}
	if x.Rank() > maxRank || !pads.DType.IsInt() || pads.Len() != 2*n || which != nil && !which.DType.IsInt() {
		return fmt.Errorf("pads %s for axes %s of %s, want integers, and rank up to %d", pads, which, x, maxRank)
	}
	for axis, size := range x.Shape {
		list[axis] = padded{size, size, 0}
	}
	seen := 0
	for i := range n {
		axis := i
		if which != nil {
			axis = int(which.IntAt(i))
		}
		axis, ok := normalAxis(axis, x.Rank())
		if !ok || seen&(1<<axis) != 0 {
			return fmt.Errorf("axis %d of %s", axis, x)
		}
		seen |= 1 << axis
		lo, hi, size := pads.IntAt(i), pads.IntAt(i+n), int64(x.Shape[axis])
		if max(lo, hi) > maxElements || min(lo, hi) < -size || lo+hi < -size {
			return fmt.Errorf("pads %d and %d of axis %d of %s", lo, hi, axis, x)
		}
		list[axis].before, list[axis].to = int(lo), int(size+lo+hi)
	}
	return nil
}

// arrange splits the axes into rows and what is outside, and returns the number of
// rows.
func (p *padding) arrange(list []padded) (rows int) {
	last := len(list) - 1
	for ; last > 0 && list[last].isPlain(); last-- {
		p.unit *= list[last].from
	}
	if last < 0 {
		p.row = padded{1, 1, 0}
		return 1
	}
	p.row, rows = list[last], 1
	for _, a := range list[:last] {
		rows *= a.to
		if p.rank > 0 && a.isPlain() && p.outer[p.rank-1].isPlain() {
			joined := &p.outer[p.rank-1]
			joined.from *= a.from
			joined.to = joined.from
			continue
		}
		p.outer[p.rank] = a
		p.rank++
	}
	return rows
}

// source is which row of x row r is one of, −1: none.
func (p *padding) source(r int) int {
	at, stride := 0, 1
	for axis := p.rank - 1; axis >= 0; axis-- {
		a := &p.outer[axis]
		i := r%a.to - a.before
		r /= a.to
		if p.place != nil {
			i = p.place(i, a.from)
		} else if uint(i) >= uint(a.from) {
			return -1
		}
		at += i * stride
		stride *= a.from
	}
	return at
}

// Do writes the rows lo ≤ r < hi.
func (p *padding) Do(lo, hi int) { p.run(p, lo, hi) }

func padAs[T word](p *padding, lo, hi int) {
	z, x := words[T](p.z), words[T](p.x)
	var value T
	if p.value != nil {
		value = words[T](p.value)[0]
	}
	n, unit := p.row.to*p.unit, p.unit
	at, from, kept := p.row.kept()
	for r := lo; r < hi; r++ {
		row, source := z[r*n:][:n], p.source(r)
		if source < 0 {
			fillWith(row, value)
			continue
		}
		own := x[source*p.row.from*unit:][:p.row.from*unit]
		moveBytes(viewAs[byte](row[at*unit:][:kept*unit]), viewAs[byte](own[from*unit:][:kept*unit]))
		if p.place == nil {
			fillWith(row[:at*unit], value)
			fillWith(row[(at+kept)*unit:], value)
			continue
		}
		padRow(p, row, own, 0, at)
		padRow(p, row, own, at+kept, p.row.to)
	}
}

// padRow writes the entries lo ≤ i < hi of a row, which are outside of x's own.
func padRow[T word](p *padding, row, own []T, lo, hi int) {
	for i := lo; i < hi; i++ {
		from := p.place(i-p.row.before, p.row.from)
		copy(row[i*p.unit:][:p.unit], own[from*p.unit:])
	}
}

package fuserope

import (
	"slices"

	"github.com/parallax-go/parallax/ir/op"
)

// rotation says which value is rotated how. Pair i is turned by the angle of
// cos[i] and sin[i].
type rotation struct {
	x           tail
	from        []lane // of x, in the order in which they are rotated; the rest stays
	cos, sin    []lane
	lanes       int // that are rotated
	interleaved bool
}

// rotationOf returns what a value with these lanes is a rotation of; like says
// how it looks but for its lanes. The deepest value is taken whose lanes are in the
// order that the operator wants; failing that, one that can be cut so.
func rotationOf(r *reader, out []lane, like tail) *rotation {
	if !slices.ContainsFunc(out, r.isSum) {
		return nil
	}
	for _, inOrder := range []bool{true, false} {
		for _, x := range r.met {
			if x == like || x.v.Type.DType != like.v.Type.DType || !x.before().Equal(like.before()) {
				continue
			}
			in := r.lanes[x]
			fits := inOrder && len(in) == len(out) || !inOrder && len(in) >= len(out) && x.axes == 1
			if !fits {
				continue
			}
			if rot := r.rotates(out, in); rot != nil && slices.Equal(rot.from, in) == inOrder {
				rot.x = x
				return rot
			}
		}
	}
	return nil
}

func (r *reader) isSum(l lane) bool { return r.term(l).op == op.Add }

// rotates compares the lanes of a result with those of x.
func (r *reader) rotates(out, in []lane) *rotation {
	place := map[lane]int{}
	for i, l := range in {
		place[l.abs()] = i
	}
	if len(place) != len(in) {
		return nil
	}
	lanes := slices.IndexFunc(out, func(l lane) bool { return !r.isSum(l) })
	if lanes < 0 {
		lanes = len(out)
	}
	if lanes == 0 || lanes%2 != 0 {
		return nil
	}
	for _, l := range out[lanes:] {
		if at, known := place[l.abs()]; !known || in[at] != l {
			return nil
		}
	}
	for _, interleaved := range []bool{false, true} {
		rot := &rotation{from: slices.Clone(out), lanes: lanes, interleaved: interleaved}
		if rot.reads(r, out, in, place) {
			return rot
		}
	}
	return nil
}

// pair returns the lanes of pair i.
func (rot *rotation) pair(i int) (first, second int) {
	if rot.interleaved {
		return 2 * i, 2*i + 1
	}
	return i, i + rot.lanes/2
}

// reads finds the tables if the result is this kind of rotation.
func (rot *rotation) reads(r *reader, out, in []lane, place map[lane]int) bool {
	for i := range rot.lanes / 2 {
		a, b := rot.pair(i)
		first, okA := r.summands(out[a], in, place)
		second, okB := r.summands(out[b], in, place)
		if !okA || !okB || !rot.turns(first, second, in, a, b) {
			return false
		}
	}
	return true
}

// turns reports whether first = x·c − y·s and second = y·c + x·s, and notes x, y,
// c and s; x is the lane that stands at a, if that fits.
func (rot *rotation) turns(first, second [2]multiple, in []lane, a, b int) bool {
	if first[0].at != a {
		first[0], first[1] = first[1], first[0]
	}
	for range first {
		x, y := first[0], first[1]
		if slices.Contains(second[:], multiple{y.at, x.by}) && slices.Contains(second[:], multiple{x.at, -y.by}) && x.at != y.at {
			rot.cos, rot.sin = append(rot.cos, x.by), append(rot.sin, -y.by)
			rot.from[a], rot.from[b] = in[x.at], in[y.at]
			return true
		}
		first[0], first[1] = first[1], first[0]
	}
	return false
}

// multiple is a lane of x, by its place, times another.
type multiple struct {
	at int
	by lane
}

// summands returns the multiples of lanes of x that l is the sum of.
func (r *reader) summands(l lane, in []lane, place map[lane]int) (m [2]multiple, ok bool) {
	sum := r.term(l)
	if sum.op != op.Add {
		return m, false
	}
	var first, second bool
	m[0], first = r.multiple(sum.a*l.sign(), in, place)
	m[1], second = r.multiple(sum.b*l.sign(), in, place)
	return m, first && second
}

// multiple reads l as a multiple of a lane of x.
func (r *reader) multiple(l lane, in []lane, place map[lane]int) (multiple, bool) {
	product := r.term(l)
	if product.op != op.Mul {
		return multiple{}, false
	}
	x, by := product.a, product.b
	if _, known := place[x]; !known {
		x, by = by, x
	}
	at, known := place[x]
	_, both := place[by]
	return multiple{at, by * l.sign() * in[at].sign()}, known && !both
}

package fuserope

import (
	"slices"

	"github.com/parallax-go/parallax/ir/op"
)

// rotation says which value is rotated how. Pair i is turned by the angle of
// cos[i] and sin[i].
type rotation struct {
	out, x      tail
	cos, sin    []lane
	lanes       int // that are rotated; the rest stays
	interleaved bool
}

// rotationOf returns what out is a rotation of. The deepest such value is taken:
// its lanes may be in the order that the operator wants, where those of values
// further up are not.
func rotationOf(r *reader, out tail) *rotation {
	lanes := r.read(out.v, out.axes)
	if lanes == nil || !slices.ContainsFunc(lanes, r.isSum) {
		return nil
	}
	for _, x := range r.met {
		if x == out || len(r.lanes[x]) != len(lanes) || x.v.Type.DType != out.v.Type.DType || !x.before().Equal(out.before()) {
			continue
		}
		if rot := r.rotates(lanes, r.lanes[x]); rot != nil {
			rot.out, rot.x = out, x
			return rot
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
	if lanes == 0 || lanes%2 != 0 || !slices.Equal(out[lanes:], in[lanes:]) {
		return nil
	}
	for _, interleaved := range []bool{false, true} {
		rot := &rotation{lanes: lanes, interleaved: interleaved}
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
		cos, sin := r.factors(out[a], in, place, a, b)
		if cos == 0 || sin == 0 {
			return false
		}
		if again, back := r.factors(out[b], in, place, b, a); again != cos || back != -sin {
			return false
		}
		rot.cos, rot.sin = append(rot.cos, cos), append(rot.sin, -sin)
	}
	return true
}

// factors returns p and q of l = in[a]·p + in[b]·q; 0 if it is not that.
func (r *reader) factors(l lane, in []lane, place map[lane]int, a, b int) (p, q lane) {
	sum := r.term(l)
	if sum.op != op.Add {
		return 0, 0
	}
	for _, summand := range []lane{sum.a * l.sign(), sum.b * l.sign()} {
		at, factor := r.factor(summand, in, place)
		switch {
		case factor != 0 && at == a:
			p = factor
		case factor != 0 && at == b:
			q = factor
		}
	}
	return p, q
}

// factor returns t of l = in[at]·t.
func (r *reader) factor(l lane, in []lane, place map[lane]int) (at int, t lane) {
	product := r.term(l)
	if product.op != op.Mul {
		return 0, 0
	}
	x, t := product.a, product.b
	at, known := place[x]
	if !known {
		x, t = t, x
		at, known = place[x]
	}
	if _, both := place[t]; !known || both {
		return 0, 0
	}
	return at, t * l.sign() * in[at].sign()
}

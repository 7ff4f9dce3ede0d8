package sym

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// opcode names what an atom is; programs use the same codes for their steps.
type opcode uint8

const (
	opSymbol opcode = iota
	opSigned
	opFloorDiv
	opCeilDiv
	opMin
	opMax
	opBroadcast
	opGroup // a closed subexpression: the fallback when a form would grow too large
	opConst // programs only
	opAdd   // programs only
	opMul   // programs only
)

// atom is a variable of a polynomial. Atoms with equal hashes are equal.
type atom struct {
	op    opcode
	name  string
	args  []Dim
	hash  [sha256.Size]byte
	depth int // nesting of atoms below this one
	size  int // nodes when written out as a tree, saturating at maxSize
	// within is the range when symbols are sizes: kept, since simplification
	// asks for it all the time
	within Interval
}

const (
	// orderDepth bounds the work of comparing two deeply nested atoms: beyond
	// it they are ordered by hash.
	orderDepth = 32
	maxSize    = 1 << 30
)

func newSymbol(op opcode, name string) *atom {
	return sealed(&atom{op: op, name: name, size: 1})
}

func newAtom(op opcode, args ...Dim) *atom {
	a := &atom{op: op, args: args, size: 1}
	for _, d := range args {
		depth, size := d.extent()
		a.depth = max(a.depth, depth+1)
		a.size = min(a.size+size, maxSize)
	}
	return sealed(a)
}

// sealed computes the hash. A cryptographic one: models come from anywhere, and
// two dims with one hash would be taken for equal.
func sealed(a *atom) *atom {
	buf := make([]byte, 0, 256)
	buf = append(buf, byte(a.op))
	buf = binary.AppendUvarint(buf, uint64(len(a.name)))
	buf = append(buf, a.name...)
	for _, d := range a.args {
		buf = d.appendKey(buf)
	}
	a.hash = sha256.Sum256(buf)
	a.within = a.span(&bounder{budget: refineBudget})
	return a
}

// appendKey appends bytes that determine d.
func (d Dim) appendKey(buf []byte) []byte {
	if d.p == nil {
		return binary.AppendVarint(append(buf, 0), d.c)
	}
	buf = binary.AppendUvarint(buf, uint64(len(d.p.terms)))
	for _, t := range d.p.terms {
		buf = binary.AppendVarint(buf, t.k)
		buf = binary.AppendUvarint(buf, uint64(len(t.f)))
		for _, f := range t.f {
			buf = append(buf, f.a.hash[:]...)
			buf = binary.AppendUvarint(buf, uint64(f.n))
		}
	}
	return buf
}

// extent returns the deepest nesting and the tree size of d.
func (d Dim) extent() (depth, size int) {
	size = 1
	if d.p == nil {
		return 0, size
	}
	for _, t := range d.p.terms {
		for _, f := range t.f {
			depth = max(depth, f.a.depth)
			size = min(size+f.a.size+1, maxSize)
		}
	}
	return depth, size
}

func sameAtom(a, b *atom) bool { return a == b || a.hash == b.hash }

// compareAtoms orders atoms for the canonical form: symbols by name first, then
// the others by kind and arguments.
func compareAtoms(a, b *atom) int {
	if sameAtom(a, b) {
		return 0
	}
	if deep := a.depth > orderDepth; deep || b.depth > orderDepth {
		if other := b.depth > orderDepth; deep != other {
			return compareBool(deep, other)
		}
		return bytes.Compare(a.hash[:], b.hash[:])
	}
	if c := cmp.Compare(a.op, b.op); c != 0 {
		return c
	}
	if c := strings.Compare(a.name, b.name); c != 0 {
		return c
	}
	for i := 0; i < min(len(a.args), len(b.args)); i++ {
		if c := compareDims(a.args[i], b.args[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a.args), len(b.args))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// compareDims is the order of arguments: expressions before constants.
func compareDims(a, b Dim) int {
	if a.p == nil || b.p == nil {
		if a.p == nil && b.p == nil {
			return cmp.Compare(a.c, b.c)
		}
		return compareBool(a.p == nil, b.p == nil)
	}
	for i := 0; i < min(len(a.p.terms), len(b.p.terms)); i++ {
		s, t := a.p.terms[i], b.p.terms[i]
		if c := compareMonomials(s.f, t.f); c != 0 {
			return c
		}
		if c := cmp.Compare(s.k, t.k); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a.p.terms), len(b.p.terms))
}

package ir

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Value is one SSA value: a graph input, a constant (an initializer), or an
// output of a node.
type Value struct {
	ID   int    // unique in the root graph and all regions below it
	Name string // name in the file; may be empty
	Type Type

	// Const holds the contents of a constant, which no node defines. It is
	// shared and must not be written to.
	Const *tensor.Tensor
	// Sym holds the contents of an integer tensor of at most [MaxSym] elements
	// whose elements are known as expressions of the dims: what Shape gives and
	// arithmetic makes of it. nil: not known.
	Sym []sym.Dim

	Def      *Node // the defining node; nil for inputs and constants
	DefIndex int   // the position among Def's outputs

	uses  []Use
	useAt map[Use]int // the place of each use, if there are many
}

// MaxSym is the greatest length of contents carried symbolically: far above any
// shape, far below any table.
const MaxSym = 64

// Use is one reading of a value: operand Index of Node, or graph output Index
// of Graph if Node is nil.
type Use struct {
	Node  *Node
	Graph *Graph
	Index int
}

// Uses returns the places that read v, in no particular order. The slice must not
// be changed.
func (v *Value) Uses() []Use { return v.uses }

// IsConst reports whether v's contents are known at compile time.
func (v *Value) IsConst() bool { return v != nil && v.Const != nil }

// IsGraphOutput reports whether v is an output of its graph.
func (v *Value) IsGraphOutput() bool {
	return slices.ContainsFunc(v.uses, func(u Use) bool { return u.Node == nil })
}

// SoleUse returns the only use of v, and false if there is none or several, or
// if v is a graph output.
func (v *Value) SoleUse() (Use, bool) {
	if len(v.uses) != 1 || v.uses[0].Node == nil {
		return Use{}, false
	}
	return v.uses[0], true
}

// Dims returns v's contents as dims if they are all known, of a constant or
// symbolically.
func (v *Value) Dims() ([]sym.Dim, bool) {
	if v == nil {
		return nil, false
	}
	if v.Sym != nil {
		return v.Sym, true
	}
	if v.Const == nil || !v.Const.DType.IsInt() || v.Const.Len() > MaxSym {
		return nil, false
	}
	dims := make([]sym.Dim, v.Const.Len())
	for i := range dims {
		dims[i] = sym.Const(v.Const.IntAt(i))
	}
	return dims, true
}

// Ints returns the contents of an integer constant, or of symbolic contents
// that are all numbers.
func (v *Value) Ints() ([]int64, bool) {
	if v == nil {
		return nil, false
	}
	if v.Const != nil && v.Const.DType.IsInt() {
		ints := make([]int64, v.Const.Len())
		for i := range ints {
			ints[i] = v.Const.IntAt(i)
		}
		return ints, true
	}
	if v.Sym == nil {
		return nil, false
	}
	ints := make([]int64, len(v.Sym))
	for i, d := range v.Sym {
		n, ok := d.IsConst()
		if !ok {
			return nil, false
		}
		ints[i] = n
	}
	return ints, true
}

// Scalar returns the contents of a numeric constant of one element.
func (v *Value) Scalar() (float64, bool) {
	if v == nil || v.Const == nil || v.Const.Len() != 1 || !(v.Const.DType.IsFloat() || v.Const.DType.IsInt()) {
		return 0, false
	}
	return v.Const.FloatAt(0), true
}

// String is the reference to v in messages: its ID and, if it has one, its name.
func (v *Value) String() string {
	switch {
	case v == nil:
		return "_"
	case v.Name == "":
		return fmt.Sprintf("%%%d", v.ID)
	}
	return fmt.Sprintf("%%%d %q", v.ID, v.Name)
}

// fewUses is up to where uses are searched for; longer lists have an index, or
// dropping the uses of a constant that every layer reads would take quadratic
// time.
const fewUses = 64

func (v *Value) addUse(u Use) {
	v.uses = append(v.uses, u)
	switch {
	case v.useAt != nil:
		v.useAt[u] = len(v.uses) - 1
	case len(v.uses) > fewUses:
		v.useAt = make(map[Use]int, 2*len(v.uses))
		for i, u := range v.uses {
			v.useAt[u] = i
		}
	}
}

func (v *Value) dropUse(u Use) {
	if v.useAt == nil {
		i := slices.Index(v.uses, u)
		if i < 0 {
			panic(fmt.Sprintf("BUG: %s has no such use", v))
		}
		v.uses = slices.Delete(v.uses, i, i+1)
		return
	}
	i, found := v.useAt[u]
	if !found {
		panic(fmt.Sprintf("BUG: %s has no such use", v))
	}
	last := v.uses[len(v.uses)-1]
	v.uses[i], v.useAt[last] = last, i
	v.uses = v.uses[:len(v.uses)-1]
	delete(v.useAt, u)
}

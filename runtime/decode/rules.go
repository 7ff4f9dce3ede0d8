package decode

import (
	"slices"
	"strings"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/tensor"
)

// move is one step of a sequence after another.
type move struct {
	before int     // new tokens of the step before
	tokens []int64 // one per sequence of the batch
}

// rule says how an input goes on.
type rule struct {
	// next makes it from what it was in the step before.
	next func(in *input, was *tensor.Tensor, m move) *tensor.Tensor
	// last is what the last axis counts where its size doesn't tell.
	last axis
	// first is what follows from the tokens of a step alone; nil: nothing does.
	first func(p place) int64
}

// place is an element of an input of a step: fresh tokens after past ones, and at
// the position that it belongs to; past if to none.
type place struct{ past, fresh, at int }

var (
	takesTokens = rule{next: newTokens}
	mask        = rule{next: show, last: sequence, first: func(place) int64 { return 1 }}
	positions   = rule{next: rise, last: fresh, first: func(p place) int64 { return int64(p.at) }}
	tokenTypes  = rule{next: repeat, last: fresh, first: func(place) int64 { return 0 }}
	allLengths  = rule{next: oneMore, first: func(p place) int64 { return int64(p.past + p.fresh) }}
	lastIndex   = rule{next: oneMore, first: func(p place) int64 { return int64(p.past + p.fresh - 1) }}
	pastLength  = rule{next: manyMore, first: func(p place) int64 { return int64(p.past) }}
	hasPast     = rule{next: turnOn, first: func(p place) int64 { return int64(min(p.past, 1)) }}
)

// named are the rules by parts of names, in lower case; the first that fits
// counts. An input without a rule stays as it is.
var named = []struct {
	part string
	rule *rule
}{
	{"encoder_", nil}, // beside decoder_…, which goes on
	{"cross", nil},
	{"use_cache", &hasPast},
	{"total_seq", &allLengths},
	{"seqlens_k", &lastIndex},
	{"past_seq", &pastLength},
	{"past_len", &pastLength},
	{"mask", &mask},
	{"position", &positions},
	{"token_type", &tokenTypes},
	{"segment", &tokenTypes},
}

// ruleOf finds the rule of an input of numbers by its name; nil: none is known.
func ruleOf(p codegen.Port) *rule {
	if d := p.Type.DType; d == tensor.String || d.IsComplex() {
		return nil
	}
	name := strings.TrimPrefix(strings.ToLower(p.Name), "decoder_")
	for _, r := range named {
		if strings.Contains(name, r.part) {
			return r.rule
		}
	}
	return nil
}

func newTokens(_ *input, was *tensor.Tensor, m move) *tensor.Tensor {
	t := tensor.New(was.DType, len(m.tokens), 1)
	for i, id := range m.tokens {
		t.SetInt(i, id)
	}
	return t
}

// show lets the new token see what the last one before it saw, and itself.
func show(in *input, was *tensor.Tensor, _ move) *tensor.Tensor {
	return in.follow(was, func(t *tensor.Tensor, at int) { t.SetFloat(at, in.seen()) })
}

// seen is what a mask says of a key that is seen: one for queries and keys, of
// floats, is added to the scores.
func (in *input) seen() float64 {
	if in.Type.DType.IsFloat() && len(in.Type.Shape) > 2 {
		return 0
	}
	return 1
}

// rise counts positions: each is one more than the last before it. A single
// number is where the new tokens begin.
func rise(in *input, was *tensor.Tensor, m move) *tensor.Tensor {
	switch {
	case slices.Contains(in.axes, sequence):
		return in.follow(was, func(t *tensor.Tensor, at int) { t.SetInt(at, t.IntAt(at-1)+1) })
	case slices.Contains(in.axes, fresh):
		return plus(in.follow(was, nil), 1)
	}
	return plus(was, int64(m.before))
}

// repeat says of the new token what is said of the last one.
func repeat(in *input, was *tensor.Tensor, _ move) *tensor.Tensor {
	return in.follow(was, func(t *tensor.Tensor, at int) { t.SetFloat(at, t.FloatAt(at-1)) })
}

// turnOn is of a switch: there is a past from the second step on.
func turnOn(_ *input, was *tensor.Tensor, _ move) *tensor.Tensor {
	t := was.Clone()
	for i := range t.Len() {
		t.SetInt(i, 1)
	}
	return t
}

func oneMore(_ *input, was *tensor.Tensor, _ move) *tensor.Tensor { return plus(was, 1) }

func manyMore(_ *input, was *tensor.Tensor, m move) *tensor.Tensor { return plus(was, int64(m.before)) }

// plus is t with n more everywhere.
func plus(t *tensor.Tensor, n int64) *tensor.Tensor {
	t = t.Clone()
	for i := range t.Len() {
		t.SetInt(i, t.IntAt(i)+n)
	}
	return t
}

// follow is was with the last position alone along the axes of new tokens, and
// one more, which grow fills in, along those of all tokens.
func (in *input) follow(was *tensor.Tensor, grow func(t *tensor.Tensor, at int)) *tensor.Tensor {
	if was.Len() == 0 || was.Rank() != len(in.axes) {
		return was // no step has run with it
	}
	shape, from := slices.Clone(was.Shape), make([]int, was.Rank())
	for i, a := range in.axes {
		switch a {
		case fresh:
			from[i], shape[i] = shape[i]-1, 1
		case sequence:
			shape[i]++
		}
	}
	t := tensor.New(was.DType, shape...)
	at := make([]int, len(shape))
	for i := range t.Len() {
		src, grown, rest := 0, false, i
		for k := len(shape) - 1; k >= 0; k-- {
			at[k], rest = rest%shape[k]+from[k], rest/shape[k]
		}
		for k, n := range was.Shape {
			grown = grown || at[k] >= n
			src = src*n + at[k]
		}
		switch {
		case !grown:
			copyElement(t, i, was, src)
		case grow != nil:
			grow(t, i)
		}
	}
	return t
}

func copyElement(dst *tensor.Tensor, i int, src *tensor.Tensor, j int) {
	if src.DType.IsInt() {
		dst.SetInt(i, src.IntAt(j))
	} else {
		dst.SetFloat(i, src.FloatAt(j))
	}
}

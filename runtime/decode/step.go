package decode

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/tensor"
)

// Next returns the inputs of the step that appends one token to each sequence of
// the batch. in are those of the step before; they stay as they are.
func (p *Plan) Next(in map[string]*tensor.Tensor, tokens []int64) (map[string]*tensor.Tensor, error) {
	was := in[p.Tokens]
	if was == nil || was.Rank() != 2 || was.Shape[0] != len(tokens) {
		return nil, fmt.Errorf("%d tokens follow a step whose input %q is %s", len(tokens), p.Tokens, describe(was))
	}
	m := move{before: was.Shape[1], tokens: tokens}
	next := make(map[string]*tensor.Tensor, len(in))
	for i := range p.inputs {
		x := &p.inputs[i]
		t, given := in[x.Name]
		if !given {
			continue
		}
		if x.rule != nil {
			t = x.rule.next(x, t, m)
		}
		next[x.Name] = t
	}
	return next, nil
}

func describe(t *tensor.Tensor) string {
	if t == nil {
		return "missing"
	}
	return t.String()
}

// First adds to the inputs of a sequence's first step those that follow from the
// tokens; see [Plan.Complete].
func (p *Plan) First(in map[string]*tensor.Tensor) { p.Complete(in, 0) }

// Complete adds to the inputs of a step after past positions those that follow
// from its tokens: masks that hide nothing, positions and lengths that go on, token
// types that are all 0. A mask for queries and keys is not made up: it would have to be
// causal.
func (p *Plan) Complete(in map[string]*tensor.Tensor, past int) {
	tokens := in[p.Tokens]
	if tokens == nil || tokens.Rank() != 2 {
		return
	}
	for i := range p.inputs {
		x := &p.inputs[i]
		if shape, ok := x.firstShape(tokens, past); ok && in[x.Name] == nil {
			in[x.Name] = x.first(shape, past, tokens.Shape[1])
		}
	}
}

// mostRepeats bounds the fixed axes of an input that is made up. Positions in time,
// height and width are 3; more than this is another kind of input.
const mostRepeats = 64

// firstShape is the shape that an input has beside tokens after past positions;
// false if it doesn't follow from them.
func (in *input) firstShape(tokens *tensor.Tensor, past int) ([]int, bool) {
	if in.rule == nil || in.rule.first == nil {
		return nil, false
	}
	shape, repeats := make([]int, len(in.axes)), int64(1)
	for i, a := range in.axes {
		n, constant := in.Type.Shape[i].IsConst()
		switch {
		case a.moves() && i == len(in.axes)-1:
			shape[i] = tokens.Shape[1]
			if a == sequence {
				shape[i] += past
			}
		case a == batch:
			shape[i] = tokens.Shape[0]
		case a == fixed && constant && n <= mostRepeats/repeats:
			shape[i] = int(n)
			repeats *= max(n, 1)
		default:
			return nil, false
		}
	}
	return shape, true
}

// first is the input of a step that goes on from past positions.
func (in *input) first(shape []int, past, fresh int) *tensor.Tensor {
	t := tensor.New(in.Type.DType, shape...)
	p := place{past: past, fresh: fresh, at: past}
	for i := range t.Len() {
		if n := len(shape); n > 0 && in.axes[n-1].moves() {
			p.at = past + fresh - shape[n-1] + i%shape[n-1]
		}
		t.SetFloat(i, float64(in.rule.first(p)))
	}
	return t
}

// Greedy returns the most likely token of each sequence after the last position
// of the logits; the first of several.
func (p *Plan) Greedy(out map[string]*tensor.Tensor) ([]int64, error) {
	rows, err := p.LastLogits(out)
	if err != nil {
		return nil, err
	}
	tokens := make([]int64, len(rows))
	for b, row := range rows {
		best := math.NaN()
		for i, x := range row {
			if x > best || math.IsNaN(best) && !math.IsNaN(x) {
				tokens[b], best = int64(i), x
			}
		}
		if math.IsNaN(best) {
			return nil, fmt.Errorf("output %q is NaN for every token of sequence %d", p.Logits, b)
		}
	}
	return tokens, nil
}

// LastLogits returns the scores of the next token of each sequence.
func (p *Plan) LastLogits(out map[string]*tensor.Tensor) ([][]float64, error) {
	t := out[p.Logits]
	if t == nil || t.Rank() != p.rows || t.Len() == 0 {
		return nil, fmt.Errorf("output %q is %s, want the logits of at least one position", p.Logits, describe(t))
	}
	size := t.Shape[t.Rank()-1]
	each := t.Len() / t.Shape[0] // of one sequence
	rows := make([][]float64, t.Shape[0])
	for b := range rows {
		rows[b] = make([]float64, size)
		for i := range size {
			rows[b][i] = t.FloatAt((b+1)*each - size + i)
		}
	}
	return rows, nil
}

package decode

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// ErrPlan says that nothing tells how a model goes on from step to step;
// ErrTokens, which is such an error, that it takes no tokens.
var (
	ErrPlan   = errors.New("the model can't be driven step by step")
	ErrTokens = fmt.Errorf("%w: want one input of token ids, i64[batch, length]", ErrPlan)
)

// Plan says how the inputs of a decoder's steps follow from one another.
type Plan struct {
	Tokens string // the input that takes token ids, [batch, new tokens]
	Logits string // the output that scores the next token

	inputs []input
	rows   int // the logits' rank
}

// input is an input that a step takes, and how it goes on.
type input struct {
	codegen.Port
	axes []axis
	rule *rule
}

// axis says what the positions along an axis of an input are.
type axis uint8

const (
	fixed    axis = iota // as they are: heads, features
	batch                // the sequences
	fresh                // the new tokens
	sequence             // all tokens so far, the new ones included
)

// moves reports whether an axis counts tokens.
func (a axis) moves() bool { return a == fresh || a == sequence }

// New makes the plan of a program with states.
func New(p *codegen.Program) (*Plan, error) {
	if len(p.States) == 0 {
		return nil, fmt.Errorf("%w: it has no inputs that continue an output", ErrPlan)
	}
	return Whole(p)
}

// Whole makes the plan of a program with or without states. Without, only first
// steps are runs: each takes the whole sequence.
func Whole(p *codegen.Program) (*Plan, error) {
	ports := stepInputs(p)
	tokens, err := tokenInput(ports)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Tokens: tokens.Name}
	if plan.Logits, plan.rows, err = logits(p); err != nil {
		return nil, err
	}
	sizes := lengths{fresh: tokens.Type.Shape[1], batch: tokens.Type.Shape[0]}
	sizes.learn(p)
	var errs []error
	for _, port := range ports {
		in := input{Port: port, rule: ruleOf(port)}
		if port.Name == tokens.Name {
			in.rule = &takesTokens
		}
		in.axes = sizes.axes(&in)
		if why := in.check(); why != "" {
			errs = append(errs, fmt.Errorf("input %q (%s) %s", port.Name, port.Type, why))
		}
		plan.inputs = append(plan.inputs, in)
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("%w: %w", ErrPlan, errors.Join(errs...))
	}
	return plan, nil
}

// check returns why it can't be told how the input goes on.
func (in *input) check() string {
	moves := slices.ContainsFunc(in.axes, axis.moves)
	n, constant := int64(0), false
	if in.rule == &takesTokens {
		n, constant = in.Type.Shape[1].IsConst()
	}
	switch {
	case in.rule == nil && moves:
		return "has a part for every token, and its name doesn't tell which"
	case in.rule == &mask && !moves:
		return "has one size for all steps, and nothing tells what it hides"
	case constant && n != 1:
		return fmt.Sprintf("takes %d tokens in every step, and a step has one", n)
	}
	return ""
}

// stepInputs are the inputs that no state keeps.
func stepInputs(p *codegen.Program) []codegen.Port {
	var ports []codegen.Port
	for i, port := range p.Inputs {
		if !slices.ContainsFunc(p.States, func(s codegen.StatePair) bool { return s.Input == i }) {
			ports = append(ports, port)
		}
	}
	return ports
}

// tokenNames are what exporters call the token ids, the surest first.
var tokenNames = []string{"input_ids", "decoder_input_ids", "token_ids", "tokens", "ids", "input"}

// tokenInput finds the input of token ids: by its name, or as the only one of
// integers, [batch, length], that no rule knows.
func tokenInput(ports []codegen.Port) (codegen.Port, error) {
	var able []codegen.Port
	for _, p := range ports {
		if d := p.Type.DType; (d == tensor.Int64 || d == tensor.Int32) && p.Type.HasRank && len(p.Type.Shape) == 2 {
			able = append(able, p)
		}
	}
	for _, name := range tokenNames {
		for _, p := range able {
			if strings.ToLower(p.Name) == name {
				return p, nil
			}
		}
	}
	able = slices.DeleteFunc(able, func(p codegen.Port) bool { return ruleOf(p) != nil })
	if len(able) == 1 {
		return able[0], nil
	}
	names := make([]string, len(ports))
	for i, p := range ports {
		names[i] = fmt.Sprintf("%s %s", p.Name, p.Type)
	}
	return codegen.Port{}, fmt.Errorf("%w; the inputs are %s", ErrTokens, strings.Join(names, ", "))
}

// logits finds the output of scores: by its name, or as the only one of floats
// that no state keeps.
func logits(p *codegen.Program) (name string, rank int, err error) {
	var able []codegen.Port
	for i, port := range p.Outputs {
		kept := slices.ContainsFunc(p.States, func(s codegen.StatePair) bool { return s.Output == i })
		rank, known := port.Type.Rank()
		if kept || !port.Type.DType.IsFloat() || !known || rank != 2 && rank != 3 {
			continue
		}
		if strings.Contains(strings.ToLower(port.Name), "logits") {
			return port.Name, rank, nil
		}
		able = append(able, port)
	}
	if len(able) != 1 {
		return "", 0, fmt.Errorf("%w: %d outputs could be the logits, [batch, length, vocabulary], and none is called so", ErrPlan, len(able))
	}
	return able[0].Name, len(able[0].Type.Shape), nil
}

// lengths are the dims by which the axes of inputs are told.
type lengths struct {
	fresh, batch sym.Dim
	past, whole  []sym.Dim // of the states, before and after a step
}

func (l *lengths) learn(p *codegen.Program) {
	for _, s := range p.States {
		if s.Axis >= 0 {
			l.past = append(l.past, p.Inputs[s.Input].Type.Shape[s.Axis])
			l.whole = append(l.whole, p.Outputs[s.Output].Type.Shape[s.Axis])
		}
	}
}

// axes tells what the axes of an input count. A symbol of its own is one that the
// rule knows in the last place, and else the batch: exporters give the length of a
// mask a name, and don't say that it is past and new ones together.
func (l *lengths) axes(in *input) []axis {
	list := make([]axis, len(in.Type.Shape))
	for i, d := range in.Type.Shape {
		_, constant := d.IsConst()
		last, known := i == len(list)-1, in.rule != nil
		switch {
		case d.Equal(l.fresh) && (!constant || last && known):
			list[i] = fresh
		case constant:
		case slices.ContainsFunc(l.whole, d.Equal), l.sums(d):
			list[i] = sequence
		case d.Equal(l.batch), known && !last:
			list[i] = batch
		case known:
			list[i] = in.rule.last
		}
	}
	return list
}

// sums reports whether d is an expression of the length of a past.
func (l *lengths) sums(d sym.Dim) bool {
	if _, alone := d.IsSymbol(); alone {
		return false
	}
	return slices.ContainsFunc(l.past, func(past sym.Dim) bool {
		name, ok := past.IsSymbol()
		return ok && slices.Contains(d.Symbols(), name)
	})
}

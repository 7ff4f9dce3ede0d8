package onnx

import (
	"fmt"
	"strings"

	"github.com/parallax-go/parallax/ir"
)

// params names the operands of an operator in order. The builders of operators
// with many optional ones look them up by name.
type params []param

type param struct {
	name     string
	optional bool
}

// operands reads a list such as "query key? value?": a question mark follows
// what may be left out.
func operands(list string) params {
	var p params
	for _, word := range strings.Fields(list) {
		name, optional := strings.CutSuffix(word, "?")
		p = append(p, param{name, optional})
	}
	return p
}

// check returns an error unless every operand that is needed is there, and none
// is too many.
func (p params) check(in []*ir.Value) error {
	if p == nil {
		return nil
	}
	if len(in) > len(p) {
		return fmt.Errorf("%d operands, want at most %d", len(in), len(p))
	}
	for i, x := range p {
		if !x.optional && (i >= len(in) || in[i] == nil) {
			return fmt.Errorf("operand %s is missing", x.name)
		}
	}
	return nil
}

// arg returns the operand called name; nil: it is left out.
func (c *call) arg(name string) *ir.Value {
	for i, p := range c.rule.args {
		if p.name == name {
			if i < len(c.in) {
				return c.in[i]
			}
			return nil
		}
	}
	panic("BUG: rule table: no operand " + name)
}

// refuseArgs makes the node opaque if it has one of the named operands.
func (c *call) refuseArgs(why string, names ...string) error {
	for _, name := range names {
		if c.arg(name) != nil {
			return notSupported("operand %s: %s", name, why)
		}
	}
	return nil
}

// wants reports whether output i is read, or named at all.
func (c *call) wants(i int) bool { return i < len(c.node.Output) && c.node.Output[i] != "" }

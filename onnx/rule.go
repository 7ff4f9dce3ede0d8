package onnx

import (
	"cmp"
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/onnx/wire"
)

// rule says how the nodes of one operator, from one opset version on, become
// IR. The newest rule whose since is not above the opset version counts.
type rule struct {
	op     *ir.Op // the canonical operator; nil: build makes values without one
	domain string // in the file, if it is not op's
	name   string // in the file, if it is not op's
	since  int64
	known  known
	args   params  // the operands by name; nil: they are op's
	build  builder // nil: the operands and attributes are op's
	// write adds to the node being exported what its canonical form holds
	// elsewhere. A rule that has a builder, and no write, only reads.
	write func(w *writer, n *ir.Node, out *wire.Node) error
}

// known lists the attributes of an operator in a version. One that isn't listed
// makes a node opaque; it is never ignored.
type known map[string]role

// builder makes the values of a node's outputs.
type builder func(c *call) ([]*ir.Value, error)

// role says what becomes of an attribute.
type role struct {
	kind  roleKind
	field string // of op's attributes, if it is not called like the attribute
	text  string // the default, where it is not op's own
	at    int    // operand
	want  int64

	needed bool
}

type roleKind uint8

const (
	toField   roleKind = iota + 1 // a field of the canonical attributes
	toVector                      // operand of i64, one axis
	toScalar                      // operand of one element, of operand 0's type
	toBuilder                     // read by the rule's builder
	fixedAt                       // anything but one value makes the node opaque
	requireAt                     // fixedAt, and leaving it out too
	noMatter                      // has no influence on results
)

var (
	field   = role{kind: toField}
	custom  = role{kind: toBuilder}
	ignored = role{kind: noMatter}
	// required is a field that has to be given.
	required = role{kind: toField, needed: true}
)

// as is a field with another name than the attribute.
func as(field string) role { return role{kind: toField, field: field} }

// or gives a field, or an operand made of a number, another default.
func (r role) or(text string) role {
	r.text = text
	return r
}

// vector is a list of integers, or one, that is operand at today.
func vector(at int) role { return role{kind: toVector, at: at} }

// scalar is a number that is operand at today.
func scalar(at int) role { return role{kind: toScalar, at: at} }

// only is an attribute of which one value, the default, is supported.
func only(want int64) role { return role{kind: fixedAt, want: want} }

// must is an attribute that has to be given with one value.
func must(want int64) role { return role{kind: requireAt, want: want} }

// fields are attributes that have a field of their name.
func fields(names ...string) known {
	k := make(known, len(names))
	for _, name := range names {
		k[name] = field
	}
	return k
}

type operatorName struct{ domain, name string }

// rules holds the rules of every operator, newest first. It is filled by init:
// the rules of control flow refer to it.
var rules map[operatorName][]rule

func init() {
	rules = map[operatorName][]rule{}
	for _, list := range [][]rule{elementwiseRules(), contractionRules(), reductionRules(), movementRules(), sequenceRules(), specialRules(), microsoftRules()} {
		for _, r := range list {
			rules[r.fileName()] = append(rules[r.fileName()], r)
		}
	}
	for _, list := range rules {
		slices.SortFunc(list, func(a, b rule) int { return cmp.Compare(b.since, a.since) })
	}
}

// fileName is what files call the operator.
func (r *rule) fileName() operatorName {
	n := operatorName{r.domain, r.name}
	if r.op == nil {
		return n
	}
	if n.name == "" {
		n.name = r.op.Name
	}
	if n.domain == "" {
		n.domain = r.op.Domain
	}
	return n
}

// newestOpset is the last version of ai.onnx whose changes the rules know.
const newestOpset = 27

// findRule returns the rule for an operator at an opset version, or says why
// there is none.
func findRule(domain, name string, version int64) (r *rule, why string) {
	if domain == "" && version > newestOpset {
		return nil, "the opset is newer than those known"
	}
	list := rules[operatorName{domain, name}]
	for i := range list {
		if list[i].since <= version {
			return &list[i], ""
		}
	}
	switch {
	case len(list) > 0:
		return nil, "the operator is newer than the opset"
	case refusals[operatorName{domain, name}] != "":
		return nil, refusals[operatorName{domain, name}]
	case refusedDomains[domain] != "":
		return nil, refusedDomains[domain]
	case domain != "":
		return nil, "the domain's operator is not known"
	}
	return nil, "the operator is not supported"
}

// newAttr returns the operator's attributes as a node without any has them.
func (r *rule) newAttr() any {
	if r.op == nil || r.op.Attr == nil {
		return nil
	}
	a := r.op.Attr()
	for name, role := range r.known {
		if role.kind == toField && role.text != "" {
			setText(a, role.fieldName(name), role.text)
		}
	}
	return a
}

func (r role) fieldName(attribute string) string {
	if r.field != "" {
		return r.field
	}
	return attribute
}

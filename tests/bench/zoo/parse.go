package zoo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/onnxtest"
)

// parser adds the lines of a Graph to a wire graph.
type parser struct {
	graph  *wire.Graph
	brain  bool            // weights are numbers of bfloat16
	steps  Steps           // of the weights of products; 0: none
	seen   map[string]bool // values that may be read
	tensor map[string]bool // constants
}

func fault(format string, args ...any) { panic("BUG: zoo: " + fmt.Sprintf(format, args...)) }

func (p *parser) need(name, where string) {
	if !p.seen[name] {
		fault("%q is not made before it is read by %s", name, where)
	}
}

func (p *parser) node(line string, words []string) {
	at := slices.Index(words, "=")
	if at < 1 || at+1 >= len(words) {
		fault("no node: %s", line)
	}
	if operands := words[at+2:]; p.steps != 0 && words[at+1] == "MatMul" {
		if name, shape, weighs := strings.Cut(operands[1], ":"); weighs {
			p.product(p.steps, words[0], p.operand(operands[0], line), weight(name, shape, p.brain))
			return
		}
	}
	n := &wire.Node{OpType: words[at+1], Name: words[0], Output: words[:at]}
	for _, word := range words[at+2:] {
		if name, value, ok := strings.Cut(word, "="); ok {
			n.Attribute = append(n.Attribute, attribute(name, value))
			continue
		}
		n.Input = append(n.Input, p.operand(word, line))
	}
	for _, out := range n.Output {
		if p.seen[out] {
			fault("%q is made twice", out)
		}
		p.seen[out] = true
	}
	p.graph.Node = append(p.graph.Node, n)
}

// operand returns the name of an operand, which it makes if it is a constant.
func (p *parser) operand(word, line string) string {
	name, shape, declared := strings.Cut(word, ":")
	switch first := word[0]; {
	case word == "_":
		return ""
	case first == '[':
		list := integers(strings.Trim(word, "[]"))
		return p.constant(onnxtest.Int64s(word, []int64{int64(len(list))}, list...))
	case first == '-' || first >= '0' && first <= '9':
		x, err := strconv.ParseFloat(word, 32)
		if err != nil {
			fault("%v in %s", err, line)
		}
		return p.constant(onnxtest.Floats(word, nil, float32(x)))
	case name == "i":
		return p.constant(onnxtest.Int64s(word, nil, integers(shape)...))
	case declared && !p.tensor[name]:
		return p.constant(weight(name, shape, p.brain))
	}
	p.need(name, line)
	return name
}

// constant adds t to the graph unless one of its name is there.
func (p *parser) constant(t *wire.Tensor) string {
	if !p.tensor[t.Name] {
		p.tensor[t.Name], p.seen[t.Name] = true, true
		p.graph.Initializer = append(p.graph.Initializer, t)
	}
	return t.Name
}

func attribute(name, value string) *wire.Attribute {
	switch {
	case strings.Contains(value, ","):
		return onnxtest.Ints(name, integers(strings.TrimSuffix(value, ","))...)
	case strings.ContainsAny(value, ".e"):
		x, err := strconv.ParseFloat(value, 32)
		if err != nil {
			fault("attribute %s: %v", name, err)
		}
		return onnxtest.Float(name, float32(x))
	}
	return onnxtest.Int(name, integers(value)[0])
}

func integers(list string) []int64 {
	var out []int64
	for _, word := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == 'x' }) {
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			fault("%v", err)
		}
		out = append(out, n)
	}
	return out
}

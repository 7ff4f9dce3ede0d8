package zoo

import (
	"fmt"
	"os"
	"strings"

	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/onnxtest"
)

// Graph is a model in text. Inputs and outputs are those of onnxtest.Values, the
// nodes are lines:
//
//	output… = Operator operand… attribute=value…
//
// An operand is the name of a value, or a constant that is written where it is
// read:
//
//	_           left out
//	2.5  -1.0   f32, a scalar
//	i:3         int64, a scalar
//	[1,-1]      int64, of rank 1
//	w:768x3072  a weight called w, see weight
//	w           the same once more
//
// An attribute is an int, a float (2.5), or a list of ints (0,2,1,3, or 1, of one).
type Graph struct {
	Name, Inputs, Outputs string
	Nodes                 string
	// Brain makes the weights numbers of bfloat16, in f32: as in files of models that
	// were trained in it.
	Brain bool
	// Steps, if it is set, quantises the weights of MatMul.
	Steps Steps
}

// opset is what most exporters write today: the newest without an Attention.
const opset = 17

// Model reads the text. A mistake in it panics: it is part of the program.
func (g Graph) Model() *wire.Model {
	p := &parser{
		brain:  g.Brain,
		steps:  g.Steps,
		graph:  &wire.Graph{Name: g.Name, Input: onnxtest.Values(g.Inputs), Output: onnxtest.Values(g.Outputs)},
		seen:   map[string]bool{},
		tensor: map[string]bool{},
	}
	for _, in := range p.graph.Input {
		p.seen[in.Name] = true
	}
	for line := range strings.Lines(g.Nodes) {
		if words := strings.Fields(line); len(words) > 0 {
			p.node(line, words)
		}
	}
	for _, out := range p.graph.Output {
		p.need(out.Name, "the outputs")
	}
	m := onnxtest.Model(opset, p.graph)
	m.IRVersion, m.OpsetImport = 8, m.OpsetImport[:1]
	if g.Steps.inBlocks() {
		m.OpsetImport = append(m.OpsetImport, &wire.OperatorSetID{Domain: "com.microsoft", Version: 1})
	}
	return m
}

// Write writes the model to a file.
func (g Graph) Write(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := wire.EncodeTo(f, g.Model()); err != nil {
		f.Close()
		return fmt.Errorf("%s: %w", path, err)
	}
	return f.Close()
}

// fill replaces {name} by numbers: fill(text, "heads", 12).
func fill(text string, pairs ...any) string {
	var list []string
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, fmt.Sprintf("{%s}", pairs[i]), fmt.Sprint(pairs[i+1]))
	}
	return strings.NewReplacer(list...).Replace(text)
}

// layers repeats text n times: # is the number of the layer, % that of the next.
func layers(text string, n int) string {
	var all strings.Builder
	for i := range n {
		all.WriteString(numbered(text, i) + "\n")
	}
	return all.String()
}

func numbered(text string, i int) string {
	return strings.NewReplacer("#", fmt.Sprintf(".%d", i), "%", fmt.Sprintf(".%d", i+1)).Replace(text)
}

package onnxgo

import (
	"fmt"
	"strings"
	"sync"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

// operators holds the domains that have an operator of a name, and the newest
// version of any operator of ai.onnx.
var operators = sync.OnceValues(func() (domains map[string][]string, newest int64) {
	domains = map[string][]string{}
	for _, o := range onnx.SupportedOperators() {
		dot := strings.LastIndexByte(o.Name, '.')
		domain, name := o.Name[:max(dot, 0)], o.Name[dot+1:]
		domains[name] = append(domains[name], domain)
		if domain == "" {
			newest = max(newest, o.Versions[len(o.Versions)-1])
		}
	}
	return domains, newest
})

// domainOf guesses the domain, which onnx-go drops: ai.onnx if it has the operator
// or nobody has.
func domainOf(name string) string {
	known, _ := operators()
	domains := known[name]
	for _, d := range domains {
		if d == "" {
			return ""
		}
	}
	if len(domains) == 0 {
		return ""
	}
	return domains[0]
}

// oldest is the first version of ai.onnx with today's broadcasting. onnx-go's own
// back ends know no older one either.
const oldest = 7

// inOpset returns g as a model in the given opset version. For 0 it is the newest
// version in which the importer can read g; it must mean the same in the oldest
// such version.
func inOpset(g *wire.Graph, version int64) (*wire.Model, error) {
	if version != 0 {
		return modelOf(g, version), nil
	}
	_, newest := operators()
	high, meaning := search(g, newest, oldest, -1)
	if high == 0 {
		return modelOf(g, newest), nil
	}
	if low, other := search(g, oldest, high, 1); other != meaning {
		return nil, fmt.Errorf("the graph can be read in opset %d and in opset %d and means something else there: "+
			"onnx-go does not tell which it is, WithOpset does", low, high)
	}
	return modelOf(g, high), nil
}

// search returns the first version from from to to in which g can be read, and
// what it then means; 0 if there is none.
func search(g *wire.Graph, from, to, step int64) (version int64, meaning string) {
	for v := from; v != to+step; v += step {
		graph, err := onnx.Import(modelOf(g, v), onnx.Options{})
		if err == nil && onnx.Unsupported(graph) == nil {
			return v, textOf(graph)
		}
	}
	return 0, ""
}

// textOf returns the same text for graphs that mean the same.
func textOf(g *ir.Graph) string {
	var text strings.Builder
	if err := g.Print(&text, ir.PrintOptions{Elide: true, Renumber: true, Anonymous: true}); err != nil {
		panic("BUG: a strings.Builder failed: " + err.Error())
	}
	return text.String()
}

func modelOf(g *wire.Graph, version int64) *wire.Model {
	m := &wire.Model{IRVersion: 8, Graph: g, OpsetImport: []*wire.OperatorSetID{{Version: version}}}
	domains := map[string]bool{"": true}
	for _, n := range g.Node {
		if !domains[n.Domain] {
			domains[n.Domain] = true
			m.OpsetImport = append(m.OpsetImport, &wire.OperatorSetID{Domain: n.Domain, Version: 1})
		}
	}
	return m
}

package upgrade

import (
	"fmt"
	"strings"

	"github.com/parallax-go/parallax/ir"
)

// names are those that are taken.
type names map[string]bool

func namesOf(g *ir.Graph) names {
	taken := names{}
	for h := range g.Graphs() {
		for _, v := range h.Inputs {
			taken[v.Name] = true
		}
		for i := range h.Outputs() {
			taken[h.OutputName(i)] = true
		}
		for n := range h.Nodes() {
			for _, v := range n.In {
				if v != nil {
					taken[v.Name] = true
				}
			}
			for _, v := range n.Out {
				if v != nil {
					taken[v.Name] = true
				}
			}
		}
	}
	return taken
}

// take returns name, with a number if it is taken.
func (n names) take(name string) string {
	unique := name
	for i := 1; n[unique]; i++ {
		unique = fmt.Sprintf("%s_%d", name, i)
	}
	n[unique] = true
	return unique
}

// base is what W_R is called: as the query's weights are, if they have a name of
// the model's and not one that an exporter made up; else as the projection is.
func (n names) base(p *projection) string {
	weights := p.w()
	for weights.Const == nil && len(weights.Def.In) > 0 && !strings.ContainsAny(weights.Name, "./") {
		weights = weights.Def.In[0]
	}
	for _, name := range []string{weights.Name, p.node.Name} {
		if strings.ContainsAny(name, "./") && !strings.Contains(name, "::") {
			return strings.TrimSuffix(name, ".weight") + ".W_R"
		}
	}
	for _, name := range []string{p.node.Name, weights.Name} {
		if name != "" {
			return name + ".W_R"
		}
	}
	return "W_R"
}

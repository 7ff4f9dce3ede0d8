package upgrade

import (
	"slices"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/rewrite"
)

// Report tells what became of each attention.
type Report struct {
	Upgraded []Upgraded
	Refused  []Refused
}

// Upgraded is an attention that has a probe now.
type Upgraded struct {
	Anchor     string // the name of the fused node
	Parameters []Parameter
}

// Parameter is a new initializer.
type Parameter struct {
	Name  string
	DType tensor.DType
	Shape []int
}

// Refused is an attention that stays as it was, and why.
type Refused struct {
	Anchor string
	Reason passes.Reason
	Remedy string
}

// Pass returns the pass, which fills report. weights are the contents of the new
// parameters by name, all of them; nil leaves W_R zero and the gates as they
// begin.
func Pass(weights map[string]*tensor.Tensor, report *Report) passes.Pass {
	return passes.Pass{
		Name: "upgrade",
		Doc:  "give softmax attention a probe of zeros: Parallax attention to train",
		Run: func(c *passes.Context, g *ir.Graph) error {
			u := &upgrader{Context: c, report: report, names: namesOf(g), twins: map[any][]*ir.Value{}}
			walks, err := u.walks(g)
			if err != nil {
				return err
			}
			for _, w := range walks {
				u.node(w)
			}
			return u.fill(weights)
		},
	}
}

// upgrader is one run of the pass.
type upgrader struct {
	*passes.Context
	report     *Report
	names      names
	twins      map[any][]*ir.Value // parameters by the weights that they stand beside
	parameters []*ir.Value
}

// walks follows the query of every fused node of g and its regions. Those that
// can't be upgraded are reported.
func (u *upgrader) walks(g *ir.Graph) ([]*walk, error) {
	var walks []*walk
	for _, h := range slices.Collect(g.Graphs()) {
		for n := range h.Nodes() {
			if err := u.Err(); err != nil {
				return nil, err
			}
			if n.Op != op.Parallax {
				continue
			}
			if w, why := u.walk(n); why != nil {
				u.refuse(n, why)
			} else {
				walks = append(walks, w)
			}
		}
	}
	return u.apart(g, walks), nil
}

func (u *upgrader) refuse(n *ir.Node, why *refusal) {
	u.report.Refused = append(u.report.Refused, Refused{Anchor(n), why.Reason, why.Remedy})
}

// node gives w's node a probe, or says why not.
func (u *upgrader) node(w *walk) {
	n := w.node
	p := rewrite.NewPatch(n, "upgrade")
	made, why := u.patch(p, w)
	if why == nil {
		if r := rewrite.Commit(u.Context, p); r != nil {
			why = &refusal{Reason: *r}
		}
	}
	if why != nil {
		u.refuse(n, why)
		return
	}
	up := Upgraded{Anchor: Anchor(n)}
	for _, v := range made {
		up.Parameters = append(up.Parameters, Parameter{v.Name, v.Const.DType, v.Const.Shape})
	}
	u.parameters = append(u.parameters, made...)
	u.twins[weightKey(w.from.w())] = made
	u.report.Upgraded = append(u.report.Upgraded, up)
}

// patch makes the node with a probe in place of p's root, and returns the
// parameters that it has.
func (u *upgrader) patch(p *rewrite.Patch, w *walk) ([]*ir.Value, *refusal) {
	n := p.Root
	f := &follower{Builder: p.Builder, walk: w, names: u.names, twins: u.twins[weightKey(w.from.w())], made: map[*ir.Value]*ir.Value{}, gates: map[*ir.Node]float64{}}
	r, why := f.probe()
	if why != nil {
		return nil, why
	}
	with := attr.Clone(n.Attr).(*attr.Attention)
	with.Probe, with.HasProbe = attr.ProbeLearned, true
	out := p.Ops(op.Parallax, with, len(n.Out), slices.Insert(slices.Clone(n.In), with.Operands().R, r)...)
	if err := p.Err(); err != nil {
		return nil, refuse(checkPath, n, "a probe of the query's shape", err.Error())
	}
	for i, v := range n.Out {
		if v != nil {
			p.Replace(v, out[i])
		}
	}
	return f.parameters, nil
}

// Anchor is the name that the verdict on a fused node goes by: that of the first
// node of the file that it stands for.
func Anchor(n *ir.Node) string {
	if n.Name == "" && len(n.Sources) > 0 {
		return n.Sources[0]
	}
	return n.Label()
}

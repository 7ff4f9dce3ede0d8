package parallax

import (
	"context"
	"fmt"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/graft"
	"github.com/parallax-go/parallax/passes/std"
	"github.com/parallax-go/parallax/passes/upgrade"
)

// ConvertOptions say how to write a model as ONNX, and what to change of it.
type ConvertOptions struct {
	Form  string // "function", the default, "attention" or "inline"
	Opset int    // 0: the file's, or the first after it that fits
	// Upgrade "parallax" gives each softmax attention a probe with a new W_R of
	// zeros: the model computes what it did, and can be trained as Parallax.
	Upgrade string
	// Weights are the contents of the new parameters, by the names in
	// [Written.Upgrade]; nil: as they begin.
	Weights map[string]*tensor.Tensor
}

// Check reports options that make no sense.
func (c ConvertOptions) Check() error {
	switch c.Upgrade {
	case "parallax":
	case "":
		if c.Weights != nil {
			return fmt.Errorf("weights are of an upgrade, and none is asked for")
		}
	default:
		return fmt.Errorf("upgrade %q is not parallax", c.Upgrade)
	}
	return checkForm(c.Form)
}

// Convert writes the model as ONNX to out. Without passes it is changed in nothing
// but what c asks for. Nothing is left half-written.
func (s *Source) Convert(ctx context.Context, out string, c ConvertOptions) (*Written, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	var report *upgrade.Report
	var remarks []passes.Remark
	if c.Upgrade != "" {
		var err error
		if report, remarks, err = s.upgrade(ctx, c.Weights); err != nil {
			return nil, s.named(err)
		}
	}
	if err := s.optimiseFile(ctx); err != nil {
		return nil, err
	}
	written, err := s.save(out, onnx.ExportOptions{Form: c.Form, Opset: c.Opset, Prefer: s.opset()})
	if err != nil {
		return nil, err
	}
	if report != nil {
		written.Upgrade, written.Remarks = report, remarks
	}
	return written, nil
}

// opset is the version of ai.onnx that the file is written in; 0 if it says none.
func (s *Source) opset() int { return int(onnx.ReadInfo(s.wire).Opsets[""]) }

// recognition are the passes that attention is recognised with. What they do to
// the rest of the graph is dropped.
const recognition = "fold,unify,canon,cse,dce,fuseparallax,fuseattn"

// upgrade makes attention of the graph fused nodes with probes. What can't have one
// stays, with the rest of the graph, as the file has it: which it is, a trial tells.
func (s *Source) upgrade(ctx context.Context, weights map[string]*tensor.Tensor) (*upgrade.Report, []passes.Remark, error) {
	list, err := std.Select(recognition)
	if err != nil {
		return nil, nil, err
	}
	u := upgrading{ctx: ctx, options: s.options.passOptions()}
	var clones map[*ir.Value]*ir.Value
	u.fused, clones = s.graph.Clone()
	found, err := passes.Run(ctx, u.fused, list, u.options)
	if err != nil {
		return nil, nil, err
	}
	trial, copies := s.graph.Clone()
	fromTrial := make(map[*ir.Value]*ir.Value, len(clones))
	for v, w := range clones {
		fromTrial[copies[v]] = w
	}
	report, err := u.run(trial, fromTrial, nil, func(*ir.Node) bool { return true })
	if err != nil {
		return nil, nil, err
	}
	report.Refused = append(report.Refused, upgrade.NotFused(s.graph, found.Remarks)...)
	able := map[string]bool{}
	for _, up := range report.Upgraded {
		able[up.Anchor] = true
	}
	done, err := u.run(s.graph, clones, weights, func(n *ir.Node) bool { return able[upgrade.Anchor(n)] })
	if err != nil {
		return nil, nil, err
	}
	report.Upgraded = done.Upgraded
	return report, upgraded(found.Remarks, able), nil
}

// upgrading is an upgrade under way.
type upgrading struct {
	ctx     context.Context
	options *passes.Options
	fused   *ir.Graph // a copy of the graph whose attention is fused
}

// run grafts the wanted nodes onto g, of which fused is a copy by clones, and gives
// them probes.
func (u *upgrading) run(g *ir.Graph, clones map[*ir.Value]*ir.Value, weights map[string]*tensor.Tensor, wanted func(*ir.Node) bool) (*upgrade.Report, error) {
	failures, err := graft.Fused(g, u.fused, clones, wanted)
	if err != nil {
		return nil, err
	}
	report := &upgrade.Report{}
	for _, f := range failures {
		report.Refused = append(report.Refused, upgrade.Refused{Anchor: upgrade.Anchor(f.Node), Reason: f.Reason})
	}
	_, err = passes.Run(u.ctx, g, []passes.Pass{upgrade.Pass(weights, report)}, u.options)
	return report, err
}

// upgraded are the verdicts on what has a probe now.
func upgraded(remarks []passes.Remark, able map[string]bool) []passes.Remark {
	var list []passes.Remark
	for _, r := range remarks {
		if r.Verdict == passes.Refused || r.Spec == nil || !able[r.Anchor] {
			continue
		}
		spec, a := *r.Spec, *r.Spec.Attention
		a.Probe, a.HasProbe = attr.ProbeLearned, true
		spec.Attention = &a
		r.Kind, r.Spec = passes.KindParallax, &spec
		list = append(list, r)
	}
	return list
}

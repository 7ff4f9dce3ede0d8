package parallax

import (
	"context"
	"fmt"

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
	if err := s.Optimise(ctx); err != nil {
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

// upgrade fuses the attention of the graph and gives it probes. The rest of the
// graph stays as the file has it.
func (s *Source) upgrade(ctx context.Context, weights map[string]*tensor.Tensor) (*upgrade.Report, []passes.Remark, error) {
	list, err := std.Select(recognition)
	if err != nil {
		return nil, nil, err
	}
	o := s.options.passOptions()
	fused, clones := s.graph.Clone()
	found, err := passes.Run(ctx, fused, list, o)
	if err != nil {
		return nil, nil, err
	}
	failures, err := graft.Fused(s.graph, fused, clones)
	if err != nil {
		return nil, nil, err
	}
	report := &upgrade.Report{}
	if _, err := passes.Run(ctx, s.graph, []passes.Pass{upgrade.Pass(weights, report)}, o); err != nil {
		return nil, nil, err
	}
	for _, f := range failures {
		report.Refused = append(report.Refused, upgrade.Refused{Anchor: upgrade.Anchor(f.Node), Reason: f.Reason})
	}
	report.Refused = append(report.Refused, upgrade.NotFused(s.graph, found.Remarks)...)
	return report, upgraded(found.Remarks, report), nil
}

// upgraded are the verdicts after an upgrade.
func upgraded(remarks []passes.Remark, report *upgrade.Report) []passes.Remark {
	probed := map[string]bool{}
	for _, u := range report.Upgraded {
		probed[u.Anchor] = true
	}
	for i, r := range remarks {
		if r.Verdict == passes.Refused || !probed[r.Anchor] {
			continue
		}
		spec, a := *r.Spec, *r.Spec.Attention
		a.Probe, a.HasProbe = attr.ProbeLearned, true
		spec.Attention = &a
		remarks[i].Kind, remarks[i].Spec = passes.KindParallax, &spec
	}
	return remarks
}

package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/passes"
)

func newExplain(s *session) *cobra.Command {
	var require int
	var html string
	cmd := &cobra.Command{
		Use:   "explain MODEL",
		Short: "Say of every attention in a model whether it is fused, and why not (-v: each one by itself; -q: the counts)",
		Args:  oneModel,
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := s.explainModel(cmd.Context(), args[0], html)
			if err != nil {
				return err
			}
			if err := s.showExplained(e); err != nil {
				return err
			}
			if got := e.Fused.Attention + e.Fused.Parallax; cmd.Flags().Changed("require-fusion") && got < require {
				return fail(exitCheck, fmt.Errorf("%d attentions are fused, at least %d are required", got, require))
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.IntVar(&require, "require-fusion", 0, "exit with code 1 if fewer than `N` are fused or native")
	f.StringVar(&html, "html", "", "also write a page to `FILE`: each attention drawn before and after, its numerics and its time (runs the model)")
	s.addTarget(cmd)
	return cmd
}

// explainModel explains the model at path, and writes a page if html names one.
func (s *session) explainModel(ctx context.Context, path, html string) (explained, error) {
	var more []parallax.Option
	if html != "" {
		more = append(more, parallax.WithRecord())
	}
	src, err := s.open(path, more...)
	if err != nil {
		return explained{}, err
	}
	defer src.Close()
	facts := src.Inspect()
	remarks, err := src.Explain(ctx)
	if err != nil {
		return explained{}, fail(exitModel, err)
	}
	s.tellPasses(src)
	e := explain(path, remarks)
	if html == "" {
		return e, nil
	}
	figures, unmeasured := s.measure(ctx, path)
	return e, fail(exitInput, newPage(e, remarks, facts, figures, unmeasured).write(html))
}

// explained is the JSON result; see docs/schema/explain.json.
type explained struct {
	Schema     int         `json:"schema"`
	Model      string      `json:"model"`
	Fused      fusedCounts `json:"fused"`
	Candidates []candidate `json:"candidates"`
}

// fusedCounts counts fused and native nodes without and with a probe.
type fusedCounts struct {
	Attention int `json:"attention"`
	Parallax  int `json:"parallax"`
}

type candidate struct {
	Anchor   string   `json:"anchor"`
	Verdict  string   `json:"verdict"`
	Kind     string   `json:"kind"`
	Variants []string `json:"variants"`
	Spec     *spec    `json:"spec,omitempty"`
	Reason   *reason  `json:"reason,omitempty"`
	Remedy   string   `json:"remedy,omitempty"`
	Rules    []string `json:"rules,omitempty"` // followed where releases of a standard differ
}

type spec struct {
	Probe     string   `json:"probe"`
	Heads     int      `json:"heads"`
	KVHeads   int      `json:"kv_heads"`
	HeadSize  string   `json:"head_size"`
	ValueSize string   `json:"value_size"`
	Causal    string   `json:"causal"`
	Window    [2]int   `json:"window"`
	Scale     number   `json:"scale"`
	Softcap   number   `json:"softcap"`
	Masks     []string `json:"masks"`
	Biases    []string `json:"biases"`
	Rope      bool     `json:"rope"`
	Cache     bool     `json:"cache"`
	EmptyRow  string   `json:"empty_row"`
	Layout    string   `json:"layout"`
	Weights   string   `json:"weights"`
	Affine    string   `json:"affine"`
	Ridge     number   `json:"ridge"`
	Visible   string   `json:"visible"`  // a formula over the masks; "": all of them
	Relative  int      `json:"relative"` // how many biases are functions of key minus query
	Ranges    bool     `json:"ranges"`   // starts and lengths of the keys are operands
	Sink      bool     `json:"sink"`
	FillValue number   `json:"fill_value"`

	attention *attr.Attention
}

type reason struct {
	Check string `json:"check"`
	Node  string `json:"node"`
	Want  string `json:"want"`
	Got   string `json:"got"`
}

func countFused(remarks []passes.Remark) (c fusedCounts) {
	for _, r := range remarks {
		switch {
		case r.Verdict == passes.Refused:
		case r.Kind == passes.KindParallax:
			c.Parallax++
		default:
			c.Attention++
		}
	}
	return c
}

func explain(model string, remarks []passes.Remark) explained {
	e := explained{Schema: schema, Model: model, Fused: countFused(remarks), Candidates: []candidate{}}
	for _, r := range remarks {
		c := candidate{
			Anchor: r.Anchor, Verdict: string(r.Verdict), Kind: string(r.Kind),
			Variants: append([]string{}, r.Variants...), Remedy: r.Remedy, Spec: specOf(r.Spec), Rules: r.Rules,
		}
		if r.Reason != nil {
			c.Reason = &reason{r.Reason.Check, r.Reason.Node, r.Reason.Want, r.Reason.Got}
		}
		e.Candidates = append(e.Candidates, c)
	}
	return e
}

func specOf(s *passes.Spec) *spec {
	if s == nil {
		return nil
	}
	a := s.Attention
	return &spec{
		Probe: string(a.Probe), Heads: a.Heads, KVHeads: a.KVHeads,
		HeadSize: s.HeadSize.String(), ValueSize: s.ValueSize.String(),
		Causal: string(a.Causal), Window: [2]int{a.WindowLeft, a.WindowRight},
		Scale: number(a.Scale), Softcap: number(a.Softcap),
		Masks: append([]string{}, s.Masks...), Biases: append([]string{}, s.Biases...),
		Rope: s.Rope, Cache: s.Cache, EmptyRow: string(a.EmptyRow), Layout: string(a.Layout),
		Weights: string(a.Weights), Affine: string(a.Affine), Ridge: number(a.Ridge), Visible: a.Visible,
		Relative: a.Relative, Ranges: a.HasRanges, Sink: a.HasSink, FillValue: number(a.FillValue),
		attention: a,
	}
}

func (s *session) showExplained(e explained) error {
	if s.json {
		return s.printJSON(e)
	}
	if s.quiet {
		_, err := fmt.Fprintln(s.stdout, e.summary())
		return err
	}
	return e.writeText(s.stdout, s.verbose)
}

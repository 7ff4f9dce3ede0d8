package cli

import (
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/passes"
)

func newExplain(s *session) *cobra.Command {
	var require int
	var html string
	cmd := &cobra.Command{
		Use:   "explain MODEL",
		Short: "Say of every attention in a model whether it is fused, and why not",
		Args:  oneModel,
		RunE: func(cmd *cobra.Command, args []string) error {
			src, err := s.open(args[0])
			if err != nil {
				return err
			}
			defer src.Close()
			remarks, err := src.Explain(cmd.Context())
			if err != nil {
				return fail(exitModel, err)
			}
			s.tellPasses(src)
			e := explain(args[0], remarks)
			if html != "" {
				if err := e.writeHTML(html); err != nil {
					return fail(exitInput, err)
				}
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
	f.StringVar(&html, "html", "", "also write a page to `FILE`")
	s.addTarget(cmd)
	return cmd
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
			Variants: append([]string{}, r.Variants...), Remedy: r.Remedy, Spec: specOf(r.Spec),
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
	}
}

func (s *session) showExplained(e explained) error {
	if s.json {
		return s.printJSON(e)
	}
	e.writeText(s.stdout)
	return nil
}

func (e explained) writeText(w io.Writer) {
	fmt.Fprintf(w, "%s: %d attention and %d Parallax nodes of %d candidates\n", e.Model, e.Fused.Attention, e.Fused.Parallax, len(e.Candidates))
	for _, c := range e.Candidates {
		fmt.Fprintf(w, "\n%-8s %-9s %s", c.Verdict, c.Kind, c.Anchor)
		if len(c.Variants) > 0 {
			fmt.Fprintf(w, "  [%s]", strings.Join(c.Variants, " "))
		}
		fmt.Fprintln(w)
		if c.Spec != nil {
			fmt.Fprintf(w, "         %s\n", c.Spec.line())
		}
		if r := c.Reason; r != nil {
			fmt.Fprintf(w, "         %s at %s: want %s, got %s\n", r.Check, r.Node, r.Want, r.Got)
		}
		if c.Remedy != "" {
			fmt.Fprintf(w, "         remedy: %s\n", c.Remedy)
		}
	}
}

// line is the specification in one line, with what is at its default left out.
func (s *spec) line() string {
	parts := []string{fmt.Sprintf("%d heads of %s", s.Heads, s.HeadSize), fmt.Sprintf("scale %.6g", float64(s.Scale))}
	add := func(on bool, format string, args ...any) {
		if on {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(s.KVHeads != s.Heads, "%d key/value heads", s.KVHeads)
	add(s.Probe != "none", "probe %s", s.Probe)
	add(s.Causal != "none", "causal %s", s.Causal)
	add(s.Window != [2]int{-1, -1}, "window %d, %d", s.Window[0], s.Window[1])
	add(s.Softcap != 0, "softcap %g", float64(s.Softcap))
	add(len(s.Masks) > 0, "mask %s", strings.Join(s.Masks, ", "))
	add(len(s.Biases) > 0, "bias %s", strings.Join(s.Biases, ", "))
	add(s.Rope, "rotary embedding")
	add(s.Cache, "KV cache")
	add(len(s.Masks)+len(s.Biases) > 0 || s.Causal != "none", "empty rows %s", s.EmptyRow)
	return strings.Join(parts, ", ")
}

var explainPage = template.Must(template.New("explain").Parse(`<!doctype html>
<meta charset="utf-8"><title>{{.Model}}</title>
<style>body{font:14px system-ui;margin:2em}td,th{text-align:left;padding:.3em .8em;vertical-align:top;border-top:1px solid #ddd}
.fused,.native{color:#060}.refused{color:#a00}</style>
<h1>{{.Model}}</h1><p>{{.Fused.Attention}} attention and {{.Fused.Parallax}} Parallax nodes of {{len .Candidates}} candidates.</p>
<table><tr><th>anchor<th>verdict<th>kind<th>variants<th>what or why</tr>
{{range .Candidates}}<tr><td>{{.Anchor}}<td class="{{.Verdict}}">{{.Verdict}}<td>{{.Kind}}<td>{{range .Variants}}{{.}} {{end}}<td>
{{with .Spec}}{{.Line}}{{end}}{{with .Reason}}{{.Check}} at {{.Node}}: want {{.Want}}, got {{.Got}}{{end}} {{.Remedy}}</tr>
{{end}}</table>
`))

// Line is line, for the page.
func (s *spec) Line() string { return s.line() }

func (e explained) writeHTML(path string) error {
	var b strings.Builder
	if err := explainPage.Execute(&b, e); err != nil {
		return err
	}
	return parallax.WriteFile(path, []byte(b.String()))
}

package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/examples/recall"
	"github.com/parallax-go/parallax/ir/tensor"
)

func newDemo(s *session) *cobra.Command {
	var noCompile bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole line on models inside the program: fuse, explain, run, compile to Go",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &demo{s: s, out: s.stdout}
			if s.json {
				d.out = io.Discard
			}
			if err := d.run(cmd.Context(), !noCompile); err != nil {
				return fail(exitRuntime, err)
			}
			if s.json {
				return s.printJSON(d.result)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&noCompile, "no-compile", false, "leave out the part that needs the Go toolchain")
	return cmd
}

// demo runs the shipped models; see examples/recall.
type demo struct {
	s      *session
	out    io.Writer
	result demoResult
}

// demoResult is the JSON result: shares of the counted positions.
type demoResult struct {
	Schema       int         `json:"schema"`
	Accuracy     number      `json:"accuracy"`
	WithoutProbe number      `json:"accuracy_without_probe"`
	Softmax      number      `json:"accuracy_softmax_twin"`
	SameBits     *bool       `json:"same_bits,omitempty"`
	Fused        fusedCounts `json:"fused"`
}

func (d *demo) run(ctx context.Context, compile bool) error {
	d.result.Schema = schema
	fmt.Fprintln(d.out, "1. parallax-recall, a small trained Parallax decoder: what was fused, and why")
	m, err := d.load(recall.Parallax)
	if err != nil {
		return err
	}
	defer m.Close()
	e := explain(recall.Parallax, m.Remarks())
	d.result.Fused = e.Fused
	if err := e.writeText(d.out, false); err != nil {
		return err
	}

	fmt.Fprintln(d.out, "\n2. its evaluation set")
	logits, err := d.accuracies(ctx, m)
	if err != nil || !compile {
		return err
	}
	fmt.Fprintln(d.out, "\n3. the same model as a Go package")
	return d.compile(ctx, logits)
}

func (d *demo) load(name string, opts ...parallax.Option) (*parallax.Model, error) {
	data, err := recall.Model(name)
	if err != nil {
		return nil, err
	}
	common, err := d.s.options()
	if err != nil {
		return nil, err
	}
	src, err := parallax.OpenReader(bytes.NewReader(data), append(common, opts...)...)
	if err != nil {
		return nil, err
	}
	return src.Load()
}

// accuracies evaluates the model, the model without its probe, and its softmax
// twin. It returns the first batch's logits.
func (d *demo) accuracies(ctx context.Context, m *parallax.Model) (*tensor.Tensor, error) {
	first, err := d.evaluate(ctx, "Parallax", recall.Parallax, m, &d.result.Accuracy)
	if err != nil {
		return nil, err
	}
	bare, err := d.load(recall.Parallax, parallax.WithPass("fuseparallax", withoutProbe))
	if err != nil {
		return nil, err
	}
	defer bare.Close()
	if _, err := d.evaluate(ctx, "without the probe", recall.Parallax, bare, &d.result.WithoutProbe); err != nil {
		return nil, err
	}
	twin, err := d.load(recall.Softmax)
	if err != nil {
		return nil, err
	}
	defer twin.Close()
	_, err = d.evaluate(ctx, "softmax twin", recall.Softmax, twin, &d.result.Softmax)
	fmt.Fprintln(d.out, "This shows that the program is right: without the probe the same weights fail. It does not show")
	fmt.Fprintln(d.out, "that Parallax is the better attention: the softmax twin solves the task as well.")
	return first, err
}

// demoBatch is how many sequences one run takes.
const demoBatch = 32

func (d *demo) evaluate(ctx context.Context, what, name string, m *parallax.Model, accuracy *number) (*tensor.Tensor, error) {
	e, err := recall.EvaluationOf(name)
	if err != nil {
		return nil, err
	}
	n, _ := e.Sequences()
	bar := d.bar(n, what)
	defer bar.Close()
	var first *tensor.Tensor
	correct, counted := 0, 0
	for from := 0; from < n; from += demoBatch {
		to := min(from+demoBatch, n)
		outputs, err := m.Run(ctx, map[string]*tensor.Tensor{"tokens": e.Batch(from, to)})
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = outputs["logits"]
		}
		c, all := e.Score(from, outputs["logits"])
		correct, counted = correct+c, counted+all
		bar.Add(to - from)
	}
	*accuracy = number(float64(correct) / float64(counted))
	fmt.Fprintf(d.out, "   accuracy %-18s %.3f  (%d of %d positions)\n", what, float64(*accuracy), correct, counted)
	return first, nil
}

// bar shows progress on a terminal, and nothing elsewhere.
func (d *demo) bar(n int, what string) *progressbar.ProgressBar {
	w := io.Discard
	if f, ok := d.s.stderr.(*os.File); ok && !d.s.quiet && term.IsTerminal(int(f.Fd())) {
		w = f
	}
	return progressbar.NewOptions(n, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(40), progressbar.OptionShowCount())
}

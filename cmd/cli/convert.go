package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/tensor/npy"
	"github.com/parallax-go/parallax/passes/upgrade"
)

func newConvert(s *session) *cobra.Command {
	var o parallax.ConvertOptions
	var out, weights string
	cmd := &cobra.Command{
		Use:   "convert MODEL -o OUT.onnx",
		Short: "Write a model as ONNX without optimising it",
		Long: `Write a model as ONNX without optimising it.

With --upgrade parallax, each softmax attention becomes Parallax attention with a
new parameter W_R of zeros beside the query's weights. The outputs stay the same
until W_R is trained; --weights puts trained parameters in, by the names that the
upgrade prints.`,
		Args: oneModel,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("passes") {
				s.passes = "none"
			}
			if weights != "" && o.Upgrade == "" {
				return errorf("--weights is of --upgrade")
			}
			if err := o.Check(); err != nil {
				return err
			}
			var err error
			if o.Weights, err = readWeights(weights); err != nil {
				return fail(exitInput, err)
			}
			return s.convert(cmd.Context(), args[0], out, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&out, "output", "o", "", "`FILE` to write")
	f.StringVar(&o.Form, "form", "", "fused nodes as `function|attention|inline` (default function)")
	f.IntVar(&o.Opset, "opset", 0, "version `N` of ai.onnx (default: the file's, or the first after it that fits)")
	f.StringVar(&o.Upgrade, "upgrade", "", "make softmax attention `parallax` attention, with new weights of zeros")
	f.StringVar(&weights, "weights", "", "of --upgrade: `FILE.npz` with the contents of the new weights")
	cmd.MarkFlagRequired("output")
	choices(cmd, "form", "function", "attention", "inline")
	choices(cmd, "upgrade", "parallax")
	return cmd
}

// readWeights reads an archive; nil without one.
func readWeights(path string) (map[string]*tensor.Tensor, error) {
	if path == "" {
		return nil, nil
	}
	return npy.ReadArchiveFile(path)
}

func (s *session) convert(ctx context.Context, path, out string, o parallax.ConvertOptions) error {
	src, err := s.open(path)
	if err != nil {
		return err
	}
	defer src.Close()
	written, err := src.Convert(ctx, out, o)
	s.tellPasses(src)
	switch {
	case errors.Is(err, parallax.ErrWrite), errors.As(err, new(*upgrade.WeightsError)):
		return fail(exitInput, err)
	case err != nil:
		return fail(exitModel, err)
	}
	return s.showConverted(written)
}

// converted is the JSON result of convert: that of compile, and the upgrade.
type converted struct {
	compiled
	Upgraded    *[]upgraded    `json:"upgraded,omitempty"`
	NotUpgraded *[]notUpgraded `json:"not_upgraded,omitempty"`
}

type upgraded struct {
	Anchor     string      `json:"anchor"`
	Parameters []parameter `json:"parameters"`
}

type parameter struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Shape []int  `json:"shape"`
}

type notUpgraded struct {
	Anchor string `json:"anchor"`
	Reason reason `json:"reason"`
	Remedy string `json:"remedy,omitempty"`
}

func (s *session) showConverted(w *parallax.Written) error {
	if w.Upgrade == nil {
		return s.showCompiled(w)
	}
	if s.json {
		c := converted{compiled: compiledOf(w), Upgraded: &[]upgraded{}, NotUpgraded: &[]notUpgraded{}}
		for _, u := range w.Upgrade.Upgraded {
			made := upgraded{u.Anchor, []parameter{}}
			for _, p := range u.Parameters {
				made.Parameters = append(made.Parameters, parameter{p.Name, p.DType.String(), p.Shape})
			}
			*c.Upgraded = append(*c.Upgraded, made)
		}
		for _, r := range w.Upgrade.Refused {
			*c.NotUpgraded = append(*c.NotUpgraded, notUpgraded{r.Anchor, reason(r.Reason), r.Remedy})
		}
		return s.printJSON(c)
	}
	var b strings.Builder
	for _, u := range w.Upgrade.Upgraded {
		fmt.Fprintf(&b, "upgraded %s\n", u.Anchor)
		for _, p := range u.Parameters {
			fmt.Fprintf(&b, "  %s %s%s\n", p.Name, p.DType, tensor.ShapeString(p.Shape))
		}
	}
	for _, r := range w.Upgrade.Refused {
		fmt.Fprintf(&b, "not upgraded: %s\n  %s at %s: want %s, got %s\n", r.Anchor, r.Reason.Check, r.Reason.Node, r.Reason.Want, r.Reason.Got)
		if r.Remedy != "" {
			fmt.Fprintf(&b, "  remedy: %s\n", r.Remedy)
		}
	}
	if _, err := s.stdout.Write([]byte(b.String())); err != nil {
		return err
	}
	return s.showCompiled(w)
}

package cli

import (
	"github.com/spf13/cobra"

	"github.com/parallax-go/parallax"
)

func newConvert(s *session) *cobra.Command {
	o := parallax.CompileOptions{Target: "onnx"}
	var out string
	cmd := &cobra.Command{
		Use:   "convert MODEL -o OUT.onnx",
		Short: "Write a model as ONNX without optimising it",
		Args:  oneModel,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("passes") {
				s.passes = "none"
			}
			return s.write(cmd.Context(), args[0], out, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&out, "output", "o", "", "`FILE` to write")
	f.StringVar(&o.Form, "form", "", "fused nodes as `function|attention|inline` (default function)")
	f.IntVar(&o.Opset, "opset", 0, "version `N` of ai.onnx (default: the least that fits)")
	cmd.MarkFlagRequired("output")
	choices(cmd, "form", "function", "attention", "inline")
	return cmd
}

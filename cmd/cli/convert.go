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
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.Check(); err != nil {
				return err
			}
			if !cmd.Flags().Changed("passes") {
				s.passes = "none"
			}
			src, err := s.open(args[0])
			if err != nil {
				return err
			}
			defer src.Close()
			report, err := src.Compile(cmd.Context(), out, o)
			if err != nil {
				return fail(exitModel, err)
			}
			return s.showCompiled(report)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&out, "output", "o", "", "file to write")
	f.StringVar(&o.Form, "form", "function", "`function|attention|inline`")
	f.IntVar(&o.Opset, "opset", 0, "version of ai.onnx (default: the least that fits)")
	cmd.MarkFlagRequired("output")
	return cmd
}

package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/parallax-go/parallax"
)

func newCompile(s *session) *cobra.Command {
	var o parallax.CompileOptions
	var out, state string
	cmd := &cobra.Command{
		Use:   "compile MODEL -o PATH",
		Short: "Optimise a model and write it as a Go package or as ONNX",
		Args:  oneModel,
		RunE: func(cmd *cobra.Command, args []string) error {
			if state != "on" && state != "off" {
				return errorf("--state %s is not on or off", state)
			}
			if o.Target == "onnx" && cmd.Flags().Changed("precision") {
				return errorf("--precision is of target go, the target is onnx")
			}
			o.NoState = state == "off"
			return s.write(cmd.Context(), args[0], out, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&out, "output", "o", "", "`PATH` to write: a folder (go) or a file (onnx)")
	f.StringVar(&o.Target, "target", "go", "what to write: `go|onnx`")
	f.StringVar(&o.Form, "form", "", "of onnx: fused nodes as `function|attention|inline` (default function)")
	f.IntVar(&o.Opset, "opset", 0, "of onnx: version `N` of ai.onnx (default: the least that fits)")
	f.StringVar(&o.Package, "package", "", "of go: package `NAME` (default: from the folder)")
	f.StringVar(&o.Func, "func", "", "of go: `NAME` of the method that runs the model (default Run)")
	f.BoolVar(&o.Standalone, "standalone", false, "of go: copy the runtime in, so that the result builds without any dependency")
	f.StringVar(&o.Module, "module", "", "of go: write a go.mod with this module `PATH`")
	f.StringVar(&state, "state", "on", "of go: `on|off`: NewState for files with past and present pairs")
	cmd.MarkFlagRequired("output")
	s.addPrecision(cmd)
	choices(cmd, "target", "go", "onnx")
	choices(cmd, "form", "function", "attention", "inline")
	choices(cmd, "state", "on", "off")
	return cmd
}

// write compiles the model at path to out, as o says.
func (s *session) write(ctx context.Context, path, out string, o parallax.CompileOptions) error {
	if err := o.Check(); err != nil {
		return err
	}
	src, err := s.open(path)
	if err != nil {
		return err
	}
	defer src.Close()
	report, err := src.Compile(ctx, out, o)
	s.tellPasses(src)
	switch {
	case errors.Is(err, parallax.ErrWrite):
		return fail(exitInput, err)
	case err != nil:
		return fail(exitModel, err)
	}
	return s.showCompiled(report)
}

// compiled is the JSON result of compile and convert.
type compiled struct {
	Schema int         `json:"schema"`
	Output string      `json:"output"`
	Files  []string    `json:"files"`
	Bytes  int64       `json:"bytes"`
	Fused  fusedCounts `json:"fused"`
}

func compiledOf(r *parallax.Written) compiled {
	return compiled{schema, r.Path, r.Files, r.Bytes, countFused(r.Remarks)}
}

func (s *session) showCompiled(r *parallax.Written) error {
	if s.json {
		return s.printJSON(compiledOf(r))
	}
	fused := countFused(r.Remarks)
	s.infof("wrote %s: %d files, %s (%d attention, %d Parallax nodes)", r.Path, len(r.Files), bytesText(r.Bytes), fused.Attention, fused.Parallax)
	return nil
}

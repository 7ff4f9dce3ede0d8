package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
)

// verifyFlags are the flags of verify.
type verifyFlags struct {
	in         inputFlags
	rtol, atol float64
	against    string
	perNode    bool
}

func newVerify(s *session) *cobra.Command {
	var v verifyFlags
	cmd := &cobra.Command{
		Use:   "verify MODEL",
		Short: "Compare a model's outputs with recorded ones, or with another way to compute them",
		Args:  oneModel,
		RunE: func(cmd *cobra.Command, args []string) error {
			return v.run(cmd.Context(), s, args[0])
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVar(&v.in.data, "data", nil, "`DIR` with input_0.pb … output_0.pb (repeatable; default: every test_data_set_* beside MODEL)")
	f.Float64Var(&v.rtol, "rtol", -1, "relative tolerance (default by element type)")
	f.Float64Var(&v.atol, "atol", -1, "absolute tolerance (default by element type)")
	f.StringVar(&v.against, "against", "", "`unfused|ref`: compare with the model computed this way instead of recorded outputs")
	f.BoolVar(&v.perNode, "per-node", false, "with --against: compare every value that both ways compute")
	v.in.addFill(cmd)
	choices(cmd, "against", "unfused", "ref")
	s.addTarget(cmd)
	return cmd
}

// verified is the JSON result.
type verified struct {
	Schema int           `json:"schema"`
	OK     bool          `json:"ok"`
	Sets   []verifiedSet `json:"sets"`
}

type verifiedSet struct {
	Name    string       `json:"name"`
	OK      bool         `json:"ok"`
	Outputs []comparison `json:"outputs"`
}

func (v *verifyFlags) run(ctx context.Context, s *session, path string) error {
	if v.perNode && v.against == "" {
		return errorf("--per-node needs --against: recorded data holds outputs only")
	}
	var more []parallax.Option
	if v.perNode {
		more = append(more, parallax.WithAllOutputs())
	}
	m, err := s.load(path, more...)
	if err != nil {
		return err
	}
	defer m.Close()
	sets, err := v.sets(s, m, path)
	if err != nil {
		return fail(exitInput, err)
	}
	if v.against != "" {
		if err := v.compute(ctx, s, path, sets, more); err != nil {
			return err
		}
	}
	result := verified{Schema: schema, OK: true, Sets: []verifiedSet{}}
	for _, set := range sets {
		r, err := v.verifySet(ctx, m, set)
		if err != nil {
			return failRun(fmt.Errorf("%s: %w", set.name, err))
		}
		result.OK = result.OK && r.OK
		result.Sets = append(result.Sets, r)
	}
	if err := s.showVerified(result); err != nil {
		return err
	}
	if !result.OK {
		return &failure{exitCheck, nil}
	}
	return nil
}

// sets finds the inputs, and the recorded outputs if nothing else is compared with.
func (v *verifyFlags) sets(s *session, m *parallax.Model, path string) ([]*dataSet, error) {
	dirs := v.in.data
	if len(dirs) == 0 && v.in.fill == "" && path != "-" {
		var err error
		if dirs, err = findDataSets(path); err != nil {
			return nil, err
		}
	}
	if len(dirs) == 0 {
		if v.against == "" {
			return nil, fmt.Errorf("no test_data_set_* beside %s: give --data, or --against with --fill", path)
		}
		inputs, err := v.in.gather(m, s.dimMap())
		return []*dataSet{{name: "made up", inputs: inputs}}, err
	}
	var sets []*dataSet
	for _, dir := range dirs {
		set, err := readDataSet(dir, portNames(m.Inputs()), portNames(m.Outputs()))
		if err != nil {
			return nil, err
		}
		if v.against == "" && len(set.outputs) == 0 {
			return nil, fmt.Errorf("%s holds no output_0.pb", dir)
		}
		sets = append(sets, set)
	}
	return sets, nil
}

// compute replaces the outputs of the sets by those of the other way.
func (v *verifyFlags) compute(ctx context.Context, s *session, path string, sets []*dataSet, more []parallax.Option) error {
	switch v.against {
	case "unfused":
	case "ref":
		more = append(more, parallax.WithTarget(kernels.Ref))
	default:
		return errorf("--against %s is not unfused or ref", v.against)
	}
	if path == "-" {
		return errorf("--against reads MODEL twice: standard input can't be")
	}
	other, err := s.load(path, append(more, parallax.WithPasses("none"))...)
	if err != nil {
		return err
	}
	defer other.Close()
	for _, set := range sets {
		if set.outputs, err = other.Run(ctx, set.inputs); err != nil {
			return failRun(fmt.Errorf("%s, %s: %w", set.name, v.against, err))
		}
	}
	return nil
}

func (v *verifyFlags) verifySet(ctx context.Context, m *parallax.Model, set *dataSet) (verifiedSet, error) {
	r := verifiedSet{Name: set.name, OK: true, Outputs: []comparison{}}
	got, err := m.Run(ctx, set.inputs)
	if err != nil {
		return r, err
	}
	names := portNames(m.Outputs())
	for name := range set.outputs {
		if got[name] == nil && !v.perNode {
			names = append(names, name)
		}
	}
	for _, name := range names {
		want := set.outputs[name]
		if want == nil {
			continue
		}
		c := compare(name, got[name], want, v.tolerance(want.DType, m.Precision()))
		r.OK = r.OK && c.OK
		r.Outputs = append(r.Outputs, c)
	}
	return r, nil
}

// tolerance is that of the output's type, or of the coarsest float type that the
// model computes in: an f32 output of an f16 model is no better than f16.
func (v *verifyFlags) tolerance(d, computed tensor.DType) tolerance {
	t := tolerances[d]
	if c := tolerances[computed]; d.IsFloat() && c.rtol > t.rtol {
		t = c
	}
	if v.rtol >= 0 {
		t.rtol = v.rtol
	}
	if v.atol >= 0 {
		t.atol = v.atol
	}
	return t
}

func (s *session) showVerified(r verified) error {
	if s.json {
		return s.printJSON(r)
	}
	for _, set := range r.Sets {
		fmt.Fprintf(s.stdout, "%s  %s\n", okText(set.OK), filepath.Base(set.Name))
		for _, c := range set.Outputs {
			if c.Why != "" {
				fmt.Fprintf(s.stdout, "  %s  %-24s %s\n", okText(c.OK), c.Name, c.Why)
				continue
			}
			errors := "no difference"
			if c.Worst != nil {
				errors = fmt.Sprintf("max abs %.3g  max rel %.3g  worst at %v", float64(c.MaxAbs), float64(c.MaxRel), c.Worst)
			}
			fmt.Fprintf(s.stdout, "  %s  %-24s %-16s %s\n", okText(c.OK), c.Name, tensor.ShapeString(c.Shape), errors)
		}
	}
	return nil
}

func okText(ok bool) string {
	if ok {
		return "ok  "
	}
	return "FAIL"
}

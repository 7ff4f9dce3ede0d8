package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"

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
	f.BoolVar(&v.perNode, "per-node", false, "compare every value that this and the unfused way, or that of --against, compute, and name the first that differs")
	v.in.addFill(cmd)
	choices(cmd, "against", "unfused", "ref")
	s.addTarget(cmd)
	s.addPrecision(cmd)
	return cmd
}

// verified is the JSON result.
type verified struct {
	Schema int           `json:"schema"`
	OK     bool          `json:"ok"`
	Sets   []verifiedSet `json:"sets"`
}

type verifiedSet struct {
	Name    string           `json:"name"`
	OK      bool             `json:"ok"`
	Outputs []comparison     `json:"outputs"`
	Nodes   []nodeComparison `json:"nodes,omitempty"`    // with --against
	PerNode *divergence      `json:"per_node,omitempty"` // with --per-node
}

// verification is one call of verify.
type verification struct {
	*verifyFlags
	beside       string          // the way to compute that is watched as well: "", unfused, ref
	model, other *parallax.Model // other: that way, or nil
	nodes        nodeWatch
	trace        valueTrace
	values       valueWatch
}

func (v *verifyFlags) run(ctx context.Context, s *session, path string) error {
	x := &verification{verifyFlags: v, beside: v.against}
	if v.perNode && v.against == "" {
		x.beside = "unfused" // recorded data holds outputs only
	}
	defer x.close()
	if err := x.load(s, path); err != nil {
		return err
	}
	sets, err := v.sets(s, x.model, path)
	if err != nil {
		return fail(exitInput, err)
	}
	result := verified{Schema: schema, OK: true, Sets: []verifiedSet{}}
	for _, set := range sets {
		r, err := x.verify(ctx, set)
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

// load loads the model, and again as --against says, both watched.
func (x *verification) load(s *session, path string) error {
	target := kernels.CPU
	switch x.beside {
	case "", "unfused":
		if s.target == "ref" {
			target = kernels.Ref
		}
	case "ref":
		target = kernels.Ref
	default:
		return errorf("--against %s is not unfused or ref", x.against)
	}
	if x.beside != "" && path == "-" {
		return errorf("--against and --per-node read MODEL twice: standard input can't be")
	}
	var watch []parallax.Option
	if x.beside != "" {
		watch = append(watch, parallax.WithProfile(x.step))
	}
	var err error
	if x.model, err = s.load(path, watch...); err != nil {
		return err
	}
	s.tellPrecision(x.model)
	if x.beside == "" {
		return nil
	}
	tolerance := func(d tensor.DType) tolerance { return x.tolerance(d, x.model.Precision()) }
	x.nodes = nodeWatch{target: target, memory: s.memory, tolerance: tolerance}
	x.values = valueWatch{trace: &x.trace, tolerance: tolerance}
	x.other, err = s.load(path, append(asUnfused(), parallax.WithTarget(target), parallax.WithPrecision(kernels.F32), parallax.WithProfile(x.trace.step))...)
	return err
}

func (x *verification) step(s parallax.Step) {
	x.nodes.step(s)
	x.values.step(s)
}

func (x *verification) close() {
	for _, m := range []*parallax.Model{x.model, x.other} {
		if m != nil {
			m.Close()
		}
	}
}

// verify compares one run with the recorded outputs, or with those of the other
// way.
func (x *verification) verify(ctx context.Context, set *dataSet) (verifiedSet, error) {
	r := verifiedSet{Name: set.name, OK: true}
	want := set.outputs
	if x.other != nil {
		if x.perNode {
			x.trace.begin(x.model.Program())
			x.values.begin()
		}
		other, err := x.other.Run(ctx, set.inputs)
		if err != nil {
			return r, fmt.Errorf("%s: %w", x.beside, err)
		}
		if x.against != "" {
			want = other
		}
		x.nodes.begin(ctx, x.model.Remarks())
	}
	got, err := x.model.Run(ctx, set.inputs)
	if err != nil {
		return r, err
	}
	r.Outputs = x.compareOutputs(got, want)
	if x.other != nil {
		if r.Nodes, err = x.nodes.end(); err != nil {
			return r, err
		}
		if x.perNode {
			r.PerNode = x.values.end()
		}
	}
	for _, c := range r.Outputs {
		r.OK = r.OK && c.OK
	}
	for _, c := range r.Nodes {
		r.OK = r.OK && c.OK
	}
	return r, nil
}

// compareOutputs compares what is wanted, in the order of the model.
func (x *verification) compareOutputs(got, want map[string]*tensor.Tensor) []comparison {
	list := []comparison{}
	names := portNames(x.model.Outputs())
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] == nil {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if w := want[name]; w != nil {
			list = append(list, compare(name, got[name], w, x.tolerance(w.DType, x.model.Precision())))
		}
	}
	return list
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

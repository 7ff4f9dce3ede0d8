package cli

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/passes"
)

// measured is what running a model on some inputs tells of its fused nodes, fused
// and as the file has them.
type measured struct {
	Inputs string // where they are from
	nodes  map[string][]nodeComparison
	fused  *clock // by the fused node's name
	file   *clock // by the file's node
}

// Times are the median of so many runs, or of as many as begin within timedFor;
// one before is not counted.
const (
	timedRuns = 9
	timedFor  = 4 * time.Second
)

// mostSets is how many recorded inputs are tried for nodes that did not run on
// those before: the branches of an If.
const mostSets = 4

// clock adds the times of the steps of each run up by name.
type clock struct {
	run  map[string]time.Duration
	runs []map[string]time.Duration
}

// begin begins a run.
func (c *clock) begin() {
	c.run = map[string]time.Duration{}
	c.runs = append(c.runs, c.run)
}

func (c *clock) step(s parallax.Step) { c.run[s.Name] += s.Time }

// median is what the steps of these names take together.
func (c *clock) median(names map[string]bool) time.Duration {
	var sums []time.Duration
	for _, run := range c.runs[1:] {
		var sum time.Duration
		for name := range names {
			sum += run[name]
		}
		sums = append(sums, sum)
	}
	slices.Sort(sums)
	return sums[len(sums)/2]
}

// measuring is a model at work, fused and as the file has it.
type measuring struct {
	model, other *parallax.Model
	target       kernels.Target
	memory       int64
	watch        nodeWatch
	fused, file  *clock // of the inputs at hand; nil: not now
}

// measure runs the model at path fused and unfused, on as many inputs as it takes
// to see all its fused nodes run.
func (s *session) measure(ctx context.Context, path string) ([]*measured, error) {
	if path == "-" {
		return nil, fmt.Errorf("standard input can't be read again")
	}
	x := &measuring{target: kernels.CPU, memory: s.memory}
	if s.target == "ref" {
		x.target = kernels.Ref
	}
	silent := *s
	silent.verbose = false // the passes have been told of
	defer x.close()
	if err := x.load(&silent, path); err != nil {
		return nil, err
	}
	sets, err := s.inputSets(ctx, x.model, path)
	if err != nil {
		return nil, err
	}
	var list []*measured
	for _, set := range sets {
		if len(list) > 0 && allRan(x.model.Remarks(), list) {
			break
		}
		m, err := x.run(ctx, set)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

func (x *measuring) load(s *session, path string) (err error) {
	x.model, err = s.load(path, parallax.WithProfile(func(step parallax.Step) {
		x.watch.step(step)
		if x.fused != nil {
			x.fused.step(step)
		}
	}))
	if err != nil {
		return err
	}
	x.other, err = s.load(path, append(asUnfused(), parallax.WithTarget(x.target), parallax.WithProfile(func(step parallax.Step) {
		x.file.step(step)
	}))...)
	return err
}

func (x *measuring) close() {
	for _, m := range []*parallax.Model{x.model, x.other} {
		if m != nil {
			m.Close()
		}
	}
}

// run compares on one set of inputs, and then takes the times.
func (x *measuring) run(ctx context.Context, set *dataSet) (*measured, error) {
	m := &measured{Inputs: set.name, nodes: map[string][]nodeComparison{}, fused: &clock{}, file: &clock{}}
	x.watch = nodeWatch{target: x.target, memory: x.memory, tolerance: func(d tensor.DType) tolerance { return tolerances[d] }}
	x.watch.begin(ctx, x.model.Remarks())
	if _, err := x.model.Run(ctx, set.inputs); err != nil {
		return nil, err
	}
	nodes, err := x.watch.end()
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		m.nodes[n.Node] = append(m.nodes[n.Node], n)
	}
	x.fused, x.file = m.fused, m.file
	defer func() { x.fused = nil }()
	began := time.Now()
	for i := 0; i < 2 || i <= timedRuns && time.Since(began) < timedFor; i++ {
		for _, timed := range []struct {
			*parallax.Model
			*clock
		}{{x.model, x.fused}, {x.other, x.file}} {
			timed.begin()
			if _, err := timed.Run(ctx, set.inputs); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// allRan reports whether every fused node ran.
func allRan(remarks []passes.Remark, list []*measured) bool {
	for _, r := range remarks {
		if r.Node != nil && ran(r, list) == nil {
			return false
		}
	}
	return true
}

// ran returns the first measurement in which r's node ran, or nil.
func ran(r passes.Remark, list []*measured) *measured {
	for _, m := range list {
		if len(m.nodes[r.Node.Label()]) > 0 {
			return m
		}
	}
	return nil
}

// inputSets returns inputs that m runs on: the recorded ones beside it, or made up
// ones, of the first size that will do.
func (s *session) inputSets(ctx context.Context, m *parallax.Model, path string) ([]*dataSet, error) {
	dirs, err := findDataSets(path)
	if err != nil {
		return nil, err
	}
	var sets []*dataSet
	for _, dir := range dirs[:min(mostSets, len(dirs))] {
		set, err := readDataSet(dir, portNames(m.Inputs()), portNames(m.Outputs()))
		if err == nil {
			_, err = m.Run(ctx, set.inputs)
		}
		if err == nil {
			set.name = "the inputs in " + filepath.Base(dir)
			sets = append(sets, set)
		}
	}
	if len(sets) > 0 {
		return sets, nil
	}
	var first error
	for _, size := range []int64{8, 2, 1} {
		dims := s.allDims(m, size)
		set := &dataSet{name: "random inputs" + sizesText(dims), inputs: map[string]*tensor.Tensor{}}
		in := inputFlags{fill: "random", seed: 1}
		err := in.makeUp(set.inputs, m.Inputs(), dims)
		if err == nil {
			_, err = m.Run(ctx, set.inputs)
		}
		if err == nil {
			return []*dataSet{set}, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, fmt.Errorf("no inputs could be made up that the model runs on (%w); --dim binds its dimensions", first)
}

// allDims binds every dimension of the inputs: as --dim says, else the first of
// an input, which counts sequences or pictures, to at most 2, and others to size.
func (s *session) allDims(m *parallax.Model, size int64) map[string]int64 {
	dims := map[string]int64{}
	for _, p := range m.Inputs() {
		for _, name := range p.Type.Shape.Symbols() {
			dims[name] = size
		}
	}
	for _, p := range m.Inputs() {
		if len(p.Type.Shape) > 1 {
			if name, ok := p.Type.Shape[0].IsSymbol(); ok {
				dims[name] = min(size, 2)
			}
		}
	}
	maps.Copy(dims, withoutPast(m, s.dimMap()))
	return dims
}

func sizesText(dims map[string]int64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(dims)) {
		parts = append(parts, fmt.Sprintf("%s=%d", clean(name), dims[name]))
	}
	if len(parts) == 0 {
		return ""
	}
	return " with " + strings.Join(parts, ", ")
}

// timed is how many runs the times are the median of.
func (m *measured) timed() int { return len(m.fused.runs) - 1 }

// times returns what r's node takes, and what the nodes of the file take that it
// stands for; false if one of them did not run.
func (m *measured) times(r passes.Remark) (fused, file time.Duration, ok bool) {
	names := map[string]bool{}
	for _, p := range r.Before {
		names[p.Name] = true
		for _, s := range p.Sources {
			names[s] = true
		}
	}
	for _, s := range r.Node.Sources {
		names[s] = true
	}
	fused, file = m.fused.median(map[string]bool{r.Node.Label(): true}), m.file.median(names)
	return fused, file, fused > 0 && file > 0
}

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

// measured is what running a model tells of its fused nodes, fused and as the
// file has them.
type measured struct {
	Inputs string // where they are from
	nodes  map[string][]nodeComparison
	fused  *clock // by the fused node's name
	file   *clock // by the file's node
}

// timedRuns is how many runs times are the median of; one before is not counted.
const timedRuns = 9

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

func (c *clock) step(s parallax.Step) {
	if c.run != nil {
		c.run[s.Name] += s.Time
	}
}

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

// measure runs the model at path fused and unfused.
func (s *session) measure(ctx context.Context, path string) (*measured, error) {
	if path == "-" {
		return nil, fmt.Errorf("standard input can't be read again")
	}
	silent := *s
	silent.verbose = false // the passes have been told of
	s = &silent
	var watch nodeWatch
	fused, file := &clock{}, &clock{}
	m, err := s.load(path, parallax.WithProfile(func(step parallax.Step) {
		watch.step(step)
		fused.step(step)
	}))
	if err != nil {
		return nil, err
	}
	defer m.Close()
	other, err := s.load(path, append(asUnfused(), parallax.WithProfile(file.step))...)
	if err != nil {
		return nil, err
	}
	defer other.Close()
	target := kernels.CPU
	if s.target == "ref" {
		target = kernels.Ref
	}
	watch = nodeWatch{target: target, tolerance: func(d tensor.DType) tolerance { return tolerances[d] }}
	r := &measured{nodes: map[string][]nodeComparison{}, fused: fused, file: file}
	inputs, err := s.tryInputs(ctx, m, path, r)
	if err != nil {
		return nil, err
	}
	watch.begin(ctx, m.Remarks())
	if _, err := m.Run(ctx, inputs); err != nil {
		return nil, err
	}
	nodes, err := watch.end()
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		r.nodes[n.Node] = append(r.nodes[n.Node], n)
	}
	for range timedRuns + 1 {
		for _, timed := range []struct {
			*parallax.Model
			*clock
		}{{m, fused}, {other, file}} {
			timed.begin()
			if _, err := timed.Run(ctx, inputs); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

// tryInputs returns inputs that m runs on: the recorded ones beside it, or made
// up ones, of a few sizes.
func (s *session) tryInputs(ctx context.Context, m *parallax.Model, path string, r *measured) (map[string]*tensor.Tensor, error) {
	dirs, err := findDataSets(path)
	if err == nil && len(dirs) > 0 {
		set, err := readDataSet(dirs[0], portNames(m.Inputs()), portNames(m.Outputs()))
		if err == nil {
			r.Inputs = "the inputs in " + filepath.Base(dirs[0])
			_, err = m.Run(ctx, set.inputs)
		}
		if err == nil {
			return set.inputs, nil
		}
	}
	var first error
	for _, size := range []int64{8, 2, 1} {
		dims := s.allDims(m, size)
		in := inputFlags{fill: "random", seed: 1}
		inputs := map[string]*tensor.Tensor{}
		err := in.makeUp(inputs, m.Inputs(), dims)
		if err == nil {
			_, err = m.Run(ctx, inputs)
		}
		if err == nil {
			r.Inputs = "random inputs" + sizesText(dims)
			return inputs, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, fmt.Errorf("no inputs could be made up that the model runs on (%w); --dim binds its dimensions", first)
}

// allDims binds every dimension of the inputs: as --dim says, else to size.
func (s *session) allDims(m *parallax.Model, size int64) map[string]int64 {
	dims := map[string]int64{}
	for _, p := range m.Inputs() {
		for _, name := range p.Type.Shape.Symbols() {
			dims[name] = size
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

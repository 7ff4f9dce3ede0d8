package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
)

func newBench(s *session) *cobra.Command {
	in := inputFlags{}
	var data string
	var runs int
	var both, profile, tasks bool
	cmd := &cobra.Command{
		Use:   "bench MODEL",
		Short: "Time a model: loading and running, fused against unfused, by operator",
		Args:  oneModel,
		RunE: func(cmd *cobra.Command, args []string) error {
			if runs < 1 {
				return errorf("--runs %d is less than 1", runs)
			}
			if data != "" {
				in.data = []string{data}
			}
			b := &bench{s: s, in: in, runs: runs, profile: profile, tasks: tasks}
			return b.run(cmd.Context(), args[0], both)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.IntVar(&runs, "runs", 20, "timed runs `N`")
	f.BoolVar(&both, "fused-vs-unfused", false, "also time the model without its passes, the runs interleaved")
	f.BoolVar(&profile, "profile", false, "where the time goes by operator")
	f.BoolVar(&tasks, "tasks", false, "how far the work can be shared among --threads N, which may be more than the machine has")
	f.StringVar(&data, "data", "", "inputs from `DIR`/input_0.pb …")
	in.addFill(cmd)
	s.addTarget(cmd)
	s.addPrecision(cmd)
	return cmd
}

// bench times one model, in one or two forms.
type bench struct {
	s       *session
	in      inputFlags
	runs    int
	profile bool
	tasks   bool
	inputs  map[string]*tensor.Tensor
}

// timed is the JSON result of one form; times are in milliseconds.
type timed struct {
	Passes    string    `json:"passes"`
	LoadMS    float64   `json:"load_ms"`
	MedianMS  float64   `json:"median_ms"`
	MinMS     float64   `json:"min_ms"`
	Operators []timedOp `json:"operators,omitempty"`
	Tasks     *tasks    `json:"tasks,omitempty"`
	times     []time.Duration
	model     *parallax.Model
	ops       *profiler
}

type timedOp struct {
	Op    string  `json:"op"`
	Steps int     `json:"steps"`
	MS    float64 `json:"ms"`
	Share float64 `json:"share"`
}

func (b *bench) run(ctx context.Context, path string, both bool) error {
	forms := []*timed{{Passes: b.s.passes}}
	if both {
		forms = append(forms, &timed{Passes: "none"})
	}
	for _, f := range forms {
		if err := b.load(f, path); err != nil {
			return err
		}
		defer f.model.Close()
	}
	if err := b.measure(ctx, forms); err != nil {
		return failRun(err)
	}
	for _, f := range forms {
		if !b.tasks {
			break
		}
		var err error
		if f.Tasks, err = b.recordTasks(ctx, path, f.Passes); err != nil {
			return failRun(err)
		}
	}
	return b.show(path, forms)
}

func (b *bench) load(f *timed, path string) error {
	more := []parallax.Option{parallax.WithPasses(f.Passes)}
	if b.profile {
		f.ops = newProfiler()
		more = append(more, parallax.WithProfile(f.ops.add))
	}
	start := time.Now()
	m, err := b.s.load(path, more...)
	if err != nil {
		return err
	}
	f.LoadMS, f.model = milliseconds(time.Since(start)), m
	if f.Passes != "none" {
		b.s.tellPrecision(m)
	}
	if b.inputs == nil {
		if b.in.fill == "" {
			b.in.fill = "random"
		}
		if b.inputs, err = b.in.gather(m, b.s.dimMap()); err != nil {
			return fail(exitInput, err)
		}
	}
	return nil
}

// measure runs the forms in turn, so that what else the machine does meets them
// alike; the first round is not counted.
func (b *bench) measure(ctx context.Context, forms []*timed) error {
	for round := range b.runs + 1 {
		for _, f := range forms {
			if f.ops != nil && round == 1 {
				f.ops.reset()
			}
			start := time.Now()
			if _, err := f.model.Run(ctx, b.inputs); err != nil {
				return err
			}
			if round > 0 {
				f.times = append(f.times, time.Since(start))
			}
		}
	}
	for _, f := range forms {
		f.MedianMS, f.MinMS = medianAndMin(f.times)
		if f.ops != nil {
			f.Operators = f.ops.summary(b.runs)
		}
	}
	return nil
}

func (b *bench) show(path string, forms []*timed) error {
	if b.s.json {
		return b.s.printJSON(struct {
			Schema int      `json:"schema"`
			Model  string   `json:"model"`
			Runs   int      `json:"runs"`
			Forms  []*timed `json:"forms"`
		}{schema, path, b.runs, forms})
	}
	for _, f := range forms {
		fmt.Fprintf(b.s.stdout, "passes %-8s load %8.2f ms   run median %8.3f ms   min %8.3f ms\n", f.Passes, f.LoadMS, f.MedianMS, f.MinMS)
	}
	if len(forms) == 2 {
		fmt.Fprintf(b.s.stdout, "unfused / fused: %.2f\n", forms[1].MedianMS/forms[0].MedianMS)
	}
	for _, f := range forms {
		for _, o := range f.Operators {
			fmt.Fprintf(b.s.stdout, "  %-8s %-24s %5d steps %9.3f ms %5.1f %%\n", f.Passes, o.Op, o.Steps, o.MS, 100*o.Share)
		}
	}
	for _, f := range forms {
		if f.Tasks != nil {
			f.Tasks.show(b.s.stdout, f.Passes)
		}
	}
	return nil
}

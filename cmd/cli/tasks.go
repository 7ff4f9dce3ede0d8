package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
)

// tasks is the JSON result of bench --tasks: how far a run could be shared among
// threads. The kernels cut their work as for so many, but all of it runs on one,
// so that the time of a chunk is its own. Times are in milliseconds.
type tasks struct {
	Threads  int     `json:"threads"`
	Barriers int     `json:"barriers"` // ranges of more than one chunk
	Chunks   int     `json:"chunks"`   // of those
	WorkMS   float64 `json:"work_ms"`  // all that a run does
	SerialMS float64 `json:"serial_ms"`
	// LongestMS is the critical path with as many threads as chunks, CriticalMS
	// with Threads: what is serial, and the time to work off each range.
	LongestMS  float64   `json:"longest_ms"`
	CriticalMS float64   `json:"critical_ms"`
	Ratio      float64   `json:"ratio"` // work / critical
	Operators  []taskOps `json:"operators"`
}

// taskOps is the part of the steps of one kernel in it.
type taskOps struct {
	Op         string  `json:"op"`
	Barriers   int     `json:"barriers"`
	WorkMS     float64 `json:"work_ms"`
	CriticalMS float64 `json:"critical_ms"`
}

// stepTime is one step: what it did alone, and the chunks of each range that it
// shared.
type stepTime struct {
	op     string
	serial time.Duration
	shared [][]chunkTime
}

// chunkTime is one chunk of a range, and how many of the first ones it waits for.
type chunkTime struct {
	took  time.Duration
	after int
}

// taskRun is what one run did: between its steps, and in them.
type taskRun struct {
	serial time.Duration
	steps  []stepTime
}

// taskRecorder records runs, one at a time, on the goroutine that runs.
type taskRecorder struct {
	spans  []par.Span // of the step under way
	run    taskRun
	stored []taskRun
}

func (r *taskRecorder) add(s par.Span) { r.spans = append(r.spans, s) }

// step ends a step. A range within a chunk belongs to the chunk. What a step of
// control flow does beside the steps of its body counts as done between steps.
func (r *taskRecorder) step(s parallax.Step) {
	switch s.Kernel {
	case codegen.KernelIf, codegen.KernelLoop, codegen.KernelScan:
		return
	}
	t := stepTime{op: s.Kernel, serial: s.Time}
	job, end := uint64(0), time.Time{}
	for _, span := range outermost(r.spans) {
		if span.Chunks == 1 {
			continue
		}
		if span.Job != job {
			job, end = span.Job, span.Start
			t.shared = append(t.shared, nil)
		}
		last := &t.shared[len(t.shared)-1]
		*last = append(*last, chunkTime{span.Took, span.After})
		// What passes between two chunks of a range is the time of recording them.
		t.serial -= span.Start.Add(span.Took).Sub(end)
		end = span.Start.Add(span.Took)
	}
	r.run.steps = append(r.run.steps, t)
	r.run.serial -= s.Time
	r.spans = r.spans[:0]
}

// timed is step, whose own time is no work of the run.
func (r *taskRecorder) timed(s parallax.Step) {
	start := time.Now()
	r.step(s)
	r.run.serial -= time.Since(start)
}

// outermost returns the spans that lie in no other, by their start.
func outermost(spans []par.Span) []par.Span {
	slices.SortFunc(spans, func(a, b par.Span) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Job, b.Job)) })
	var list []par.Span
	var end time.Time
	for _, s := range spans {
		if s.Start.Before(end) {
			continue
		}
		end = s.Start.Add(s.Took)
		list = append(list, s)
	}
	return list
}

// recordTasks runs the model of path on a simulated pool.
func (b *bench) recordTasks(ctx context.Context, path, passes string) (*tasks, error) {
	threads := int(b.s.threads)
	if threads == 0 {
		threads = par.Default().Threads()
	}
	pool, r := par.Simulated(threads), &taskRecorder{}
	m, err := b.s.load(path, parallax.WithPasses(passes), parallax.WithPool(pool), parallax.WithProfile(r.timed))
	if err != nil {
		return nil, err
	}
	defer m.Close()
	for round := range b.runs + 1 {
		if round == 1 {
			pool.Trace(r.add)
		}
		if err := r.record(ctx, m, b.inputs); err != nil {
			return nil, err
		}
	}
	return summarise(r.stored[1:], threads), nil
}

func (r *taskRecorder) record(ctx context.Context, m *parallax.Model, in map[string]*tensor.Tensor) error {
	r.run, r.spans = taskRun{}, r.spans[:0]
	start := time.Now()
	_, err := m.Run(ctx, in)
	r.run.serial += time.Since(start)
	r.stored = append(r.stored, r.run)
	return err
}

// summarise takes the median of each time over the runs.
func summarise(runs []taskRun, threads int) *tasks {
	last := runs[len(runs)-1]
	runs = slices.DeleteFunc(runs, func(r taskRun) bool { return !alikeTasks(&r, &last) })
	t := &tasks{Threads: threads, SerialMS: median(runs, func(r *taskRun) time.Duration { return r.serial })}
	var longest, critical float64
	ops := map[string]*taskOps{}
	for i, step := range last.steps {
		o := ops[step.op]
		if o == nil {
			o = &taskOps{Op: step.op}
			ops[step.op] = o
		}
		serial := median(runs, func(r *taskRun) time.Duration { return r.steps[i].serial })
		t.SerialMS += serial
		o.WorkMS += serial
		o.CriticalMS += serial
		for j, chunks := range step.shared {
			times, after := make([]float64, len(chunks)), make([]int, len(chunks))
			for c := range times {
				times[c] = median(runs, func(r *taskRun) time.Duration { return r.steps[i].shared[j][c].took })
				after[c] = chunks[c].after
				o.WorkMS += times[c]
			}
			span := makespan(times, after, threads)
			o.CriticalMS += span
			critical += span
			longest += makespan(times, after, len(times))
			o.Barriers++
			t.Chunks += len(chunks)
		}
	}
	t.WorkMS = median(runs, func(r *taskRun) time.Duration { return r.serial })
	for _, o := range ops {
		t.Operators = append(t.Operators, *o)
		t.Barriers += o.Barriers
		t.WorkMS += o.WorkMS
	}
	slices.SortFunc(t.Operators, func(a, b taskOps) int {
		return cmp.Or(cmp.Compare(b.CriticalMS, a.CriticalMS), cmp.Compare(a.Op, b.Op))
	})
	t.LongestMS, t.CriticalMS = t.SerialMS+longest, t.SerialMS+critical
	t.Ratio = t.WorkMS / t.CriticalMS
	return t
}

// median is that of a time of each run, in milliseconds.
func median(runs []taskRun, of func(r *taskRun) time.Duration) float64 {
	var all []time.Duration
	for i := range runs {
		all = append(all, of(&runs[i]))
	}
	m, _ := medianAndMin(all)
	return m
}

// alikeTasks reports whether two runs have the same steps and ranges.
func alikeTasks(a, b *taskRun) bool {
	return slices.EqualFunc(a.steps, b.steps, func(a, b stepTime) bool {
		return a.op == b.op && slices.EqualFunc(a.shared, b.shared, func(a, b []chunkTime) bool { return len(a) == len(b) })
	})
}

// makespan is how long threads take for the chunks of a range, each taking the next
// when it has done one, and then waiting until so many of the first ones are done.
func makespan(chunks []float64, after []int, threads int) float64 {
	free := make([]float64, min(threads, len(chunks)))
	done := []float64{0} // when all chunks before one are
	for c, time := range chunks {
		first := 0
		for i, at := range free {
			if at < free[first] {
				first = i
			}
		}
		free[first] = max(free[first], done[after[c]]) + time
		done = append(done, max(done[c], free[first]))
	}
	return done[len(chunks)]
}

func (t *tasks) show(w io.Writer, passes string) {
	fmt.Fprintf(w, "passes %-8s %d barriers per run, %d chunks\n", passes, t.Barriers, t.Chunks)
	fmt.Fprintf(w, "  work %.3f ms, of which serial %.3f ms   critical path on %d threads %.3f ms, on any number %.3f ms   work / critical path %.1f\n",
		t.WorkMS, t.SerialMS, t.Threads, t.CriticalMS, t.LongestMS, t.Ratio)
	for _, o := range t.Operators {
		fmt.Fprintf(w, "  %-8s %-24s %5d barriers  work %9.3f ms  critical path %9.3f ms\n", passes, o.Op, o.Barriers, o.WorkMS, o.CriticalMS)
	}
}

package cli

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/kernels/par"
)

func TestMakespan(t *testing.T) {
	for _, c := range []struct {
		chunks  []float64
		after   []int
		threads int
		want    float64
	}{
		{[]float64{5}, []int{0}, 4, 5},
		{[]float64{1, 1, 1, 1}, []int{0, 0, 0, 0}, 1, 4},
		{[]float64{1, 1, 1, 1}, []int{0, 0, 0, 0}, 64, 1},
		{[]float64{3, 1, 1, 1, 2}, []int{0, 0, 0, 0, 0}, 2, 5}, // 3+2 and 1+1+1: the last begins at 3
		{[]float64{1, 1, 1, 9}, []int{0, 0, 0, 0}, 3, 10},
		{[]float64{2, 1, 1, 1}, []int{0, 0, 2, 0}, 1, 5},  // one thread never waits
		{[]float64{2, 1, 2, 1}, []int{0, 0, 2, 0}, 2, 4},  // the third is taken at 1, and begins at 2
		{[]float64{2, 1, 1, 1}, []int{0, 0, 1, 3}, 64, 4}, // each waits for the one before
	} {
		if got := makespan(c.chunks, c.after, c.threads); got != c.want {
			t.Errorf("%v on %d threads takes %v, want %v", c.chunks, c.threads, got, c.want)
		}
	}
}

// TestTasks records two runs of two steps, the second shared in chunks of 4, 2
// and 2 ms, one of which shares a range itself, and 1 ms between the steps. The 1 ms
// between two of the chunks went into recording them.
func TestTasks(t *testing.T) {
	r := &taskRecorder{}
	begin := time.Unix(0, 0)
	at := func(ms int) time.Time { return begin.Add(time.Duration(ms) * time.Millisecond) }
	for range 2 {
		r.run = taskRun{serial: 12 * time.Millisecond}
		r.add(par.Span{Job: 1, Chunks: 1, Start: at(0), Took: time.Millisecond})
		r.step(parallax.Step{Kernel: "a", Time: 2 * time.Millisecond})
		r.add(par.Span{Job: 2, Chunk: 0, Chunks: 3, Start: at(2), Took: 4 * time.Millisecond})
		r.add(par.Span{Job: 3, Chunk: 0, Chunks: 2, Start: at(7), Took: time.Millisecond / 2})
		r.add(par.Span{Job: 3, Chunk: 1, Chunks: 2, Start: at(8), Took: time.Millisecond / 2})
		r.add(par.Span{Job: 2, Chunk: 1, Chunks: 3, Start: at(7), Took: 2 * time.Millisecond})
		r.add(par.Span{Job: 2, Chunk: 2, Chunks: 3, Start: at(9), Took: 2 * time.Millisecond})
		r.step(parallax.Step{Kernel: "b", Time: 9 * time.Millisecond})
		r.step(parallax.Step{Kernel: codegen.KernelLoop, Time: 11 * time.Millisecond})
		r.stored = append(r.stored, r.run)
	}
	want := &tasks{
		Threads: 2, Barriers: 1, Chunks: 3, WorkMS: 11, SerialMS: 3, LongestMS: 7, CriticalMS: 7, Ratio: 11.0 / 7,
		Operators: []taskOps{{"b", 1, 8, 4}, {"a", 0, 2, 2}},
	}
	if diff := cmp.Diff(want, summarise(r.stored, 2)); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
}

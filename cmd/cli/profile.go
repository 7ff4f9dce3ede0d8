package cli

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/parallax-go/parallax"
)

// profiler sums the time of steps by operator.
type profiler struct {
	mu  sync.Mutex
	ops map[string]*timedOp
}

func newProfiler() *profiler { return &profiler{ops: map[string]*timedOp{}} }

func (p *profiler) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.ops)
}

func (p *profiler) add(step parallax.Step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.ops[step.Kernel]
	if o == nil {
		o = &timedOp{Op: step.Kernel}
		p.ops[step.Kernel] = o
	}
	o.Steps++
	o.MS += milliseconds(step.Time)
}

// summary gives the mean of one run, the costliest operator first.
func (p *profiler) summary(runs int) []timedOp {
	p.mu.Lock()
	defer p.mu.Unlock()
	var total float64
	for _, o := range p.ops {
		total += o.MS
	}
	var list []timedOp
	for _, o := range p.ops {
		list = append(list, timedOp{o.Op, o.Steps / runs, o.MS / float64(runs), o.MS / total})
	}
	slices.SortFunc(list, func(a, b timedOp) int { return cmp.Or(cmp.Compare(b.MS, a.MS), cmp.Compare(a.Op, b.Op)) })
	return list
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func medianAndMin(times []time.Duration) (median, least float64) {
	slices.Sort(times)
	return milliseconds(times[len(times)/2]), milliseconds(times[0])
}

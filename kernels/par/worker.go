package par

import (
	"runtime"
	"time"
)

const (
	// spinAfter is how long a worker looks for work after the last run. Waking a
	// sleeping thread takes up to 100 µs on virtual machines: who waits that long
	// before sleeping never loses more than half.
	spinAfter = 100 * time.Microsecond
	// spinWithin is how long it looks within a run in vain: the caller is in long
	// serial code then.
	spinWithin = time.Millisecond
	// breath is how long it looks before it lets other goroutines have a turn.
	breath = 20 * time.Microsecond
	// looks is how often it looks between two looks at the clock.
	looks = 256
)

// cores is how many threads the machine runs at a time.
var cores = int64(runtime.NumCPU())

// count looks up how many goroutines may run at a time.
func (p *Pool) count() {
	if n := int64(runtime.GOMAXPROCS(0)); n != p.procs.Load() {
		p.procs.Store(n)
	}
}

// spare is how many workers there are processors for, beside the callers.
func (p *Pool) spare() int64 {
	return min(int64(p.threads)-1, p.procs.Load()-max(p.runs.Load(), 1))
}

// crowded reports whether more workers are awake than there are processors for.
func (p *Pool) crowded() bool { return p.awake.Load() > p.spare() }

// patience is how long to wait awake within a run. With more threads than cores
// each moment of it is taken from one that works.
func (p *Pool) patience() time.Duration {
	if p.procs.Load() > cores {
		return 0
	}
	return spinWithin
}

// enlist counts one more worker as awake, if fewer than most are and there is a
// processor for it.
func (p *Pool) enlist(most int64) bool {
	for {
		n := p.awake.Load()
		if n >= most || n >= p.spare() || p.closed.Load() {
			return false
		}
		if p.awake.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// rouse wakes up to n workers, as long as fewer than most are awake. Those wake
// others in turn.
func (p *Pool) rouse(n int, most int) {
	for range n {
		if !p.enlist(int64(most)) {
			return
		}
		p.call()
	}
}

// serve helps whoever wants help, until nobody has for a while.
func (p *Pool) serve(id int) {
	var w waiting
	at, worked := id, false
	within := time.Now() // when a run was last under way
	for i := 1; ; i++ {
		if j, left := p.find(&at); j != nil {
			p.help(j, left, id)
			worked = true
		}
		if i%looks != 0 {
			continue
		}
		now := time.Now()
		if worked {
			w, worked = waiting{}, false
		}
		if p.runs.Load() > 0 {
			within = now
		}
		idle := w.since(now)
		if p.closed.Load() || p.crowded() || idle >= p.patience() || min(idle, now.Sub(within)) >= spinAfter {
			if p.retire() {
				return
			}
		}
		w.yield(p)
	}
}

// retire counts a worker as asleep, unless somebody wants it in that moment.
func (p *Pool) retire() bool {
	p.awake.Add(-1)
	return !p.wanted() || !p.enlist(int64(p.threads))
}

func (p *Pool) wanted() bool {
	for i := range p.used.Load() {
		if wants(p.jobs[i].gate.Load()) {
			return true
		}
	}
	return false
}

// find joins the job that has the fewest helpers, with a chunk; of several, the
// next after the one it found before. nil: nobody wants help.
func (p *Pool) find(at *int) (*job, int) {
	n := int(p.used.Load())
	where, least := -1, int64(maxHelpers)
	for i := range n {
		k := (*at + 1 + i) % n
		if g := p.jobs[k].gate.Load(); wants(g) && g&helpers < least {
			where, least = k, g&helpers
		}
	}
	if where < 0 {
		return nil, 0
	}
	j := &p.jobs[where]
	left, ok := j.join()
	if !ok {
		return nil, 0
	}
	*at = where
	return j, left
}

// help works on j, of which it has taken a chunk, until all are taken or another
// job has fewer helpers by more than one.
func (p *Pool) help(j *job, left, id int) {
	s := j.span
	returned := false
	defer func() {
		j.leave()
		if !returned { // the task has ended the goroutine: another takes its place
			p.workers.Go(func() {
				p.serve(id)
				p.work(id)
			})
		}
	}()
	if wants(j.gate.Load()) {
		p.rouse(1, p.threads)
	}
	for ok := true; ok; left, ok = j.take() {
		j.guarded(&s, left, id)
		if p.better(j) {
			break
		}
	}
	returned = true
}

// better reports whether a job has fewer helpers than j by more than one, so that
// moving to it evens things out.
func (p *Pool) better(j *job) bool {
	n := p.used.Load()
	if n == 1 {
		return false
	}
	mine := j.gate.Load() & helpers
	for i := range n {
		if g := p.jobs[i].gate.Load(); wants(g) && g&helpers+1 < mine {
			return true
		}
	}
	return false
}

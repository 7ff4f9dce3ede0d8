package par

import (
	"runtime"
	"sync/atomic"
	"time"
)

// span is a range cut into chunks.
type span struct {
	task             Task
	placed           Placed // the task, if it is one
	n, grain, chunks int

	trace    func(Span)
	sequence uint64
}

// alone runs all chunks in the caller.
func (s *span) alone() {
	for c := range s.chunks {
		s.chunk(c, 0)
	}
}

func (s *span) chunk(c, worker int) {
	lo := c * s.grain
	hi := min(lo+s.grain, s.n)
	if s.trace == nil {
		s.do(worker, lo, hi)
		return
	}
	start := time.Now()
	s.do(worker, lo, hi)
	took, after := time.Since(start), 0
	if ordered, is := s.task.(Ordered); is {
		after = ordered.After(c)
	}
	s.trace(Span{Job: s.sequence, Chunk: c, Chunks: s.chunks, After: after, Worker: worker, Start: start, Took: took})
}

func (s *span) do(worker, lo, hi int) {
	if s.placed != nil {
		s.placed.DoAt(worker, lo, hi)
		return
	}
	s.task.Do(lo, hi)
}

// job is a span that is shared. The pool has a fixed number of them, which their
// owners, the callers of Do, claim and free.
//
// What workers look at and change lies in one word, the gate: how many chunks are
// not taken yet, how many places are left for helpers, and how many helpers are
// there. A worker joins by taking a chunk, in one step; so while chunks or helpers
// are left the owner is in Do, and the span stays what it was when the gate opened.
// Sharing costs as many transfers of a cache line as are needed and no more: that
// is why the gate has a line of its own, and the span, which is only read, another.
type job struct {
	_    line
	gate atomic.Int64
	_    line
	span
	_        line
	busy     atomic.Bool // has an owner
	fault    atomic.Pointer[any]
	finished chan struct{} // told by the last helper, if the owner sleeps
}

// The parts of a gate. The helpers are the lowest bits; chunks are the highest, and
// fall below 0 when several find at once that none is left.
const (
	asleep   = 1 << 15 // the owner sleeps
	onePlace = 1 << 16
	oneChunk = 1 << 32
	helpers  = asleep - 1
	places   = oneChunk - onePlace
)

// The most that the gate counts.
const (
	maxHelpers = helpers
	maxChunks  = 1<<31 - 1
)

// claim makes the caller the owner of a job; nil: it has to work alone.
func (p *Pool) claim() *job {
	for i := range p.jobs {
		j := &p.jobs[i]
		if j.busy.Load() || !j.busy.CompareAndSwap(false, true) {
			continue
		}
		for used := p.used.Load(); used <= int64(i); used = p.used.Load() {
			p.used.CompareAndSwap(used, int64(i)+1)
		}
		return j
	}
	return nil
}

// forget drops the tasks of jobs that nobody owns, and with them what they hold.
func (p *Pool) forget() {
	for i := range p.used.Load() {
		if j := &p.jobs[i]; j.busy.CompareAndSwap(false, true) {
			j.span = span{}
			j.busy.Store(false)
		}
	}
}

// open lets up to so many helpers in, for all chunks but the first.
func (j *job) open(s *span, room int) {
	j.span = *s
	j.gate.Store(int64(s.chunks-1)*oneChunk + int64(min(room, maxHelpers))*onePlace)
}

// wants reports whether a gate lets one more in.
func wants(gate int64) bool { return gate >= oneChunk && gate&places != 0 }

// join makes a worker a helper with a chunk: left counts from the last, 1.
func (j *job) join() (left int, ok bool) {
	g := j.gate.Load()
	if !wants(g) || !j.gate.CompareAndSwap(g, g-oneChunk-onePlace+1) {
		return 0, false
	}
	return int(g / oneChunk), true
}

// take takes the next chunk, for the owner or a helper.
func (j *job) take() (left int, ok bool) {
	if j.gate.Load() < oneChunk {
		return 0, false
	}
	g := j.gate.Add(-oneChunk)
	return int(g/oneChunk) + 1, g >= 0
}

// leave ends what join began, and gives the place back.
func (j *job) leave() {
	g := j.gate.Add(onePlace - 1)
	if g&helpers == 0 && g&asleep != 0 {
		j.finished <- struct{}{}
	}
}

// guarded works on a chunk of s, the span of j, that has been taken.
func (j *job) guarded(s *span, left, worker int) {
	done := false
	defer j.catch(s, &done)
	s.chunk(s.chunks-left, worker)
	done = true
}

// ended is the fault of a task that ended its goroutine.
var ended any = "par: a task called runtime.Goexit"

// catch notes a panic, and lets no further chunk begin.
func (j *job) catch(s *span, done *bool) {
	if *done {
		return
	}
	r := recover()
	if r == nil {
		r = ended
	}
	j.fault.CompareAndSwap(nil, keep(r))
	j.gate.And(oneChunk - 1)
}

// keep moves r to the heap; apart, so that only a panic pays for it.
func keep(r any) *any { return &r }

// finish waits for the helpers of j, frees it, and raises what they panicked with,
// unless the task ended the owner's goroutine.
func (p *Pool) finish(j *job, s *span, returned *bool) {
	if j.gate.Load()&helpers != 0 {
		p.await(j)
	}
	fault := j.fault.Load()
	if fault != nil {
		j.fault.Store(nil)
	}
	j.busy.Store(false)
	if fault != nil && *returned {
		panic(*fault)
	}
}

// await waits for the helpers of j, whose last chunks are under way: without
// sleeping for as long as a worker would.
func (p *Pool) await(j *job) {
	var w waiting
	for i := 1; ; i++ {
		g := j.gate.Load()
		if g&helpers == 0 {
			return
		}
		if i%looks != 0 {
			continue
		}
		if w.since(time.Now()) < p.patience() {
			w.yield(p)
			continue
		}
		if j.gate.CompareAndSwap(g, g|asleep) {
			<-j.finished
			return
		}
	}
}

// waiting is a wait without sleep.
type waiting struct{ begun, yielded time.Time }

func (w *waiting) since(now time.Time) time.Duration {
	if w.begun.IsZero() {
		w.begun, w.yielded = now, now
	}
	return now.Sub(w.begun)
}

// yield lets other goroutines run: now and then, since it wakes threads that have
// nothing to do, and at once if there are fewer processors than who want them.
func (w *waiting) yield(p *Pool) {
	if now := time.Now(); p.crowded() || now.Sub(w.yielded) >= breath {
		w.yielded = now
		giveWay()
		runtime.Gosched()
	}
}

package par

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Task is what a pool runs on chunks of a range.
type Task interface {
	// Do handles the indices lo ≤ i < hi. It is called from several goroutines
	// at once, for ranges that don't overlap.
	Do(lo, hi int)
}

// Placed is a task that is told who works on a chunk: 0 for the caller, else a
// worker, from 1 to threads − 1. No two chunks of a range have the same one at a
// time, so that a task can keep memory for each.
type Placed interface {
	Task
	DoAt(worker, lo, hi int)
}

// Func is a function as a [Task].
type Func func(lo, hi int)

// Do calls f.
func (f Func) Do(lo, hi int) { f(lo, hi) }

// Pool holds worker goroutines that help the callers of [Pool.Run]. A nil Pool
// runs everything in the caller. A pool may be used by many goroutines at once,
// and from within a task: the caller works on its own range and never waits for
// a worker to become free.
type Pool struct {
	threads   int
	simulated bool
	workers   sync.WaitGroup
	beds      []bed
	births    sync.Mutex // of workers

	trace    atomic.Pointer[func(Span)]
	sequence atomic.Uint64 // of traced jobs

	// What workers look at between jobs. It changes seldom.
	_      line
	jobs   []job
	used   atomic.Int64 // how many of jobs were ever in use
	awake  atomic.Int64 // workers that are awake, or have been told to wake
	calls  atomic.Int64 // how many have been told to wake, and have not heard it yet
	runs   atomic.Int64 // within Enter and Leave
	procs  atomic.Int64 // GOMAXPROCS when last looked at
	closed atomic.Bool
	_      line
}

// line keeps what different threads write apart: processors fetch the lines of
// their caches, of 64 bytes or more, in pairs.
type line [128]byte

// maxJobs is how many ranges are shared at a time. Callers beyond work alone:
// there are more of them than most machines have processors.
const maxJobs = 64

// New returns a pool in which up to threads goroutines, the caller included,
// work on one range; less than 1: as many as GOMAXPROCS, which follows the
// limits of the container since Go 1.25. No more than GOMAXPROCS goroutines work
// at a time, whatever threads says. Close releases them.
func New(threads int) *Pool {
	procs := runtime.GOMAXPROCS(0)
	if threads < 1 {
		threads = procs
	}
	p := &Pool{threads: threads}
	p.procs.Store(int64(procs))
	if threads == 1 {
		return p
	}
	p.jobs = make([]job, maxJobs)
	for i := range p.jobs {
		p.jobs[i].finished = make(chan struct{}, 1)
	}
	p.beds = make([]bed, threads-1)
	for i := range p.beds {
		p.beds[i].prepare()
	}
	return p
}

// Simulated returns a pool that says it has so many threads, and runs everything
// in the caller, in order. Kernels cut their work as for such a pool, and a trace
// has the time of each chunk undisturbed by others.
func Simulated(threads int) *Pool {
	return &Pool{threads: max(threads, 1), simulated: true}
}

var shared = sync.OnceValue(func() *Pool { return New(0) })

// Default returns the pool that the process shares. It is never closed.
func Default() *Pool { return shared() }

// Threads returns how many goroutines work on one range at most.
func (p *Pool) Threads() int {
	if p == nil {
		return 1
	}
	return p.threads
}

// Close ends the workers and waits for them. Runs after it, and those under
// way, are done by their callers.
func (p *Pool) Close() {
	if p == nil {
		return
	}
	p.dismiss()
	p.workers.Wait()
}

// Enter begins a run: ranges will follow each other closely, so workers that have
// been woken for one wait for the next without going to sleep. Each Enter wants
// its Leave.
func (p *Pool) Enter() {
	if p == nil {
		return
	}
	p.runs.Add(1)
	p.count()
}

// Leave ends what Enter began.
func (p *Pool) Leave() {
	if p != nil && p.runs.Add(-1) == 0 {
		p.forget()
	}
}

// Run calls f for the chunks [0,grain), [grain,2·grain), … of [0,n), and
// returns when all are done. A panic in f is raised again in the caller; chunks
// that have not begun are left out then.
func (p *Pool) Run(n, grain int, f func(lo, hi int)) { p.Do(n, grain, Func(f)) }

// Do is [Pool.Run] for a task. It allocates nothing in the steady state. The first
// chunk is always the caller's, so that where there is one for each thread, those of
// two tasks that follow each other find in their caches what they wrote before.
func (p *Pool) Do(n, grain int, t Task) {
	if n <= 0 {
		return
	}
	grain = max(grain, 1)
	r := span{task: t, n: n, grain: grain, chunks: (n-1)/grain + 1}
	r.placed, _ = t.(Placed)
	if p == nil {
		r.alone()
		return
	}
	if f := p.trace.Load(); f != nil {
		r.trace, r.sequence = *f, p.sequence.Add(1)
	}
	var j *job
	if 1 < r.chunks && r.chunks <= maxChunks {
		j = p.claim()
	}
	if j == nil {
		r.alone()
		return
	}
	returned := false
	defer p.finish(j, &r, &returned)
	j.open(&r, min(r.chunks, p.threads)-1)
	p.rouse(2, r.chunks-1)
	for left, ok := r.chunks, true; ok; left, ok = j.take() {
		j.guarded(&r, left, 0)
	}
	returned = true
}

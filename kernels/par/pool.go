package par

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Task is what a pool runs on chunks of a range.
type Task interface {
	// Do handles the indices lo ≤ i < hi. It is called from several goroutines
	// at once, for ranges that don't overlap.
	Do(lo, hi int)
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
	threads int
	jobs    chan *job
	quit    chan struct{}
	once    sync.Once
	workers sync.WaitGroup
	idle    sync.Pool // of *job
}

// spin is how long a worker looks for work before it sleeps: waking a sleeping
// thread costs up to 100 µs on virtual machines, and the kernels of one run
// follow each other closely.
const spin = 50 * time.Microsecond

// New returns a pool in which up to threads goroutines, the caller included,
// work on one range; less than 1: as many as GOMAXPROCS, which follows the
// limits of the container since Go 1.25. Close releases its goroutines.
func New(threads int) *Pool {
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	p := &Pool{threads: threads, jobs: make(chan *job, threads), quit: make(chan struct{})}
	p.idle.New = func() any { return &job{finished: make(chan struct{}, 1)} }
	for range threads - 1 {
		p.workers.Go(p.work)
	}
	return p
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
	p.once.Do(func() { close(p.quit) })
	p.workers.Wait()
}

// Run calls f for the chunks [0,grain), [grain,2·grain), … of [0,n), and
// returns when all are done. A panic in f is raised again in the caller.
func (p *Pool) Run(n, grain int, f func(lo, hi int)) { p.Do(n, grain, Func(f)) }

// Do is [Pool.Run] for a task. It allocates nothing in the steady state.
func (p *Pool) Do(n, grain int, t Task) {
	grain = max(grain, 1)
	chunks := (n-1)/grain + 1
	if n <= 0 {
		return
	}
	if p.Threads() == 1 || chunks == 1 {
		for lo := 0; lo < n; lo += grain {
			t.Do(lo, min(lo+grain, n))
		}
		return
	}
	j := p.idle.Get().(*job)
	j.start(t, n, grain, chunks)
	p.invite(j, min(p.threads, chunks)-1)
	if j.share() != 0 {
		<-j.finished
	}
	fault := j.fault.Swap(nil)
	p.release(j)
	if fault != nil {
		panic(*fault)
	}
}

// invite offers j to helpers. An offer that no worker takes in time is found
// empty later, and does no harm.
func (p *Pool) invite(j *job, helpers int) {
	for range helpers {
		j.holders.Add(1)
		select {
		case p.jobs <- j:
		default:
			j.holders.Add(-1)
			return
		}
	}
}

// release recycles j once nobody holds it.
func (p *Pool) release(j *job) {
	if j.holders.Add(-1) == 0 {
		p.idle.Put(j)
	}
}

func (p *Pool) work() {
	for {
		j := p.next()
		if j == nil {
			return
		}
		if j.share() == 0 {
			j.finished <- struct{}{}
		}
		p.release(j)
	}
}

// next waits for a job; nil: the pool is closed.
func (p *Pool) next() *job {
	for begin := time.Now(); time.Since(begin) < spin; runtime.Gosched() {
		select {
		case j := <-p.jobs:
			return j
		default:
		}
	}
	select {
	case j := <-p.jobs:
		return j
	case <-p.quit:
		return nil
	}
}

// job is one range being worked on.
type job struct {
	task             Task
	n, grain, chunks int

	taken    atomic.Int64 // chunks taken
	left     atomic.Int64 // chunks not finished
	holders  atomic.Int64 // the caller, helpers at work, offers in the queue
	finished chan struct{}
	fault    atomic.Pointer[any]
}

func (j *job) start(t Task, n, grain, chunks int) {
	j.task, j.n, j.grain, j.chunks = t, n, grain, chunks
	j.left.Store(int64(chunks))
	j.holders.Store(1)
	j.taken.Store(0)
}

// share works on chunks until none is left to take. Exactly one participant
// gets 0: the one after whose chunks all are finished.
func (j *job) share() (left int64) {
	done := int64(0)
	for {
		c := j.taken.Add(1) - 1
		if c >= int64(j.chunks) {
			break
		}
		j.chunk(int(c))
		done++
	}
	if done == 0 {
		return -1
	}
	return j.left.Add(-done)
}

func (j *job) chunk(c int) {
	defer j.catch()
	lo := c * j.grain
	j.task.Do(lo, min(lo+j.grain, j.n))
}

func (j *job) catch() {
	if r := recover(); r != nil {
		j.fault.CompareAndSwap(nil, keep(r))
	}
}

// keep moves r to the heap; apart, so that only a panic pays for it.
func keep(r any) *any { return &r }

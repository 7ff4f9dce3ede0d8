package par

import (
	"sync/atomic"
	"time"
)

// Ordered is a task of chunks of one index, some of which wait for chunks before them,
// by [Pool.Await].
type Ordered interface {
	Task
	// After is how many of the first indices have to be done before index i can be: i
	// at most. Only traces tell of it; it is the task that waits.
	After(i int) int
}

// Await waits, within a chunk, until count is n. It is for chunks of the same range with
// smaller indices to count: they have begun, and do not wait for this one. One that panics
// has to let go those who wait for it.
func (p *Pool) Await(count *atomic.Int32, n int32) {
	if count.Load() >= n {
		return
	}
	if p == nil || p.jobs == nil {
		panic("BUG: par: a chunk waits for one that comes after it")
	}
	var w waiting
	for i := 1; count.Load() < n; i++ {
		switch {
		case i%looks != 0:
		case w.since(time.Now()) < p.patience():
			w.yield(p)
		default:
			time.Sleep(breath)
		}
	}
}

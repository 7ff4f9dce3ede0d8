package par

import "time"

// Span is the work on one chunk.
type Span struct {
	Job    uint64 // which call of Do or Run, counted from 1 as long as the pool is traced
	Chunk  int    // of Chunks
	Chunks int
	After  int // how many of the first chunks it had to wait for
	Worker int // 0: who called; else the worker, from 1 to threads − 1
	Start  time.Time
	Took   time.Duration
}

// Trace makes the pool tell f of every chunk when it is done; nil: of none. It
// concerns ranges begun later. f is called from several goroutines at once. The
// chunks of a range within a task are told before that task's.
func (p *Pool) Trace(f func(Span)) {
	if f == nil {
		p.trace.Store(nil)
		return
	}
	p.trace.Store(&f)
}

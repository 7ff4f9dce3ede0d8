package par

import (
	"sync/atomic"
	"testing"
	"time"
)

// asleepWithin waits until no worker of p is awake.
func asleepWithin(p *Pool, limit time.Duration) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if p.awake.Load() == 0 {
			return true
		}
	}
	return false
}

// TestWorkersSleep: after the last run, and within one that has nothing for them.
func TestWorkersSleep(t *testing.T) {
	p := New(2)
	defer p.Close()
	for range 100 {
		p.Run(8, 1, func(int, int) {})
	}
	if !asleepWithin(p, 10*time.Second) {
		t.Error("a worker is awake after the last run")
	}
	p.Enter()
	defer p.Leave()
	p.Run(8, 1, func(int, int) {})
	if !asleepWithin(p, 10*time.Second) {
		t.Error("a worker stays awake while its caller does other things")
	}
}

// TestLeaveForgets: the pool of the process does not keep the memory of models
// that have closed.
func TestLeaveForgets(t *testing.T) {
	p := New(2)
	defer p.Close()
	p.Enter()
	p.Run(8, 1, func(int, int) {})
	p.Leave()
	if p.jobs[0].span.task != nil {
		t.Error("the task of the last range is kept")
	}
}

// TestNoMoreThanProcessors: threads beyond GOMAXPROCS are not woken, and callers
// count.
func TestNoMoreThanProcessors(t *testing.T) {
	p := New(16)
	defer p.Close()
	p.procs.Store(4)
	p.rouse(16, 16)
	if n := p.awake.Load(); n > 3 {
		t.Errorf("%d workers are awake beside a caller on 4 processors", n)
	}
	if !asleepWithin(p, 10*time.Second) {
		t.Error("a worker stays awake")
	}
	p.runs.Add(4)
	p.rouse(16, 16)
	if n := p.awake.Load(); n != 0 {
		t.Errorf("%d workers are awake beside 4 runs on 4 processors", n)
	}
}

// TestNoMoreThanChunks: who is woken for a range wakes others only while it has
// chunks for them.
func TestNoMoreThanChunks(t *testing.T) {
	before := cores
	defer func() { cores = before }()
	cores = 16
	p := New(16)
	defer p.Close()
	p.procs.Store(16)
	var most atomic.Int64
	for range 50 {
		p.Run(2, 1, func(lo, _ int) {
			time.Sleep(100 * time.Microsecond)
			if lo == 0 {
				most.Store(max(most.Load(), p.awake.Load()))
			}
		})
	}
	if most.Load() > 1 {
		t.Errorf("%d workers are awake for ranges of 2 chunks", most.Load())
	}
}

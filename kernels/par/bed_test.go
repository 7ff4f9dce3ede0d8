package par

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestBursts: ranges that come after all workers have gone to sleep, or while they do,
// are done, and shared.
func TestBursts(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	before := cores
	defer func() { cores = before }()
	cores = 4
	p := New(4)
	defer p.Close()
	var shared atomic.Int64
	for round := range 150 {
		var done, others atomic.Int64
		p.Enter()
		p.Do(16, 1, placed(func(worker, lo, hi int) {
			done.Add(int64(hi - lo))
			if worker > 0 {
				others.Add(1)
			}
			time.Sleep(20 * time.Microsecond)
		}))
		p.Leave()
		if done.Load() != 16 {
			t.Fatalf("round %d: %d of 16 chunks are done", round, done.Load())
		}
		shared.Add(min(others.Load(), 1))
		time.Sleep(time.Duration(round%7) * 40 * time.Microsecond)
	}
	if shared.Load() == 0 { // on a busy machine few may be
		t.Error("no range was shared")
	}
}

type placed func(worker, lo, hi int)

func (f placed) Do(lo, hi int)           { f(0, lo, hi) }
func (f placed) DoAt(worker, lo, hi int) { f(worker, lo, hi) }

// TestCloseWhileWaking: a pool that is closed while its workers wake, are born, or go to
// sleep ends all of them.
func TestCloseWhileWaking(t *testing.T) {
	before := cores
	defer func() { cores = before }()
	cores = 8
	for round := range 100 {
		p := New(8)
		p.procs.Store(8)
		for range round % 4 {
			p.Run(8, 1, func(int, int) {})
			time.Sleep(time.Duration(round%5) * 60 * time.Microsecond)
		}
		var both sync.WaitGroup
		both.Go(func() { p.Run(8, 1, func(int, int) { time.Sleep(time.Microsecond) }) })
		both.Go(p.Close)
		closed := make(chan struct{})
		go func() {
			both.Wait()
			close(closed)
		}()
		select {
		case <-closed:
		case <-time.After(20 * time.Second):
			t.Fatalf("round %d: the pool does not close", round)
		}
	}
}

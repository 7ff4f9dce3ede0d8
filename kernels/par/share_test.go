package par_test

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parallax-go/parallax/kernels/par"
)

// procs sets GOMAXPROCS for a test.
func procs(t *testing.T, n int) {
	before := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

// TestStress has more callers than jobs, more threads than processors, nested
// ranges, and runs that begin and end.
func TestStress(t *testing.T) {
	for _, n := range []int{1, 2, 8} {
		procs(t, n)
		p := newPool(t, 5)
		var callers sync.WaitGroup
		for range 80 {
			callers.Go(func() {
				for k := range 20 {
					p.Enter()
					var sum atomic.Int64
					p.Run(64, 3, func(lo, hi int) {
						for i := lo; i < hi; i++ {
							p.Run(k%4, 1, func(int, int) { sum.Add(1) })
							sum.Add(int64(i))
						}
					})
					p.Leave()
					if want := int64(64*63/2 + 64*(k%4)); sum.Load() != want {
						t.Errorf("sum %d, want %d", sum.Load(), want)
					}
				}
			})
		}
		callers.Wait()
	}
}

// slow is a task whose chunks take time and no processor, so that who gets help
// does not depend on how many processors there are. It counts the chunks under way.
type slow struct{ active, most, sum, done atomic.Int64 }

func (s *slow) Do(int, int) {
	n := s.active.Add(1)
	s.sum.Add(n)
	s.done.Add(1)
	for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
	}
	time.Sleep(500 * time.Microsecond)
	s.active.Add(-1)
}

// TestFairness: two callers have 4 workers all the time. If one had them all, the
// other would be alone.
func TestFairness(t *testing.T) {
	procs(t, 6)
	p := newPool(t, 5)
	tasks := []*slow{{}, {}}
	var callers sync.WaitGroup
	for _, task := range tasks {
		callers.Go(func() {
			p.Enter()
			defer p.Leave()
			for range 20 {
				p.Do(40, 1, task)
			}
		})
	}
	callers.Wait()
	for i, task := range tasks {
		if mean := float64(task.sum.Load()) / float64(task.done.Load()); mean < 1.5 {
			t.Errorf("caller %d had %.2f goroutines on average, itself included", i, mean)
		}
	}
}

// TestLongRangeLetsGo: helpers of a long range move to one that has none, long
// before the first ends.
func TestLongRangeLetsGo(t *testing.T) {
	procs(t, 6)
	p := newPool(t, 5)
	long, late := &slow{}, &slow{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.Do(1000, 1, long)
	}()
	for long.most.Load() < 5 {
		time.Sleep(time.Millisecond)
	}
	p.Do(50, 1, late)
	if late.most.Load() < 2 {
		t.Error("a range that came late got no help")
	}
	select {
	case <-ended:
		t.Error("the long range was over before the late one")
	default:
	}
	<-ended
}

func caught(f func()) (r any) {
	defer func() { r = recover() }()
	f()
	return nil
}

// TestGoexit: a task that ends the goroutine that it runs on ends no more than
// that: a caller's is the caller's affair, a worker's a fault, and its place is
// taken.
func TestGoexit(t *testing.T) {
	procs(t, 4)
	p := newPool(t, 4)
	for range 20 {
		var count atomic.Int64
		var caller sync.WaitGroup
		caller.Go(func() {
			r := caught(func() {
				p.Run(64, 1, func(int, int) {
					time.Sleep(100 * time.Microsecond)
					if count.Add(1) == 5 {
						runtime.Goexit()
					}
				})
				t.Error("the range is over as if nothing had happened")
			})
			if r != "par: a task called runtime.Goexit" {
				t.Errorf("the caller got panic %v", r)
			}
		})
		caller.Wait()
	}
	s := &slow{}
	p.Do(400, 1, s)
	if s.most.Load() != 4 {
		t.Errorf("%d goroutines are left of 4", s.most.Load())
	}
}

func TestTrace(t *testing.T) {
	real := newPool(t, 3)
	for _, p := range []*par.Pool{real, par.Simulated(64)} {
		var mu sync.Mutex
		got := map[[2]int]int{}
		p.Trace(func(s par.Span) {
			mu.Lock()
			defer mu.Unlock()
			got[[2]int{int(s.Job), s.Chunk}]++
			if s.Took < 0 || s.Start.IsZero() || s.Worker < 0 || s.Worker >= p.Threads() || s.Chunks != 10 && s.Chunks != 1 {
				t.Errorf("span %+v", s)
			}
		})
		p.Run(20, 2, func(int, int) {})
		p.Run(1, 1, func(int, int) {})
		p.Trace(nil)
		p.Run(20, 2, func(int, int) {})
		for c := range 10 {
			if got[[2]int{1, c}] != 1 {
				t.Errorf("chunk %d was told %d times", c, got[[2]int{1, c}])
			}
		}
		if len(got) != 11 || got[[2]int{2, 0}] != 1 {
			t.Errorf("spans of %v", got)
		}
	}
}

func TestSimulatedIsSerial(t *testing.T) {
	p := par.Simulated(64)
	defer p.Close()
	p.Enter()
	defer p.Leave()
	next := 0
	p.Run(100, 1, func(lo, _ int) {
		if lo != next {
			t.Errorf("chunk %d came when %d was due", lo, next)
		}
		next++
	})
	if p.Threads() != 64 || next != 100 {
		t.Errorf("%d threads, %d chunks", p.Threads(), next)
	}
}

// chain is a task whose chunks each wait for all before them.
type chain struct {
	t    *testing.T
	pool *par.Pool
	done atomic.Int32
}

func (c *chain) After(i int) int { return i }

func (c *chain) Do(i, _ int) {
	c.pool.Await(&c.done, int32(i))
	if n := c.done.Load(); n != int32(i) {
		c.t.Errorf("chunk %d begins when %d are done", i, n)
	}
	if i%16 == 0 {
		time.Sleep(2 * time.Millisecond) // longer than anyone waits awake
	}
	c.done.Add(1)
}

// TestAwait: chunks wait for those before them with fewer threads than processors and
// with more, and with none but the caller.
func TestAwait(t *testing.T) {
	for _, n := range []int{1, 2, 8} {
		procs(t, n)
		for _, p := range []*par.Pool{nil, par.Simulated(64), newPool(t, 1), newPool(t, 2), newPool(t, 3), newPool(t, 7)} {
			c := &chain{t: t, pool: p}
			p.Do(100, 1, c)
			if got := c.done.Load(); got != 100 {
				t.Errorf("%d chunks of 100", got)
			}
		}
	}
}

// TestAwaitInVain: what comes later can't be waited for.
func TestAwaitInVain(t *testing.T) {
	var count atomic.Int32
	if r := caught(func() { par.Simulated(2).Await(&count, 1) }); r == nil {
		t.Error("no panic")
	}
}

func TestTraceOfOrdered(t *testing.T) {
	p := par.Simulated(4)
	var after []int
	p.Trace(func(s par.Span) { after = append(after, s.After) })
	p.Do(4, 1, &chain{t: t, pool: p})
	p.Run(2, 1, func(int, int) {})
	if want := []int{0, 1, 2, 3, 0, 0}; !slices.Equal(after, want) {
		t.Errorf("chunks wait for %v, want %v", after, want)
	}
}

package par_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/parallax-go/parallax/kernels/par"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newPool(t *testing.T, threads int) *par.Pool {
	p := par.New(threads)
	t.Cleanup(p.Close)
	return p
}

func TestRunCoversTheRangeOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 7} {
		p := newPool(t, threads)
		for _, c := range []struct{ n, grain int }{{-1, 1}, {0, 4}, {1, 1}, {5, 8}, {8, 8}, {9, 8}, {1000, 7}, {100, 0}} {
			hits := make([]atomic.Int32, max(c.n, 0))
			p.Run(c.n, c.grain, func(lo, hi int) {
				if lo%max(c.grain, 1) != 0 || hi != min(lo+max(c.grain, 1), c.n) {
					t.Errorf("n %d grain %d: chunk [%d,%d)", c.n, c.grain, lo, hi)
				}
				for i := lo; i < hi; i++ {
					hits[i].Add(1)
				}
			})
			for i := range hits {
				if hits[i].Load() != 1 {
					t.Fatalf("threads %d, n %d, grain %d: index %d handled %d times", threads, c.n, c.grain, i, hits[i].Load())
				}
			}
		}
	}
}

func TestNilPoolIsSerial(t *testing.T) {
	var p *par.Pool
	var order []int
	p.Run(5, 2, func(lo, hi int) { order = append(order, lo, hi) })
	if len(order) != 6 || order[0] != 0 || order[5] != 5 || p.Threads() != 1 {
		t.Fatalf("chunks %v", order)
	}
	p.Close()
}

func TestManyCallersAndNestedRuns(t *testing.T) {
	p := newPool(t, 3)
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for range 50 {
				var sum atomic.Int64
				p.Run(20, 1, func(lo, hi int) {
					p.Run(10, 1, func(lo2, hi2 int) { sum.Add(int64(lo*10 + lo2)) })
				})
				if sum.Load() != 199*200/2 {
					t.Errorf("sum %d", sum.Load())
				}
			}
		})
	}
	callers.Wait()
}

func TestPanicReachesTheCaller(t *testing.T) {
	p := newPool(t, 4)
	for range 20 {
		func() {
			defer func() {
				if r := recover(); r != "BUG: here" {
					t.Errorf("recovered %v", r)
				}
			}()
			p.Run(100, 1, func(lo, _ int) {
				if lo == 57 {
					panic("BUG: here")
				}
			})
			t.Error("no panic")
		}()
	}
	p.Run(10, 1, func(int, int) {}) // the pool is still usable
}

func TestRunAfterClose(t *testing.T) {
	p := par.New(4)
	p.Close()
	p.Close()
	var n atomic.Int32
	p.Run(100, 1, func(lo, hi int) { n.Add(1) })
	if n.Load() != 100 {
		t.Fatalf("%d chunks", n.Load())
	}
}

func TestCloseDuringRuns(t *testing.T) {
	for range 20 {
		p := par.New(4)
		var callers sync.WaitGroup
		for range 4 {
			callers.Go(func() {
				for range 20 {
					p.Run(16, 1, func(int, int) {})
				}
			})
		}
		p.Close()
		callers.Wait()
	}
}

type count struct{ n atomic.Int64 }

func (c *count) Do(lo, hi int) { c.n.Add(int64(hi - lo)) }

func TestDoAllocatesNothing(t *testing.T) {
	p := newPool(t, 2)
	c := &count{}
	// Below 2, not 0: under the race detector sync.Pool drops one in four.
	if n := testing.AllocsPerRun(200, func() { p.Do(64, 4, c) }); n >= 2 {
		t.Errorf("%g allocations per run", n)
	}
}

// placed notes who works on a chunk, and whether two do so under one number.
type placed struct {
	t     *testing.T
	busy  []atomic.Bool
	items atomic.Int64
}

func (p *placed) Do(int, int) { p.t.Error("Do of a task that wants DoAt") }

func (p *placed) DoAt(worker, lo, hi int) {
	if !p.busy[worker].CompareAndSwap(false, true) {
		p.t.Errorf("two chunks at a time are worker %d's", worker)
	}
	runtime.Gosched()
	p.items.Add(int64(hi - lo))
	p.busy[worker].Store(false)
}

func TestPlaces(t *testing.T) {
	for _, threads := range []int{1, 2, 5} {
		pool := newPool(t, threads)
		for _, n := range []int{0, 1, 7, 500} {
			p := &placed{t: t, busy: make([]atomic.Bool, threads)}
			pool.Do(n, 3, p)
			if got := p.items.Load(); got != int64(n) {
				t.Errorf("%d threads did %d of %d items", threads, got, n)
			}
		}
	}
}

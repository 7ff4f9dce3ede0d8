package par

import (
	"runtime"
	"sync/atomic"
)

// Ordered is embedded in a task whose chunks wait for chunks with smaller indices
// of the same range. Those have been taken before and are being worked on, so the
// wait ends; chunks with larger indices need not ever begin before this one ends.
type Ordered struct{ failed atomic.Bool }

// patientLoads is how often Await looks before it lets others run, about a
// microsecond: who is waited for may have no processor, or no core.
const patientLoads = 1 << 10

// Await waits until done is want or more. Chunks add to done when they have
// finished what others wait for. If a chunk panics, so does the wait for it.
func (o *Ordered) Await(done *atomic.Int64, want int64) {
	for i := 1; done.Load() < want; i++ {
		if i%patientLoads != 0 {
			continue
		}
		if o.failed.Load() {
			panic("par: a chunk that was waited for has panicked")
		}
		giveWay()
		runtime.Gosched()
	}
}

// fail tells those who wait that a chunk has panicked, and that all is over.
func (o *Ordered) fail(failed bool) { o.failed.Store(failed) }

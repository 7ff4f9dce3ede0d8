package cpu

import (
	"fmt"
	"math/bits"
	"sync"
	"unsafe"
)

// Scratch memory is lent to tasks and kept, so that a steady run allocates nothing.
// Tasks last microseconds: small buffers come from pools that have a part for each
// processor, since threads that asked one list for them would spend longer waiting
// for each other than working. Such pools lose what two collections find unused;
// large buffers stay in a list of the context.

const (
	leastScratch = 64      // floats
	mostPooled   = 1 << 18 // floats: 1 MiB
)

// pools hold buffers of 2ⁱ floats, as pointers to the first.
var pools [19]sync.Pool

// take lends n floats with undefined contents until they are put back.
func (c *Ctx) take(n int) []float32 {
	if n > mostPooled {
		return c.large.take(n)
	}
	i := bits.Len(uint(max(n, leastScratch) - 1))
	if first, _ := pools[i].Get().(*float32); first != nil {
		return unsafe.Slice(first, 1<<i)[:n]
	}
	return make([]float32, 1<<i)[:n]
}

// put takes back what take has lent.
func (c *Ctx) put(s []float32) {
	size := cap(s)
	if size > mostPooled {
		c.large.put(s)
		return
	}
	if size < leastScratch || size&(size-1) != 0 {
		panic(fmt.Sprintf("BUG: %d floats were not taken as such", size))
	}
	pools[bits.TrailingZeros(uint(size))].Put(unsafe.SliceData(s))
}

// large is a list of buffers.
type large struct {
	mu   sync.Mutex
	free [][]float32
}

func (l *large) take(n int) []float32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, s := range l.free {
		if cap(s) >= n {
			last := len(l.free) - 1
			l.free[i], l.free = l.free[last], l.free[:last]
			return s[:n]
		}
	}
	return make([]float32, n)
}

func (l *large) put(s []float32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free = append(l.free, s)
}

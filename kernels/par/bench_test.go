package par_test

import (
	"fmt"
	"testing"

	"github.com/parallax-go/parallax/kernels/par"
)

// sums is a task that keeps a core busy for about n nanoseconds per index.
type sums struct {
	n   int
	out [64][16]uint64 // a line for each index
}

func (s *sums) Do(lo, hi int) {
	for i := lo; i < hi; i++ {
		x := uint64(i) | 1
		for range s.n / 2 {
			x ^= x << 13
			x ^= x >> 7
		}
		s.out[i%64][0] = x
	}
}

// BenchmarkForkJoin is what it costs to share work of a given length among two
// threads that are awake: the time beyond half of what the caller alone takes.
func BenchmarkForkJoin(b *testing.B) {
	for _, chunks := range []int{2, 8, 32} {
		for _, ns := range []int{0, 250, 2000} {
			s := &sums{n: ns}
			for _, pool := range []*par.Pool{nil, par.New(2)} {
				b.Run(fmt.Sprintf("chunks=%d/ns=%d/threads=%d", chunks, ns, pool.Threads()), func(b *testing.B) {
					pool.Enter()
					defer pool.Leave()
					for b.Loop() {
						pool.Do(chunks, 1, s)
					}
				})
				pool.Close()
			}
		}
	}
}

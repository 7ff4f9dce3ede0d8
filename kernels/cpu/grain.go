package cpu

import "github.com/parallax-go/parallax/kernels/par"

// What work costs, in nanoseconds on one core with the data in its second-level
// cache: rounded measurements on a server with AVX-512 at about 3 GHz. They only
// choose how a range is cut, which changes no result, so that factors of two
// matter little.
const (
	costMove      = 0.1  // an f32 read and one written
	costAdd       = 0.12 // two read and one written; so are products
	costStep      = 0.05 // a sum or product in a chain, in registers or the first-level cache
	costDivide    = 0.2  // quotients and roots
	costExp       = 0.25
	costSigmoid   = 0.25
	costErf       = 0.6 // tanh and the forms of GELU, too
	costSine      = 0.3 // cosine, too
	costArc       = 0.35
	costLog       = 0.5
	costPow       = 1.75 // the general power
	costSum       = 0.05
	costSoftmax   = 0.4
	costNormalise = 0.25
	costRotate    = 0.2
	costTranspose = 0.2
	costScalar    = 1    // an element by plain Go
	costMath      = 10   // by a function of package math
	costPack      = 0.5  // an element of a weight, into its panel
	costNarrow    = 0.15 // beside the rest, an element of 16 bits
	costByte      = 0.03 // moved in a long run
	costRun       = 6    // to begin a run: offsets, and a call
)

const (
	// chunkTime is how long a chunk lasts, or the range is not cut: handing one
	// over costs about 1 µs while workers look for work.
	chunkTime = 4000
	// aligned keeps chunks from sharing cache lines.
	aligned = 64
)

// cut returns the grain for n items of a cost: chunks of equal size, each of at
// least about chunkTime, in a multiple of the threads while there are few. Kernels
// whose results would depend on it must not use it.
func (c *Ctx) cut(n int, cost float64) int { return cut(c.Pool, n, cost) }

func cut(pool *par.Pool, n int, cost float64) int { return cutAmong(pool.Threads(), n, cost) }

func cutAmong(threads, n int, cost float64) int {
	chunks := min(int(float64(n)*cost/chunkTime+0.5), n)
	if chunks < 2 {
		return max(n, 1)
	}
	if chunks < 8*threads {
		chunks = max(chunks/threads, 1) * threads
	}
	return ceilDiv(n, chunks)
}

// cutFlat is cut for elements that lie one after the other.
func (c *Ctx) cutFlat(n int, cost float64) int { return ceilDiv(c.cut(n, cost), aligned) * aligned }

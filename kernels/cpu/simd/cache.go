package simd

// Nearest is the first-level cache of data.
var Nearest = nearest()

// FetchFrom is from how many rows on it pays that a lone tile fetches what comes next
// of a weight: with fewer, memory is all that is waited for, and processors of AMD do
// better by themselves. On Zen 4, one to four rows read 23 to 29 GB/s so, and 18 to 21
// with any fetching more than 4 KB ahead; five 25 and 23; six 23 and 27; with AVX2, half
// as many. Intel's of 2023 read 9 to 12, and 12 to 13 with fetching.
func (k *Kernels) FetchFrom() int {
	if OnAMD {
		return 3 * k.Lanes / 8
	}
	return 1
}

// OnAMD tells whether the processor is one of AMD's.
var OnAMD = isAMD()

// Cache is a cache of the processor.
type Cache struct {
	Bytes int
	Ways  int // lines that a set holds
}

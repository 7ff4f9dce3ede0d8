package fuserope

import (
	"hash/maphash"
	"math"

	"github.com/parallax-go/parallax/ir/tensor"
)

// columns compares the columns of constants, once for all rotations of a graph.
type columns struct {
	known map[columnsKey][]column
	seed  maphash.Seed
}

type columnsKey struct {
	t *tensor.Tensor
	n int
}

// column says which column one is, up to its sign: the first with that content.
type column struct {
	index int
	sign  lane
	unit  bool // its only entry is 1 or −1
}

func newColumns() *columns {
	return &columns{known: map[columnsKey][]column{}, seed: maphash.MakeSeed()}
}

// of compares the columns of t as a matrix with n of them.
func (c *columns) of(t *tensor.Tensor, n int) []column {
	key := columnsKey{t, n}
	if got, ok := c.known[key]; ok {
		return got
	}
	out := make([]column, n)
	first := map[uint64][]int{} // columns by hash
	for i := range out {
		out[i] = column{index: i, sign: sign(t, i, n)}
		if t.Len() == n && math.Abs(t.FloatAt(i)) == 1 {
			out[i].unit = true
			continue
		}
		hash := c.hash(t, i, n, out[i].sign)
		for _, j := range first[hash] {
			if sameColumn(t, n, i, j, out[i].sign*out[j].sign) {
				out[i].index = j
			}
		}
		if out[i].index == i {
			first[hash] = append(first[hash], i)
		}
	}
	c.known[key] = out
	return out
}

// sign is that of a column's first entry that is not 0.
func sign(t *tensor.Tensor, i, n int) lane {
	for ; i < t.Len(); i += n {
		if x := t.FloatAt(i); x != 0 {
			if x < 0 {
				return -1
			}
			return 1
		}
	}
	return 1
}

func (c *columns) hash(t *tensor.Tensor, i, n int, sign lane) uint64 {
	var h maphash.Hash
	h.SetSeed(c.seed)
	for ; i < t.Len(); i += n {
		// Adding 0 makes −0 the same as 0.
		bits := math.Float64bits(float64(sign)*t.FloatAt(i) + 0)
		for shift := 0; shift < 64; shift += 8 {
			h.WriteByte(byte(bits >> shift))
		}
	}
	return h.Sum64()
}

func sameColumn(t *tensor.Tensor, n, i, j int, sign lane) bool {
	for ; i < t.Len(); i, j = i+n, j+n {
		if t.FloatAt(i) != float64(sign)*t.FloatAt(j) {
			return false
		}
	}
	return true
}

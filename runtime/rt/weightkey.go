package rt

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
)

// weightKey identifies a weight by layout, type, shape and contents. Weights are
// told apart by hashes of the contents under two seeds, which nobody can know
// beforehand: 128 bits, as reliable as a cryptographic sum of that size for data
// that was not made to collide, and read at the speed of memory.
type weightKey struct {
	layout, form string
	size         int
	sums         [2]uint64
}

var weightSeeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

// hashed is how many bytes are hashed at a time: few enough to be in a core's
// cache for the second seed.
const hashed = 128 << 10

func keyOf(pool *par.Pool, p Packing) weightKey {
	data := p.Source.Bytes()
	if p.Source.DType == tensor.String {
		data = joined(p.Source.Strings())
	}
	blocks := (len(data) + hashed - 1) / hashed
	sums := make([]byte, 2*8*blocks)
	pool.Run(blocks, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			block := data[i*hashed : min((i+1)*hashed, len(data))]
			for k, seed := range weightSeeds {
				binary.LittleEndian.PutUint64(sums[8*(k*blocks+i):], maphash.Bytes(seed, block))
			}
		}
	})
	key := weightKey{layout: p.Layout, form: p.Source.String(), size: len(data)}
	for k, seed := range weightSeeds {
		key.sums[k] = maphash.Bytes(seed, sums[8*k*blocks:8*(k+1)*blocks])
	}
	return key
}

// joined writes strings so that no two lists are alike.
func joined(list []string) []byte {
	var data []byte
	for _, s := range list {
		data = binary.AppendUvarint(data, uint64(len(s)))
		data = append(data, s...)
	}
	return data
}

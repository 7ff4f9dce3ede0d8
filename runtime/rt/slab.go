package rt

import (
	"os"
	"sync/atomic"
	"unsafe"

	"github.com/parallax-go/parallax/ir/tensor"
)

// slab is mapped memory that packed weights lie in, one behind the other. In
// mappings of their own most weights would not fill a large page, and the system
// takes twice as long to provide as many small ones.
type slab struct {
	memory []byte
	users  atomic.Int64 // weights, and the room that fills it
}

// slabSize is how much a slab has, unless one weight needs more. Only what is
// written to takes memory.
const slabSize = 256 << 20

// leave ends one use of s, that of part: its pages go back to the system.
func (s *slab) leave(part []byte) {
	if s.users.Add(-1) == 0 {
		freeMemory(s.memory)
		return
	}
	page := os.Getpagesize()
	at := int(uintptr(unsafe.Pointer(unsafe.SliceData(part))) - uintptr(unsafe.Pointer(unsafe.SliceData(s.memory))))
	if first, last := (at+page-1)/page*page, (at+len(part))/page*page; first < last {
		adviseUnused(s.memory[first:last])
	}
}

// room is where one Acquire puts the weights that it packs.
type room struct {
	slab *slab // nil: none yet, or the system has no such memory
	at   int
	left int // bound of what is still to come
}

func newRoom(packings []Packing) *room {
	r := &room{}
	for _, p := range packings {
		r.left += bound(p)
	}
	return r
}

// bound is more than a packed weight takes: a layout may pad panels to whole tiles,
// or widen 16-bit floats. What is too much stays untouched.
func bound(p Packing) int { return 2*len(p.Source.Bytes()) + 1<<16 }

// tensor returns what to pack p into.
func (r *room) tensor(p Packing) *tensor.Tensor {
	need := bound(p)
	if r.slab == nil || len(r.slab.memory)-r.at < need {
		r.next(max(need, min(r.left, slabSize)))
	}
	r.left -= need
	if r.slab == nil {
		return &tensor.Tensor{}
	}
	return tensor.WithBuffer(r.slab.memory[r.at:][:need:need])
}

// next begins a slab.
func (r *room) next(size int) {
	r.close()
	memory := mapMemory(size)
	if memory == nil {
		return
	}
	if size >= 4<<20 {
		adviseLarge(memory)
	}
	r.slab, r.at = &slab{memory: memory}, 0
	r.slab.users.Add(1)
}

// keep takes what t takes out of the room, and returns where it lies; nil: it had
// to grow, on the heap.
func (r *room) keep(t *tensor.Tensor) *slab {
	data := t.Bytes()
	if r.slab == nil || len(data) == 0 || &data[0] != &r.slab.memory[r.at] {
		return nil
	}
	r.at += aligned(len(data))
	r.slab.users.Add(1)
	return r.slab
}

// close leaves the slab to its weights.
func (r *room) close() {
	if r.slab != nil {
		r.slab.leave(r.slab.memory[r.at:])
	}
	r.slab = nil
}

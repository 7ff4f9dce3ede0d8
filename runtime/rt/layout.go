package rt

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir/tensor"
)

// layout says where the arena slots of a spec lie, for sizes up to a capacity.
type layout struct {
	capacity []int64 // bytes, by slot; 0 for those not in the arena
	offset   []int64
	total    int64
}

// align is the boundary on which slots begin: a cache line, and the widest
// vector register.
const align = 64

// fit makes sure that the arena has room for every slot at the present numbers.
// A layout serves all smaller sizes; one that is too small is replaced by that
// for the numbers rounded up.
func (f *Frame) fit() error {
	need, err := f.sizes(f.numbers)
	if err != nil {
		return err
	}
	if err := f.affordOutputs(); err != nil {
		return err
	}
	if f.layout != nil && serves(f.layout, need) {
		return nil
	}
	l := f.model.layoutFor(f.spec, need)
	if l == nil {
		if l, err = f.plan(need); err != nil {
			return err
		}
		f.model.keepLayout(f.spec, l)
	}
	return f.place(l)
}

func serves(l *layout, need []int64) bool {
	for i, n := range need {
		if n > l.capacity[i] {
			return false
		}
	}
	return true
}

// sizes computes the bytes of every arena slot into a buffer of the frame.
func (f *Frame) sizes(numbers []int64) ([]int64, error) {
	if f.need == nil {
		f.need = make([]int64, len(f.spec.Slots))
	}
	for i := range f.spec.Slots {
		s := &f.spec.Slots[i]
		if s.Kind != Arena {
			continue
		}
		if f.need[i] = 0; f.stateful && s.Stateless {
			continue
		}
		n, ok := f.bytes(s, numbers)
		if !ok {
			return nil, fmt.Errorf("%w: a value would have shape %s", ErrTooLarge, tensor.ShapeString(f.shape))
		}
		f.need[i] = n
	}
	return f.need, nil
}

// affordOutputs checks the sizes of what the kernels will allocate themselves, as
// far as they are known.
func (f *Frame) affordOutputs() error {
	sum := int64(0)
	for i := range f.spec.Slots {
		s := &f.spec.Slots[i]
		if s.Kind != Output && s.Kind != Kept || s.Shape == nil {
			continue
		}
		n, ok := f.bytes(s, f.numbers)
		if !ok || n > math.MaxInt64-sum {
			return fmt.Errorf("%w: an output would have shape %s", ErrTooLarge, tensor.ShapeString(f.shape))
		}
		sum += n
	}
	return f.model.afford(sum)
}

// bytes is the size of a slot. Negative extents count as 0: the kernel will say
// what is wrong.
func (f *Frame) bytes(s *Slot, numbers []int64) (int64, bool) {
	f.shape = f.shape[:0]
	for _, d := range s.Shape {
		f.shape = append(f.shape, int(max(f.size(d, numbers), 0)))
	}
	n, ok := tensor.Elements(f.shape)
	return int64(s.DType.Bytes(n)), ok
}

// plan lays out with room to grow: for the numbers rounded up, or, where their
// formulas have no value then, for sizes an eighth larger. If that is beyond the
// limit, it lays out for the very sizes needed.
func (f *Frame) plan(need []int64) (*layout, error) {
	exact := slices.Clone(need)
	copy(f.scratch, f.numbers)
	for i := range f.scratch {
		f.scratch[i] = roundUp(f.scratch[i])
	}
	err := evaluate(f.spec.Cuts[0].Derive, f.scratch)
	rounded := need
	if err == nil {
		rounded, err = f.sizes(f.scratch)
	}
	room := slices.Clone(rounded)
	for i, n := range exact {
		if err != nil {
			room[i] = n + n/8
		}
		room[i] = max(room[i], n)
	}
	if l := arrange(f.spec, room); f.model.afford(l.total) == nil {
		return l, nil
	}
	l := arrange(f.spec, exact)
	return l, f.model.afford(l.total)
}

// block is free memory between slots.
type block struct{ at, size int64 }

// arrange assigns offsets in the order of the steps: each slot gets the smallest
// free block that it fits in, and gives it back after its last step.
func arrange(spec *Spec, sizes []int64) *layout {
	l := &layout{capacity: sizes, offset: make([]int64, len(sizes))}
	var order []int
	for i := range spec.Slots {
		if spec.Slots[i].Kind == Arena {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(spec.Slots[a].First, spec.Slots[b].First) })
	ending := slices.Clone(order)
	slices.SortStableFunc(ending, func(a, b int) int { return cmp.Compare(spec.Slots[a].Last, spec.Slots[b].Last) })
	var free []block
	for _, i := range order {
		for len(ending) > 0 && spec.Slots[ending[0]].Last < spec.Slots[i].First {
			done := ending[0]
			ending = ending[1:]
			free = giveBack(free, block{l.offset[done], padded(sizes[done])})
		}
		free, l.offset[i] = l.take(free, padded(sizes[i]))
	}
	return l
}

func padded(n int64) int64 { return (n + align - 1) / align * align }

// take finds room for size bytes.
func (l *layout) take(free []block, size int64) ([]block, int64) {
	best := -1
	for i, b := range free {
		if b.size >= size && (best < 0 || b.size < free[best].size) {
			best = i
		}
	}
	if best >= 0 {
		at := free[best].at
		free[best].at += size
		free[best].size -= size
		if free[best].size == 0 {
			free = slices.Delete(free, best, best+1)
		}
		return free, at
	}
	if n := len(free); n > 0 && free[n-1].at+free[n-1].size == l.total { // grow the last block
		at := free[n-1].at
		l.total = at + size
		return free[:n-1], at
	}
	at := l.total
	if l.total > math.MaxInt64-size {
		l.total = math.MaxInt64
		return free, at
	}
	l.total += size
	return free, at
}

// giveBack inserts b into the blocks, sorted by place, and joins neighbours.
func giveBack(free []block, b block) []block {
	if b.size == 0 {
		return free
	}
	i, _ := slices.BinarySearchFunc(free, b, func(x, y block) int { return cmp.Compare(x.at, y.at) })
	free = slices.Insert(free, i, b)
	if i+1 < len(free) && free[i].at+free[i].size == free[i+1].at {
		free[i].size += free[i+1].size
		free = slices.Delete(free, i+1, i+2)
	}
	if i > 0 && free[i-1].at+free[i-1].size == free[i].at {
		free[i-1].size += free[i].size
		free = slices.Delete(free, i, i+1)
	}
	return free
}

// place points the arena slots at their memory.
func (f *Frame) place(l *layout) error {
	f.layout = l
	if more := l.total - int64(len(f.arena)); more > 0 {
		if !f.budget.Take(int(more)) {
			return &LimitError{Need: more, Limit: f.model.options.MemoryLimit}
		}
		f.arena = tensor.Buffer(int(l.total))
	}
	for i := range f.spec.Slots {
		if f.spec.Slots[i].Kind == Arena {
			at, size := l.offset[i], l.capacity[i]
			*f.slots[i] = *tensor.WithBuffer(f.arena[at : at+size : at+size])
		}
	}
	return nil
}

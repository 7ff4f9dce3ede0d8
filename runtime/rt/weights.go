package rt

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
)

// WeightStore owns packed weights. Models that hold the same weight in the same
// layout share it; it is freed when the last of them lets go. The memory is
// outside the Go heap where the system has it, so that the collector neither
// scans nor paces by it.
type WeightStore struct {
	mu      sync.Mutex
	weights map[weightKey]*weight
}

type weight struct {
	key    weightKey
	once   sync.Once
	tensor *tensor.Tensor
	memory *slab // nil: on the heap
	err    error
	size   atomic.Int64
	users  int
}

// Weights is the store that the process shares.
var Weights = sync.OnceValue(func() *WeightStore { return &WeightStore{} })

// Packing asks for a weight in a layout: Pack fills packed from the source.
type Packing struct {
	Layout string
	Source *tensor.Tensor
	Pack   func(pool *par.Pool, packed, source *tensor.Tensor) error
}

// Lease is a set of packed weights in use.
type Lease struct {
	Tensors []*tensor.Tensor // in the order of the packings
	store   *WeightStore
	weights []*weight
}

// Acquire packs what is not packed yet, and returns all. One weight after the
// other is read and packed, by all threads, and packed told of its source, so that
// few pages of the sources are in memory at a time; it may be nil. Acquire fails
// as a whole, and holds nothing then.
func (s *WeightStore) Acquire(pool *par.Pool, packings []Packing, packed func(source *tensor.Tensor)) (*Lease, error) {
	l := &Lease{Tensors: make([]*tensor.Tensor, len(packings)), store: s, weights: make([]*weight, len(packings))}
	room := newRoom(packings)
	defer room.close()
	for i, p := range packings {
		w := s.enter(keyOf(pool, p))
		l.weights[i] = w
		w.once.Do(func() { w.pack(pool, p, room) })
		if w.err != nil {
			l.Release()
			return nil, fmt.Errorf("packing %s as %s: %w", p.Source, p.Layout, w.err)
		}
		l.Tensors[i] = w.tensor
		if packed != nil {
			packed(p.Source)
		}
	}
	return l, nil
}

// Release gives the weights back. The tensors must not be used any more.
func (l *Lease) Release() {
	for _, w := range l.weights {
		if w != nil {
			l.store.leave(w)
		}
	}
	l.weights, l.Tensors = nil, nil
}

func (s *WeightStore) enter(key weightKey) *weight {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.weights == nil {
		s.weights = map[weightKey]*weight{}
	}
	w := s.weights[key]
	if w == nil {
		w = &weight{key: key}
		s.weights[key] = w
	}
	w.users++
	return w
}

func (s *WeightStore) leave(w *weight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.users--; w.users > 0 {
		return
	}
	delete(s.weights, w.key)
	if w.memory != nil {
		w.memory.leave(w.tensor.Bytes())
	}
	w.tensor, w.memory = nil, nil
}

func (w *weight) pack(pool *par.Pool, p Packing, room *room) {
	w.tensor = room.tensor(p)
	if w.err = p.Pack(pool, w.tensor, p.Source); w.err != nil {
		return
	}
	w.memory = room.keep(w.tensor)
	w.size.Store(int64(len(w.tensor.Bytes())))
}

// Bytes is the size of all packed weights.
func (s *WeightStore) Bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := int64(0)
	for _, w := range s.weights {
		sum += w.size.Load()
	}
	return sum
}

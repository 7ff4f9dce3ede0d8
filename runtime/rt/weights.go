package rt

import (
	"fmt"
	"slices"
	"sync"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
)

// WeightStore owns packed weights. Models that hold the same weight in the same
// layout share it; it is freed when the last of them lets go. The memory is
// outside the Go heap where the system has it, so that the collector neither
// scans nor paces by it.
//
// What is the same is seen by comparing packed weights, as bits: of weights that differ,
// the first elements mostly do, so that nothing has to be read for it beforehand.
type WeightStore struct {
	mu      sync.Mutex
	weights map[weightKind][]*weight
}

// weightKind is what weights that may be the same have in common.
type weightKind struct{ layout, form string }

type weight struct {
	kind   weightKind
	tensor *tensor.Tensor
	memory *slab // nil: on the heap
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
		w, err := s.pack(pool, p, room)
		if err != nil {
			l.Release()
			return nil, fmt.Errorf("packing %s as %s: %w", p.Source, p.Layout, err)
		}
		l.weights[i], l.Tensors[i] = w, w.tensor
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

// pack makes a weight in the room, and returns that or, of those in the store, the one
// that is the same: then the next takes its place.
func (s *WeightStore) pack(pool *par.Pool, p Packing, room *room) (*weight, error) {
	t := room.tensor(p)
	if err := p.Pack(pool, t, p.Source); err != nil {
		return nil, err
	}
	kind := weightKind{p.Layout, p.Source.String()}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.weights[kind] {
		if w.tensor.Equal(t) {
			w.users++
			return w, nil
		}
	}
	w := &weight{kind: kind, tensor: t, memory: room.keep(t), users: 1}
	if s.weights == nil {
		s.weights = map[weightKind][]*weight{}
	}
	s.weights[kind] = append(s.weights[kind], w)
	return w, nil
}

func (s *WeightStore) leave(w *weight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.users--; w.users > 0 {
		return
	}
	same := s.weights[w.kind]
	if same = slices.DeleteFunc(same, func(x *weight) bool { return x == w }); len(same) > 0 {
		s.weights[w.kind] = same
	} else {
		delete(s.weights, w.kind)
	}
	if w.memory != nil {
		w.memory.leave(w.tensor.Bytes())
	}
	w.tensor, w.memory = nil, nil
}

// Bytes is the size of all packed weights.
func (s *WeightStore) Bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := int64(0)
	for _, same := range s.weights {
		for _, w := range same {
			sum += int64(len(w.tensor.Bytes()))
		}
	}
	return sum
}

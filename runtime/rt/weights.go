package rt

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
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

type weightKey [sha256.Size]byte

type weight struct {
	key    weightKey
	once   sync.Once
	tensor *tensor.Tensor
	memory []byte // mapped; nil: on the heap
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

// Acquire packs what is not packed yet, in parallel, and returns all. It fails
// as a whole, and holds nothing then.
func (s *WeightStore) Acquire(pool *par.Pool, packings []Packing) (*Lease, error) {
	l := &Lease{Tensors: make([]*tensor.Tensor, len(packings)), store: s, weights: make([]*weight, len(packings))}
	digests := map[*tensor.Tensor]func() weightKey{} // parts of a weight share it
	for _, p := range packings {
		if digests[p.Source] == nil {
			digests[p.Source] = sync.OnceValue(func() weightKey { return digestOf(p.Source) })
		}
	}
	errs := make([]error, len(packings))
	pool.Run(len(packings), 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			l.weights[i] = s.enter(keyOf(packings[i].Layout, digests[packings[i].Source]()))
			l.Tensors[i], errs[i] = l.weights[i].pack(pool, packings[i])
		}
	})
	if err := errors.Join(errs...); err != nil {
		l.Release()
		return nil, err
	}
	return l, nil
}

// Release gives the weights back. The tensors must not be used any more.
func (l *Lease) Release() {
	for _, w := range l.weights {
		l.store.leave(w)
	}
	l.weights, l.Tensors = nil, nil
}

// keyOf identifies a weight by layout and digest.
func keyOf(layout string, digest weightKey) weightKey {
	return sha256.Sum256(append([]byte(layout), digest[:]...))
}

// digestOf is of type, shape and contents.
func digestOf(source *tensor.Tensor) weightKey {
	h := sha256.New()
	fmt.Fprint(h, source)
	for _, s := range source.Strings() {
		binary.Write(h, binary.LittleEndian, uint64(len(s)))
		h.Write([]byte(s))
	}
	h.Write(source.Bytes())
	return weightKey(h.Sum(nil))
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
	freeMemory(w.memory)
	w.tensor, w.memory = nil, nil
}

// pack packs w unless another user has.
func (w *weight) pack(pool *par.Pool, p Packing) (*tensor.Tensor, error) {
	w.once.Do(func() {
		// Room for panels padded to whole tiles; pages never touched cost nothing.
		w.memory = mapMemory(2*len(p.Source.Bytes()) + 1<<16)
		w.tensor = &tensor.Tensor{}
		if w.memory != nil {
			w.tensor = tensor.WithBuffer(w.memory)
		}
		w.err = p.Pack(pool, w.tensor, p.Source)
		w.size.Store(int64(len(w.tensor.Bytes())))
	})
	if w.err != nil {
		return nil, fmt.Errorf("packing %s as %s: %w", p.Source, p.Layout, w.err)
	}
	return w.tensor, nil
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

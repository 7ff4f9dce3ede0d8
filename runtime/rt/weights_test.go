package rt

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
)

func TestWeightsAreSharedAndFreed(t *testing.T) {
	store := &WeightStore{}
	pool := par.New(2)
	defer pool.Close()
	packed := atomic.Int32{}
	pack := func(_ *par.Pool, out, in *tensor.Tensor) error {
		packed.Add(1)
		return double(out, in)
	}
	packings := []Packing{{"double", ramp(4, 4), pack}, {"double", ramp(16), pack}, {"double", ramp(4, 4), pack}, {"other", ramp(4, 4), pack}}
	leases := make([]*Lease, 4)
	var wg sync.WaitGroup
	for i := range leases {
		wg.Go(func() {
			var err error
			if leases[i], err = store.Acquire(pool, packings, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := packed.Load(); n != 3 {
		t.Errorf("packed %d times, want 3: the same contents in another shape or layout are another weight", n)
	}
	if leases[0].Tensors[0] != leases[3].Tensors[2] || leases[0].Tensors[0] == leases[0].Tensors[1] {
		t.Error("equal weights are not shared, or different ones are")
	}
	if got := leases[1].Tensors[0].FloatAt(5); got != 10 {
		t.Errorf("element 5 is %v, want 10", got)
	}
	for _, l := range leases[1:] {
		l.Release()
	}
	if got := leases[0].Tensors[0].FloatAt(5); got != 10 || store.Bytes() != 3*64 {
		t.Errorf("element 5 is %v, %d bytes are held, while one user is left", got, store.Bytes())
	}
	leases[0].Release()
	if store.Bytes() != 0 || len(store.weights) != 0 {
		t.Errorf("%d bytes are held when nobody is left", store.Bytes())
	}
}

func TestPackingFails(t *testing.T) {
	store := &WeightStore{}
	no := errors.New("no")
	_, err := store.Acquire(nil, []Packing{
		{"double", ramp(4), func(_ *par.Pool, out, in *tensor.Tensor) error { return double(out, in) }},
		{"bad", ramp(4), func(*par.Pool, *tensor.Tensor, *tensor.Tensor) error { return no }},
	}, nil)
	if !errors.Is(err, no) {
		t.Errorf("got error %v", err)
	}
	if len(store.weights) != 0 {
		t.Error("a failed Acquire holds weights")
	}
}

// TestKeys: weights are told apart by every element, wherever it lies, and by
// what says how to read them; not by who hashes them.
func TestKeys(t *testing.T) {
	pool := par.New(3)
	defer pool.Close()
	n := hashed/4*2 + 5
	seen := map[weightKey]string{}
	add := func(what string, p Packing) {
		key := keyOf(nil, p)
		if key != keyOf(pool, p) {
			t.Errorf("%s: the key depends on the threads", what)
		}
		if other, ok := seen[key]; ok {
			t.Errorf("%s has the key of %s", what, other)
		}
		seen[key] = what
	}
	add("ramp", Packing{Layout: "a", Source: ramp(n)})
	add("other layout", Packing{Layout: "b", Source: ramp(n)})
	add("other shape", Packing{Layout: "a", Source: ramp(n, 1)})
	add("shorter", Packing{Layout: "a", Source: ramp(n - 1)})
	add("empty", Packing{Layout: "a", Source: ramp(0)})
	for _, i := range []int{0, 1, hashed/4 - 1, hashed / 4, n - 1} {
		w := ramp(n)
		tensor.Data[float32](w)[i]++
		add(fmt.Sprintf("element %d", i), Packing{Layout: "a", Source: w})
	}
	halves := ramp(n) // the same blocks in another order
	data := halves.Bytes()
	first := slices.Clone(data[:hashed])
	copy(data, data[hashed:2*hashed])
	copy(data[hashed:], first)
	add("blocks swapped", Packing{Layout: "a", Source: halves})
	add("strings", Packing{Source: tensor.OfStrings([]int{2}, []string{"ab", "c"})})
	add("strings cut elsewhere", Packing{Source: tensor.OfStrings([]int{2}, []string{"a", "bc"})})
}

// TestSourcesAreLetGo: each source is told of before the next is read.
func TestSourcesAreLetGo(t *testing.T) {
	var events []string
	packing := func(name string, n int) Packing {
		return Packing{name, ramp(n), func(_ *par.Pool, out, in *tensor.Tensor) error {
			events = append(events, "pack "+name)
			return double(out, in)
		}}
	}
	list := []Packing{packing("a", 4), packing("b", 5)}
	l, err := (&WeightStore{}).Acquire(nil, list, func(source *tensor.Tensor) {
		events = append(events, fmt.Sprintf("done %d", source.Len()))
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	if diff := cmp.Diff([]string{"pack a", "done 4", "pack b", "done 5"}, events); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
}

// TestSlabs: weights of one model lie together, and each keeps its contents when
// the others have gone.
func TestSlabs(t *testing.T) {
	store := &WeightStore{}
	pack := func(_ *par.Pool, out, in *tensor.Tensor) error { return double(out, in) }
	grow := func(_ *par.Pool, out, in *tensor.Tensor) error { // more than anybody expects
		out.Reset(tensor.Float32, 3*in.Len()+1<<16)
		return nil
	}
	large := Packing{"double", ramp(1 << 16), pack}
	one, err := store.Acquire(nil, []Packing{{"double", ramp(1 << 15), pack}, large, {"grow", ramp(1 << 10), grow}, {"double", ramp(7), pack}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	two, err := store.Acquire(nil, []Packing{large}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if canMap := mapMemory(1); canMap != nil {
		freeMemory(canMap)
		if s := one.weights[0].memory; s == nil || s != one.weights[1].memory || s != one.weights[3].memory || s.users.Load() != 3 {
			t.Error("the weights of a model don't share a slab")
		}
		if one.weights[2].memory != nil || one.Tensors[2].Len() < 3<<10 {
			t.Error("what outgrew its room is not on the heap")
		}
	}
	slab := two.weights[0].memory
	one.Release()
	for i, x := range tensor.Data[float32](two.Tensors[0]) {
		if x != float32(2*i) {
			t.Fatalf("element %d of the weight that is left is %v", i, x)
		}
	}
	two.Release()
	if slab != nil && slab.users.Load() != 0 {
		t.Errorf("the slab has %d users when all have gone", slab.users.Load())
	}
	if store.Bytes() != 0 {
		t.Errorf("%d bytes are held", store.Bytes())
	}
}

// TestGather: small constants are copied, once if they are shared; large ones and
// strings stay.
func TestGather(t *testing.T) {
	small, large, text := ramp(5), ramp(gathered), tensor.OfStrings([]int{1}, []string{"x"})
	spec := &Spec{Slots: []Slot{{Kind: Const}, {Kind: Const}, {Kind: Const}, {Kind: Const}, {Kind: Weight}}}
	before := []*tensor.Tensor{small, large, text, small, nil}
	m := NewModel(spec, func(*Spec) []*tensor.Tensor { return slices.Clone(before) }, nil, Options{})
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	after := m.consts[spec]
	if after[0] == small || after[0] != after[3] || !after[0].Equal(ramp(5)) {
		t.Errorf("the small constant became %v and %v", after[0], after[3])
	}
	if after[1] != large || after[2] != text || after[4] != nil {
		t.Error("other slots have changed")
	}
	clear(tensor.Data[float32](small))
	if !after[0].Equal(ramp(5)) {
		t.Error("the copy shares memory with what it is a copy of")
	}
}

package rt

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
)

// packDouble is a layout.
func packDouble(_ *par.Pool, packed, source *tensor.Tensor) error { return double(packed, source) }

func TestWeightsAreSharedAndFreed(t *testing.T) {
	store := &WeightStore{}
	pool := par.New(2)
	defer pool.Close()
	packings := []Packing{{"double", ramp(4, 4), packDouble}, {"double", ramp(16), packDouble}, {"double", ramp(4, 4), packDouble}, {"other", ramp(4, 4), packDouble}}
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
	if n := store.Bytes(); n != 3*64 {
		t.Errorf("%d bytes are held, want three weights: the same contents in another shape or layout are another weight", n)
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
		{"double", ramp(4), packDouble},
		{"bad", ramp(4), func(*par.Pool, *tensor.Tensor, *tensor.Tensor) error { return no }},
	}, nil)
	if !errors.Is(err, no) {
		t.Errorf("got error %v", err)
	}
	if len(store.weights) != 0 {
		t.Error("a failed Acquire holds weights")
	}
}

// TestSame: weights are told apart by every element, wherever it lies, and by layout and
// shape; not by what lay in their memory before.
func TestSame(t *testing.T) {
	store := &WeightStore{}
	const n = 1 << 16
	list := []Packing{{"a", ramp(n), packDouble}, {"b", ramp(n), packDouble}, {"a", ramp(n, 1), packDouble}, {"a", ramp(n - 1), packDouble}, {"a", ramp(0), packDouble}}
	for _, i := range []int{0, 1, n / 2, n - 1} {
		w := ramp(n)
		tensor.Data[float32](w)[i]++
		list = append(list, Packing{"a", w, packDouble})
	}
	differing := len(list)
	list = append(list, list...)
	l, err := store.Acquire(nil, list, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range l.Tensors {
		for j, y := range l.Tensors[:i] {
			if same := i == j+differing; (x == y) != same {
				t.Errorf("weights %d and %d: shared is %t, want %t", j, i, !same, same)
			}
		}
		if want := tensor.Data[float32](list[i].Source); len(want) > 0 {
			if got := tensor.Data[float32](x); got[len(got)-1] != 2*want[len(want)-1] {
				t.Errorf("weight %d is another", i)
			}
		}
	}
	l.Release()
	if store.Bytes() != 0 || len(store.weights) != 0 {
		t.Errorf("%d bytes are held when nobody is left", store.Bytes())
	}
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
	grow := func(_ *par.Pool, out, in *tensor.Tensor) error { // more than anybody expects
		out.Reset(tensor.Float32, 3*in.Len()+1<<16)
		return nil
	}
	large := Packing{"double", ramp(1 << 16), packDouble}
	one, err := store.Acquire(nil, []Packing{{"double", ramp(1 << 15), packDouble}, large, {"grow", ramp(1 << 10), grow}, {"double", ramp(7), packDouble}}, nil)
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

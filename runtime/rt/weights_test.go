package rt

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

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
			if leases[i], err = store.Acquire(pool, packings); err != nil {
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
	})
	if !errors.Is(err, no) {
		t.Errorf("got error %v", err)
	}
	if len(store.weights) != 0 {
		t.Error("a failed Acquire holds weights")
	}
}

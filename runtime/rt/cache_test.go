package rt

import (
	"errors"
	"testing"

	"github.com/parallax-go/parallax/ir/tensor"
)

func affordAll(int64) error { return nil }

// numbered is a cache of n positions whose elements are all different.
func numbered(t *testing.T, batch, heads, n, size int) *cache {
	t.Helper()
	c := &cache{}
	if err := c.fit(tensor.Float32, []int{batch, heads, n, size}, affordAll); err != nil {
		t.Fatal(err)
	}
	src := tensor.New(tensor.Float32, batch, heads, n, size)
	for i := range src.Len() {
		src.SetFloat(i, float64(i+1))
	}
	c.load(src, 0, []int{0, 1, 2, 3}, n)
	return c
}

// held is what a cache holds.
func (c *cache) held(perm ...int) *tensor.Tensor {
	s := c.buffer.Shape
	t := tensor.New(c.buffer.DType, s[0], s[1], c.length, s[3])
	c.store(t, 0, perm)
	return t
}

func TestCacheGrowsGeometrically(t *testing.T) {
	c, moves, capacity := &cache{}, 0, 0
	for n := 1; n <= 5000; n++ {
		if err := c.fit(tensor.Float16, []int{1, 2, n, 4}, affordAll); err != nil {
			t.Fatal(err)
		}
		c.length = c.next
		if got := c.buffer.Shape[2]; got != capacity {
			if got < capacity+capacity/2 {
				t.Errorf("capacity %d after %d", got, capacity)
			}
			moves, capacity = moves+1, got
		}
	}
	if moves > 16 {
		t.Errorf("%d moves up to 5000 positions", moves)
	}
}

// TestCacheWithinLimit: where half as much again is too much, the cache gets what
// it needs, and where that is too much it stays as it was.
func TestCacheWithinLimit(t *testing.T) {
	limit := func(most int64) func(int64) error {
		return func(bytes int64) error {
			if bytes > most {
				return &LimitError{Need: bytes, Limit: most}
			}
			return nil
		}
	}
	c := numbered(t, 1, 1, 20, 1)
	before := c.held(0, 1, 2, 3)
	if err := c.fit(tensor.Float32, []int{1, 1, 40, 1}, limit(4*40)); err != nil || c.buffer.Shape[2] != 40 {
		t.Errorf("error %v, capacity %d, want 40", err, c.buffer.Shape[2])
	}
	if err := c.fit(tensor.Float32, []int{1, 1, 50, 1}, limit(4*49)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v, want too large", err)
	}
	if !c.held(0, 1, 2, 3).Equal(before) {
		t.Error("what it held has changed")
	}
}

// TestCacheMemoryIsKept: a sequence that begins anew in other sizes uses the
// memory of the one before.
func TestCacheMemoryIsKept(t *testing.T) {
	c := numbered(t, 2, 2, 100, 4)
	at := &c.buffer.Bytes()[0]
	c.length = 0
	if err := c.fit(tensor.Float32, []int{1, 2, 30, 4}, affordAll); err != nil {
		t.Fatal(err)
	}
	if &c.buffer.Bytes()[0] != at {
		t.Error("other memory")
	}
}

func TestCacheOrders(t *testing.T) {
	c := numbered(t, 2, 3, 5, 4)
	c.length = 4
	for _, perm := range [][]int{{0, 1, 2, 3}, {0, 2, 1, 3}, {0, 1, 3, 2}, {0, 3, 1, 2}} {
		stored := c.held(perm...)
		back := &cache{}
		if err := back.fit(tensor.Float32, []int{2, 3, 4, 4}, affordAll); err != nil {
			t.Fatal(err)
		}
		back.load(stored, 0, perm, 4)
		if !back.held(0, 1, 2, 3).Equal(c.held(0, 1, 2, 3)) {
			t.Errorf("order %d: not what was stored", perm)
		}
		if perm[3] != 3 && stored.FloatAt(1) == c.held(0, 1, 2, 3).FloatAt(1) {
			t.Errorf("order %d: nothing has moved", perm)
		}
	}
}

func TestCacheReorder(t *testing.T) {
	c := numbered(t, 2, 1, 3, 1)
	clone := c.clone()
	c.reorder([]int{1, 1, 0})
	want := tensor.Of([]int{3, 1, 3, 1}, []float32{4, 5, 6, 4, 5, 6, 1, 2, 3})
	if got := c.held(0, 1, 2, 3); !got.Equal(want) {
		t.Errorf("got %v, want %v", tensor.Data[float32](got), tensor.Data[float32](want))
	}
	if got := clone.held(0, 1, 2, 3); got.FloatAt(0) != 1 || got.FloatAt(5) != 6 {
		t.Errorf("the clone has become %v", tensor.Data[float32](got))
	}
}

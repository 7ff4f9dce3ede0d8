package simd

import "testing"

// TestNearest: what the processor says of its cache is a cache.
func TestNearest(t *testing.T) {
	c := Nearest
	if c.Ways < 2 || c.Ways > 64 || c.Bytes < 8<<10 || c.Bytes > 1<<20 || c.Bytes%(64*c.Ways) != 0 {
		t.Errorf("first-level cache of %d bytes, %d ways", c.Bytes, c.Ways)
	}
	t.Logf("%+v, fetching from %d rows on", c, Active.FetchFrom())
}

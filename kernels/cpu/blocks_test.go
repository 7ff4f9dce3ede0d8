package cpu

import (
	"bytes"
	"testing"
)

// TestMoveBytes moves bytes of each size around the limits from and to wherever they
// may lie in a line, and nothing beside them.
func TestMoveBytes(t *testing.T) {
	const most, gap = 5000, 64
	x, z := make([]byte, most+2*gap), make([]byte, most+2*gap)
	for i := range x {
		x[i] = byte(i*7 + i>>8)
	}
	for _, n := range []int{0, 1, 2, 3, 4, 5, 7, 16, 31, 63, 64, 65, 130, shortBytes - 1, shortBytes, shortBytes + 3, 4096, 4999} {
		for from := range 19 {
			for to := range 19 {
				clear(z)
				moveBytes(z[to:][:n:n], x[from:][:n:n])
				if !bytes.Equal(z[to:][:n], x[from:][:n]) {
					t.Fatalf("%d bytes from %d to %d differ", n, from, to)
				}
				if len(bytes.Trim(z[:to], "\x00")) > 0 || len(bytes.Trim(z[to+n:], "\x00")) > 0 {
					t.Fatalf("%d bytes from %d to %d: more was written", n, from, to)
				}
			}
		}
	}
}

package gosrc

import (
	"github.com/parallax-go/parallax/ir/tensor"
)

// weights lays the constants out in one file, each once, on 64-byte boundaries.
type weights struct {
	data []byte
	at   map[*tensor.Tensor]int
}

func (w *weights) add(t *tensor.Tensor) int {
	if at, seen := w.at[t]; seen {
		return at
	}
	const align = 64
	at := (len(w.data) + align - 1) / align * align
	w.data = append(w.data, make([]byte, at-len(w.data))...)
	w.data = append(w.data, t.Bytes()...)
	w.at[t] = at
	return at
}

// bytes returns the file; it is never empty, since an empty file can't be told
// from a lost one.
func (w *weights) bytes() []byte {
	if len(w.data) == 0 {
		return []byte{0}
	}
	return w.data
}

package rt

import "github.com/parallax-go/parallax/ir/tensor"

// gathered is the size up to which a constant is copied before the first run.
const gathered = 32 << 10

// gather copies small constants together. Where they come from, biases and norms
// lie between weights that nobody reads any more once they are packed, and the
// system maps files in pieces of up to 2 MB: reading one would bring back its
// neighbours.
func (m *Model) gather() {
	copies := map[*tensor.Tensor]*tensor.Tensor{}
	size := 0
	m.eachSmall(func(t **tensor.Tensor) {
		if copies[*t] == nil {
			copies[*t] = *t
			size += aligned(len((*t).Bytes()))
		}
	})
	memory := tensor.Buffer(size)
	m.eachSmall(func(t **tensor.Tensor) {
		from := *t
		if copies[from] == from {
			n := len(from.Bytes())
			copies[from] = tensor.WithBuffer(memory[:n:n])
			copies[from].CopyFrom(from)
			memory = memory[aligned(n):]
		}
		*t = copies[from]
	})
}

// eachSmall calls f for the constants that are small, and used as they are.
func (m *Model) eachSmall(f func(**tensor.Tensor)) {
	for spec, list := range m.consts {
		for i := range spec.Slots {
			if t := list[i]; spec.Slots[i].Kind == Const && t.DType != tensor.String && 0 < len(t.Bytes()) && len(t.Bytes()) <= gathered {
				f(&list[i])
			}
		}
	}
}

// aligned rounds a size up to whole lines of the caches.
func aligned(n int) int { return (n + 63) &^ 63 }

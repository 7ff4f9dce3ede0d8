package rt

import (
	"fmt"
	"unsafe"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/par"
)

// Constant says where the constant of a slot lies in the weights of a generated
// package.
type Constant struct {
	Slot    int
	DType   tensor.DType
	Shape   []int
	Offset  int
	Strings []string // instead, for strings
	// Pack lays the constant out for its kernel, as Layout says; nil: it is used
	// as it lies.
	Pack   func(pool *par.Pool, out, in *tensor.Tensor) error
	Layout string
}

// Constants are those of a generated package, by spec. The first error sticks;
// Model returns it.
type Constants struct {
	weights []byte
	bySpec  map[*Spec][]*tensor.Tensor
	packed  []Weighted
	err     error
}

// NewConstants begins with the embedded weights, which are read only. They are
// copied if they don't lie on the boundary that tensors need.
func NewConstants(weights string) *Constants {
	data := unsafe.Slice(unsafe.StringData(weights), len(weights))
	if uintptr(unsafe.Pointer(unsafe.StringData(weights)))%16 != 0 {
		copied := tensor.Buffer(len(weights))
		copy(copied, data)
		data = copied
	}
	return &Constants{weights: data, bySpec: map[*Spec][]*tensor.Tensor{}}
}

// Add gives s its constants.
func (c *Constants) Add(s *Spec, list []Constant) {
	tensors := make([]*tensor.Tensor, len(s.Slots))
	for _, x := range list {
		t, err := c.tensor(x)
		if err != nil && c.err == nil {
			c.err = fmt.Errorf("program %q: constant of slot %d: %w", s.Name, x.Slot, err)
		}
		if x.Pack != nil {
			c.packed = append(c.packed, Weighted{s, x.Slot, Packing{x.Layout, t, x.Pack}})
			continue
		}
		tensors[x.Slot] = t
	}
	c.bySpec[s] = tensors
}

func (c *Constants) tensor(x Constant) (*tensor.Tensor, error) {
	if x.DType == tensor.String {
		return tensor.OfStrings(x.Shape, x.Strings), nil
	}
	n, _ := tensor.Elements(x.Shape)
	end := x.Offset + x.DType.Bytes(n)
	if end > len(c.weights) {
		return nil, fmt.Errorf("the weights have %d bytes, %d are needed", len(c.weights), end)
	}
	return tensor.FromBytes(x.DType, x.Shape, c.weights[x.Offset:end:end])
}

// Model makes the model of spec and its children.
func (c *Constants) Model(spec *Spec, o Options) (*Model, error) {
	if c.err != nil {
		return nil, c.err
	}
	return NewModel(spec, func(s *Spec) []*tensor.Tensor { return c.bySpec[s] }, c.packed, o), nil
}

package contest

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/bench/engine"
	"github.com/parallax-go/parallax/tests/bench/zoo"
	"github.com/parallax-go/parallax/tests/onnxtest"
)

// Case is what is measured together.
type Case struct {
	Name  string
	Mode  string // of engine; "": Run
	Model zoo.Graph
	// File is the model's instead of Model: a name to find it by.
	File   string
	Inputs map[string]*tensor.Tensor // of File
	Dims   map[string]int64          // sizes of Model's inputs
	Fill   map[string]fill           // elements of Model's inputs; others are normal random numbers, or ones if integers
	// Steps is how many single steps of a decoder follow.
	Steps int
	Pasts map[string]string
	// Contestants beside the engines on the model itself.
	More []Contestant
	// Alone is without peers.
	Alone bool
	// Tolerance of outputs, relative to the largest; 0: the usual one.
	Tolerance float64
	// Fresh is measured in new processes, and not time but memory, with one number
	// of threads alone.
	Fresh bool
	// Slow is left out of quick runs.
	Slow bool
}

// Contestant is an engine, in a variant or on another model of the same inputs.
type Contestant struct {
	Name    string // "": that of the engine
	Engine  string
	Variant string
	Model   *zoo.Graph // nil: the case's
}

// mode is the engine's.
func (c Case) mode() string {
	if c.Mode == "" {
		return engine.Run
	}
	return c.Mode
}

// contestants lists who takes part.
func (c Case) contestants() []Contestant {
	list := []Contestant{{Engine: engine.Name}}
	if !c.Alone {
		for _, peer := range engine.Peers {
			list = append(list, Contestant{Engine: peer})
		}
	}
	list = append(list, c.More...)
	for i := range list {
		if list[i].Name == "" {
			list[i].Name = list[i].Engine
		}
	}
	return list
}

// fill gives element i of an input.
type fill func(r *rand.Rand, i int) float64

// below is a random index of a table of n.
func below(n int) fill { return func(r *rand.Rand, _ int) float64 { return float64(r.IntN(n)) } }

// lengths is a mask of sequences of these lengths, padded to size.
func lengths(size int, list ...int) fill {
	return func(_ *rand.Rand, i int) float64 {
		if i%size < list[i/size] {
			return 1
		}
		return 0
	}
}

// angle makes a table of a rotary embedding of heads of 64: [seq,64].
func angle(f func(float64) float64) fill {
	return func(_ *rand.Rand, i int) float64 {
		return f(float64(i/64) * math.Pow(10000, -float64(i%32)/32))
	}
}

// tensors makes the inputs, and those of the single steps.
func (c Case) tensors() (first, steps map[string]*tensor.Tensor, err error) {
	if c.File != "" {
		return c.Inputs, nil, nil
	}
	first, steps = map[string]*tensor.Tensor{}, map[string]*tensor.Tensor{}
	for _, in := range onnxtest.Values(c.Model.Inputs) {
		shape, err := sizes(in, c.Dims)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		first[in.Name] = c.tensor(in, shape)
		if _, past := c.Pasts[in.Name]; c.Steps > 0 && !past {
			one := map[string]int64{"seq": 1}
			for name, n := range c.Dims {
				if name != "seq" {
					one[name] = n
				}
			}
			if shape, err = sizes(in, one); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", c.Name, err)
			}
			steps[in.Name] = c.tensor(in, append([]int{c.Steps}, shape...))
		}
	}
	return first, steps, nil
}

func sizes(in *wire.ValueInfo, dims map[string]int64) ([]int, error) {
	var shape []int
	for _, d := range in.Type.Tensor.Shape.Dim {
		n := d.Value
		if d.Kind == wire.DimParam {
			size, ok := dims[d.Param]
			if !ok {
				return nil, fmt.Errorf("input %s: nobody says how large %s is", in.Name, d.Param)
			}
			n = size
		}
		shape = append(shape, int(n))
	}
	return shape, nil
}

// random is a source that follows from an input's name.
func random(name string, stream uint64) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(h.Sum64(), stream))
}

func (c Case) tensor(in *wire.ValueInfo, shape []int) *tensor.Tensor {
	r := random(in.Name, 2)
	name, _, _ := strings.Cut(in.Name, ".")
	element := c.Fill[name]
	if in.Type.Tensor.ElemType == wire.Int64 {
		x := tensor.New(tensor.Int64, shape...)
		for i, data := 0, tensor.Data[int64](x); i < len(data); i++ {
			data[i] = 1
			if element != nil {
				data[i] = int64(element(r, i))
			}
		}
		return x
	}
	x := tensor.New(tensor.Float32, shape...)
	for i, data := 0, tensor.Data[float32](x); i < len(data); i++ {
		if element != nil {
			data[i] = float32(element(r, i))
			continue
		}
		data[i] = float32(r.NormFloat64())
	}
	return x
}

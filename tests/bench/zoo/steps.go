package zoo

import (
	"encoding/binary"
	"math"

	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/onnxtest"
)

// Steps says how the weights of products are quantised.
type Steps int

// The ways.
const (
	// Dynamic is to 8 bits with a scale for each column, and what is multiplied to 8 bits
	// when it comes, as ONNX Runtime's quantize_dynamic does.
	Dynamic Steps = iota + 1
	// Blocks is to 4 bits with a scale for each 32 elements of a column, as its quantiser of
	// language models does: MatMulNBits.
	Blocks
	// BlocksInBytes is Blocks in a file that permits what is multiplied to be rounded to 8
	// bits, as those for ONNX Runtime's CPU kernels do: accuracy_level 4.
	BlocksInBytes
)

// inBlocks reports whether weights are.
func (s Steps) inBlocks() bool { return s == Blocks || s == BlocksInBytes }

// blockSize is how many elements of a column have a scale.
const blockSize = 32

// product is y = MatMul(x, w) for a weight w in steps.
func (p *parser) product(s Steps, y, x string, w *wire.Tensor) {
	numbers := make([]float32, len(w.RawData)/4)
	for i := range numbers {
		numbers[i] = math.Float32frombits(binary.LittleEndian.Uint32(w.RawData[4*i:]))
	}
	k, n := int(w.Dims[0]), int(w.Dims[1])
	if s.inBlocks() {
		level := 0
		if s == BlocksInBytes {
			level = 4
		}
		p.blocks(y, x, w.Name, numbers, k, n, level)
		return
	}
	p.dynamic(y, x, w.Name, numbers, k, n)
}

func (p *parser) add(output, operator string, inputs ...string) *wire.Node {
	n := &wire.Node{OpType: operator, Name: output, Output: []string{output}, Input: inputs}
	p.seen[output] = true
	p.graph.Node = append(p.graph.Node, n)
	return n
}

func (p *parser) dynamic(y, x, name string, w []float32, k, n int) {
	steps, scales := make([]byte, k*n), make([]float32, n)
	for j := range n {
		most := float32(0)
		for i := range k {
			most = max(most, float32(math.Abs(float64(w[i*n+j]))))
		}
		scales[j] = most / 127
		for i := range k {
			steps[i*n+j] = byte(int8(math.RoundToEven(float64(w[i*n+j] / scales[j]))))
		}
	}
	if !p.seen[x+"_steps"] {
		q := p.add(x+"_steps", "DynamicQuantizeLinear", x)
		q.Output = append(q.Output, x+"_scale", x+"_zero")
	}
	weight := p.constant(&wire.Tensor{Name: name + "_steps", DataType: wire.Int8, Dims: []int64{int64(k), int64(n)}, RawData: steps})
	scale := p.constant(onnxtest.Floats(name+"_scale", []int64{int64(n)}, scales...))
	p.add(y+"_sums", "MatMulInteger", x+"_steps", weight, x+"_zero")
	p.add(y+"_cast", "Cast", y+"_sums").Attribute = []*wire.Attribute{onnxtest.Int("to", int64(wire.Float))}
	p.add(y+"_scale", "Mul", x+"_scale", scale)
	p.add(y, "Mul", y+"_cast", y+"_scale")
}

func (p *parser) blocks(y, x, name string, w []float32, k, n, accuracyLevel int) {
	const middle = 8
	blocks := k / blockSize
	steps, scales := make([]byte, n*k/2), make([]float32, n*blocks)
	for j := range n {
		for b := range blocks {
			most := float32(0)
			for i := range blockSize {
				most = max(most, float32(math.Abs(float64(w[(b*blockSize+i)*n+j]))))
			}
			scale := most / (middle - 1)
			scales[j*blocks+b] = scale
			for i := range blockSize {
				at := b*blockSize + i
				steps[(j*k+at)/2] |= byte(math.RoundToEven(float64(w[at*n+j]/scale))+middle) << (4 * (at % 2))
			}
		}
	}
	weight := p.constant(&wire.Tensor{Name: name + "_steps", DataType: wire.Uint8, Dims: []int64{int64(n), int64(blocks), blockSize / 2}, RawData: steps})
	scale := p.constant(onnxtest.Floats(name+"_scale", []int64{int64(n * blocks)}, scales...))
	q := p.add(y, "MatMulNBits", x, weight, scale)
	q.Domain = "com.microsoft"
	for _, a := range []struct {
		name  string
		value int
	}{{"K", k}, {"N", n}, {"bits", 4}, {"block_size", blockSize}, {"accuracy_level", accuracyLevel}} {
		q.Attribute = append(q.Attribute, onnxtest.Int(a.name, int64(a.value)))
	}
}

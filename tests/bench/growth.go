package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/onnx/wire"
)

// kinds are graphs of two sizes each: chains of small attention blocks, so that
// every pass has work, and decoders of 8 and 100 layers. The time should grow no
// faster than the graph.
var kinds = []struct {
	unit  string
	sizes [2]int
	make  func(int) *wire.Model
}{
	{"nodes", [2]int{1000, 10000}, chain},
	{"layers", [2]int{8, 100}, decoder},
}

// growth prints how long reading, optimising and lowering take for graphs of two
// sizes, and the ratio.
func growth() error {
	for _, k := range kinds {
		fmt.Printf("\n== compile time by %s\n", k.unit)
		var medians []float64
		for _, size := range k.sizes {
			data, err := wire.Encode(k.make(size))
			if err != nil {
				return err
			}
			ms, err := median(data)
			if err != nil {
				return err
			}
			medians = append(medians, ms)
			fmt.Printf("%6d %s  %8.1f ms\n", size, k.unit, ms)
		}
		fmt.Printf("ratio %.1f\n", medians[1]/medians[0])
	}
	return nil
}

// median is the time of compiling, in milliseconds.
func median(data []byte) (float64, error) {
	var times []time.Duration
	for range 5 {
		start := time.Now()
		if err := compile(data); err != nil {
			return 0, err
		}
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	return times[len(times)/2].Seconds() * 1e3, nil
}

func compile(data []byte) error {
	s, err := parallax.OpenReader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = s.Lower(context.Background())
	return err
}

// perBlock is the number of nodes that one block of chain has.
const perBlock = 10

// chain is a graph of nodes nodes: x [batch, seq, 16] through blocks of
// single-head self-attention with a residual.
func chain(nodes int) *wire.Model {
	g := &wire.Graph{Name: "chain"}
	g.Input = []*wire.ValueInfo{tensorInfo("x0")}
	weight := &wire.Tensor{Name: "w", DataType: wire.Float, Dims: []int64{16, 16}, RawData: make([]byte, 4*16*16)}
	scale := &wire.Tensor{Name: "scale", DataType: wire.Float, RawData: []byte{0, 0, 0x80, 0x3e}}
	g.Initializer = []*wire.Tensor{weight, scale}
	node := func(op, out string, in ...string) *wire.Node {
		n := &wire.Node{OpType: op, Name: out, Output: []string{out}, Input: in}
		g.Node = append(g.Node, n)
		return n
	}
	blocks := nodes / perBlock
	for i := range blocks {
		x, p := fmt.Sprintf("x%d", i), fmt.Sprintf("b%d.", i)
		node("MatMul", p+"q", x, "w")
		node("MatMul", p+"k", x, "w")
		node("MatMul", p+"v", x, "w")
		transpose := node("Transpose", p+"kt", p+"k")
		transpose.Attribute = []*wire.Attribute{{Name: "perm", Type: wire.AttributeInts, Ints: []int64{0, 2, 1}}}
		node("MatMul", p+"scores", p+"q", p+"kt")
		node("Mul", p+"scaled", p+"scores", "scale")
		softmax := node("Softmax", p+"p", p+"scaled")
		softmax.Attribute = []*wire.Attribute{{Name: "axis", Type: wire.AttributeInt, I: -1}}
		node("MatMul", p+"o", p+"p", p+"v")
		node("Add", p+"sum", x, p+"o")
		node("Relu", fmt.Sprintf("x%d", i+1), p+"sum")
	}
	g.Output = []*wire.ValueInfo{tensorInfo(fmt.Sprintf("x%d", blocks))}
	return &wire.Model{IRVersion: 8, Graph: g, OpsetImport: []*wire.OperatorSetID{{Version: 17}}}
}

func tensorInfo(name string) *wire.ValueInfo {
	shape := &wire.TensorShape{Dim: []*wire.Dim{
		{Kind: wire.DimParam, Param: "batch"}, {Kind: wire.DimParam, Param: "seq"}, {Kind: wire.DimValue, Value: 16},
	}}
	return &wire.ValueInfo{Name: name, Type: &wire.Type{Tensor: &wire.TensorType{ElemType: wire.Float, Shape: shape}}}
}

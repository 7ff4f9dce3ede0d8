package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/bench/stat"
	"github.com/parallax-go/parallax/tests/bench/zoo"
)

// kinds are graphs of two sizes each: chains of small attention blocks, so that
// every pass has work, and decoders of 8 and 100 layers. The time should grow no
// faster than the graph.
var kinds = []struct {
	unit  string
	sizes [2]int
	make  func(int) zoo.Graph
}{
	{"nodes", [2]int{1000, 10000}, zoo.Chain},
	{"layers", [2]int{8, 100}, func(layers int) zoo.Graph {
		return zoo.Decoder(zoo.Sizes{Layers: layers, Hidden: 32, Heads: 4, KVHeads: 2, Head: 8, FeedForward: 64})
	}},
}

// growth prints how long reading, optimising and lowering take for graphs of two
// sizes, and the ratio.
func growth([]string) error {
	for _, k := range kinds {
		fmt.Printf("\n== compile time by %s\n", k.unit)
		var medians []float64
		for _, size := range k.sizes {
			data, err := wire.Encode(k.make(size).Model())
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
	var times []float64
	for range 5 {
		start := time.Now()
		if err := compile(data); err != nil {
			return 0, err
		}
		times = append(times, time.Since(start).Seconds()*1e3)
	}
	return stat.Median(times), nil
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

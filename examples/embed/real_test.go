//go:build real

package main

import (
	"context"
	"math"
	"testing"
)

// The figures are those of ONNX Runtime 1.32 without optimisations. Moving every
// weight by its last bit moves the hidden states by 5e-5, so 1e-4 is allowed.
const tolerance = 1e-4

var expected = []struct {
	first4 [4]float64
	norm   float64
}{
	{[4]float64{0.844505, 0.000769, 0.259322, 0.278289}, 6.082502},
	{[4]float64{0.715975, -0.054032, 0.273436, 0.231369}, 5.834290},
	{[4]float64{-0.428861, -0.366534, 0.024934, -0.189269}, 4.943153},
}

func TestRealModel(t *testing.T) {
	dir, err := Fetch()
	if err != nil {
		t.Fatal(err)
	}
	e, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	vectors, err := e.Embed(context.Background(), examples)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range expected {
		var square float64
		for _, x := range vectors[i] {
			square += x * x
		}
		if norm := math.Sqrt(square); math.Abs(norm-want.norm) > tolerance {
			t.Errorf("sentence %d: norm %f, want %f", i+1, norm, want.norm)
		}
		for k, x := range want.first4 {
			if math.Abs(vectors[i][k]-x) > tolerance {
				t.Errorf("sentence %d: element %d is %f, want %f", i+1, k, vectors[i][k], x)
			}
		}
	}
	for _, c := range []struct {
		i, j int
		want float64
	}{{0, 1, 0.973298}, {0, 2, -0.028205}, {1, 2, -0.034807}} {
		if got := Cosine(vectors[c.i], vectors[c.j]); math.Abs(got-c.want) > tolerance {
			t.Errorf("cosine %d-%d is %f, want %f", c.i+1, c.j+1, got, c.want)
		}
	}
}

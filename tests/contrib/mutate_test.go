package contrib

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/onnxtest"
)

// TestMutants: recorded cases changed at random are read or refused; what is read
// runs or fails. Nothing panics.
func TestMutants(t *testing.T) {
	files, err := Read("../testdata/contrib")
	if err != nil {
		t.Fatal(err)
	}
	const perOperator = 40
	ran := 0
	for at, f := range files {
		r := rand.New(rand.NewPCG(11, uint64(at)))
		for range perOperator {
			c := &f.Cases[r.IntN(len(f.Cases))]
			m, err := f.Model(c, tensor.Float32, r.IntN(2) == 0)
			if err != nil {
				t.Fatal(err)
			}
			for range 1 + r.IntN(3) {
				onnxtest.Mutate(r, m)
			}
			if try(t, m, c) {
				ran++
			}
		}
	}
	if ran == 0 {
		t.Error("no mutant ran")
	}
}

// try runs a model on a case's inputs and reports whether that worked.
func try(t *testing.T, m *wire.Model, c *Case) bool {
	t.Helper()
	data, err := wire.Encode(m)
	if err != nil {
		return false
	}
	s, err := parallax.OpenReader(bytes.NewReader(data), parallax.WithVerifyPasses(), parallax.WithMemoryLimit(1<<28))
	if err != nil {
		return false
	}
	model, err := s.Load()
	if err != nil {
		return false
	}
	defer model.Close()
	in, err := c.Inputs(tensor.Float32)
	if err != nil {
		t.Fatal(err)
	}
	_, err = model.Run(context.Background(), in)
	return err == nil
}

package upgrade

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/models"
	"github.com/parallax-go/parallax/tests/onnxtest"
)

var rounds = flag.Int("mutants", 2, "how many mutants of each fixture")

// TestMutants upgrades fixtures that were changed at random. What can be read can
// be upgraded or is refused with a reason; and if both the mutant and what became
// of it run, they give the same: grossly, since a mutant may make much of a
// rounding error.
func TestMutants(t *testing.T) {
	cases, err := models.Cases()
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for k, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			original, err := os.ReadFile(c.Model)
			if err != nil {
				t.Fatal(err)
			}
			sets, err := c.Sets()
			if err != nil {
				t.Fatal(err)
			}
			for round := range *rounds {
				seed := uint64(k)<<32 | uint64(round)
				data := mutant(t, original, seed)
				out := upgradedMutant(t, data, seed)
				if out == "" {
					continue
				}
				want, err := tryRun(data, sets[0].Inputs)
				if err != nil {
					continue
				}
				after, err := os.ReadFile(out)
				if err != nil {
					t.Fatal(err)
				}
				got, err := tryRun(after, sets[0].Inputs)
				if err != nil {
					t.Errorf("seed %d: the mutant runs, upgraded it does not: %v", seed, err)
					continue
				}
				compared++
				for name := range want {
					if diff := firstDifference(got[name], want[name], max(1e-2, 4*c.RTol), max(1e-2, 4*c.RTol)); diff != "" {
						t.Errorf("seed %d: %s: %s", seed, name, diff)
					}
				}
			}
		})
	}
	t.Logf("%d mutants compared", compared)
}

func mutant(t *testing.T, original []byte, seed uint64) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	m, err := wire.Decode(original)
	if err != nil {
		t.Fatal(err)
	}
	onnxtest.Mutate(r, m)
	data, err := wire.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// upgradedMutant returns the upgraded file; "" if the mutant can't be read, or
// holds what can't be written at any opset.
func upgradedMutant(t *testing.T, data []byte, seed uint64) string {
	t.Helper()
	src, err := parallax.OpenReader(bytes.NewReader(data), parallax.WithPasses("none"), parallax.WithVerifyPasses())
	if err != nil {
		return ""
	}
	out := filepath.Join(t.TempDir(), "upgraded.onnx")
	if _, err := src.Convert(context.Background(), out, parallax.ConvertOptions{Upgrade: "parallax"}); err != nil {
		if !errors.As(err, new(*ir.Error)) {
			t.Errorf("seed %d: %v", seed, err)
		}
		return ""
	}
	return out
}

func tryRun(data []byte, in map[string]*tensor.Tensor) (map[string]*tensor.Tensor, error) {
	src, err := parallax.OpenReader(bytes.NewReader(data), parallax.WithPasses("none"), parallax.WithMemoryLimit(64<<20))
	if err != nil {
		return nil, err
	}
	m, err := src.Load()
	if err != nil {
		return nil, err
	}
	defer m.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return m.Run(ctx, in)
}

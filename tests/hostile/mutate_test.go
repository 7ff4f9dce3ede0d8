package hostile

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	facade "github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/codegen/gosrc"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/tests/models"
	"github.com/parallax-go/parallax/tests/onnxtest"
)

// budget and timeout are of one run of a mutant.
const (
	budget  = 64 << 20
	timeout = 2 * time.Second
)

var (
	rounds = flag.Int("mutants", 6, "how many mutants of each fixture")
	keep   = flag.String("keep", "", "`folder` for the mutants that fail")
)

// outputs are those of a run, or why there are none.
type outputs struct {
	tensors map[string]*tensor.Tensor
	names   []string
	err     error
}

// line takes the bytes of a model through the whole line. Only what the passes
// or the verifier say is a failure: they work on graphs that were imported.
func line(t testing.TB, data []byte, seed uint64, known map[string]*tensor.Tensor, opts ...facade.Option) outputs {
	t.Helper()
	src, err := facade.OpenReader(bytes.NewReader(data), append(opts, facade.WithMemoryLimit(budget), facade.WithVerifyPasses())...)
	if err != nil {
		return outputs{err: err}
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := src.Optimise(ctx); err != nil {
		t.Errorf("the passes fail on a graph that was imported: %v", err)
		return outputs{err: err}
	}
	m, err := src.Load()
	if err != nil {
		return outputs{err: err}
	}
	defer m.Close()
	if seed%4 == 0 {
		emit(t, m)
	}
	in, err := inputs(m.Inputs(), seed, known)
	if err != nil {
		return outputs{err: err}
	}
	out, err := m.Run(ctx, in)
	o := outputs{tensors: out, err: err}
	for _, p := range m.Outputs() {
		o.names = append(o.names, p.Name)
	}
	return o
}

// emit prints the program as Go: whatever loads can be printed.
func emit(t testing.TB, m *facade.Model) {
	t.Helper()
	if _, err := gosrc.Emit(m.Program(), gosrc.Options{Dir: t.TempDir(), Package: "mutant"}); err != nil {
		t.Errorf("as Go: %v", err)
	}
}

// inputs are the known ones where they fit, and others made up.
func inputs(ports []facade.Port, seed uint64, known map[string]*tensor.Tensor) (map[string]*tensor.Tensor, error) {
	r := rand.New(rand.NewPCG(seed, 1))
	dims := map[string]int64{}
	in := map[string]*tensor.Tensor{}
	for _, p := range ports {
		rank, hasRank := p.Type.Rank()
		if x := known[p.Name]; x != nil && x.DType == p.Type.DType && (!hasRank || rank == x.Rank()) {
			in[p.Name] = x
			for axis := range rank {
				if name, ok := p.Type.Shape[axis].IsSymbol(); ok {
					dims[name] = int64(x.Shape[axis])
				}
			}
		}
	}
	for _, p := range ports {
		if in[p.Name] != nil {
			continue
		}
		shape, err := facade.SizesOf(p, dims)
		if err != nil {
			return nil, err
		}
		n, ok := tensor.Elements(shape)
		if !ok || n > 1<<16 || !p.Type.DType.Valid() {
			return nil, fmt.Errorf("input %q of %s is not made up", p.Name, p.Type)
		}
		x := tensor.New(p.Type.DType, shape...)
		for i := range n {
			switch {
			case x.DType.IsFloat():
				x.SetFloat(i, r.NormFloat64())
			case x.DType.IsInt() || x.DType == tensor.Bool:
				x.SetInt(i, int64(r.IntN(2)))
			}
		}
		in[p.Name] = x
	}
	return in, nil
}

// differ says how two runs of a model differ by more than tolerance, relative to
// the greatest element. What is huge or infinite in either is not compared.
func differ(plain, other outputs, tolerance float64) string {
	for _, name := range plain.names {
		want, got := plain.tensors[name], other.tensors[name]
		if got.DType != want.DType || !tensor.SameShape(got.Shape, want.Shape) {
			return fmt.Sprintf("output %q: %s, want %s", name, got, want)
		}
		if !want.DType.IsFloat() {
			continue
		}
		scale, worst, at := 0.0, 0.0, 0
		for i := range want.Len() {
			a, b := want.FloatAt(i), got.FloatAt(i)
			if math.Abs(a) < 1e4 && math.Abs(b) < 1e4 {
				scale = max(scale, math.Abs(a))
				if d := math.Abs(a - b); d > worst {
					worst, at = d, i
				}
			}
		}
		if worst > tolerance*max(scale, 1e-3) {
			return fmt.Sprintf("output %q: element %d is %g, want %g; the greatest is %g", name, at, got.FloatAt(at), want.FloatAt(at), scale)
		}
	}
	return ""
}

// smallModels are the fixtures of at most so many bytes, with recorded inputs.
func smallModels(t testing.TB, most int64) []models.Case {
	t.Helper()
	all, err := models.Cases()
	if err != nil {
		t.Fatal(err)
	}
	var small []models.Case
	for _, c := range all {
		if info, err := os.Stat(c.Model); err == nil && info.Size() <= most && !strings.Contains(c.Name, "external") {
			small = append(small, c)
		}
	}
	return small
}

func recorded(t testing.TB, c models.Case) map[string]*tensor.Tensor {
	t.Helper()
	sets, err := c.Sets()
	if err != nil || len(sets) == 0 {
		t.Fatalf("%s: %d data sets, %v", c.Name, len(sets), err)
	}
	return sets[0].Inputs
}

// TestMutants: fixtures changed at random go through the line with passes and
// without. Errors are fine; panics are not, and where both runs succeed they
// agree: grossly, and only if the two targets agree well without passes, since a
// mutant may make much of a rounding error.
func TestMutants(t *testing.T) {
	compared, refused := 0, 0
	for k, c := range smallModels(t, 400_000) {
		t.Run(c.Name, func(t *testing.T) {
			original, err := os.ReadFile(c.Model)
			if err != nil {
				t.Fatal(err)
			}
			known := recorded(t, c)
			for round := range *rounds {
				seed := uint64(k)<<32 | uint64(round)
				data, fields := mutant(t, original, seed)
				plain := line(t, data, seed, known, facade.WithPasses("none"))
				fused := line(t, data, seed, known)
				if plain.err != nil || fused.err != nil {
					refused++
				} else if d := differ(plain, fused, max(1e-2, 4*c.RTol)); d != "" && fields {
					ref := line(t, data, seed, known, facade.WithPasses("none"), facade.WithTarget(kernels.Ref))
					if ref.err != nil || differ(plain, ref, 1e-4) == "" {
						t.Errorf("seed %d: %s", seed, d)
					}
				} else {
					compared++
				}
				if t.Failed() {
					keepMutant(t, data, seed)
					return
				}
			}
		})
	}
	t.Logf("%d mutants compared, %d refused", compared, refused)
}

func keepMutant(t *testing.T, data []byte, seed uint64) {
	if *keep == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(*keep, fmt.Sprintf("%d.onnx", seed)), data, 0o644); err != nil {
		t.Error(err)
	}
}

// mutant changes the fields, or now and then the bytes, of a model. Bytes of
// weights may become numbers beyond all scales, whose sums overflow in one order
// and not in another.
func mutant(t testing.TB, original []byte, seed uint64) (data []byte, fields bool) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	if r.IntN(8) == 0 {
		data = bytes.Clone(original)
		for range 1 + r.IntN(4) {
			data[r.IntN(len(data))] = byte(r.Uint32())
		}
		return data, false
	}
	m, err := wire.Decode(original)
	if err != nil {
		t.Fatal(err)
	}
	for range 1 + r.IntN(2) {
		onnxtest.Mutate(r, m)
	}
	if data, err = wire.Encode(m); err != nil {
		t.Fatal(err)
	}
	return data, true
}

// FuzzWholeLine takes any bytes through the line.
func FuzzWholeLine(f *testing.F) {
	for _, c := range smallModels(f, 25_000) {
		data, err := os.ReadFile(c.Model)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		line(t, data, 0, nil, facade.WithPasses("none"))
		line(t, data, 0, nil)
	})
}

package engine

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
)

// Name is what this project's engine is called.
const Name = "parallax"

func version() string { return runtime.Version() }

// The variants of this engine. Of a decoder: Plain hands the caches from run to
// run, instead of keeping them in a State. BF16 computes products in bf16, as it makes
// OpenVINO do, INT8 those with weights in blocks in 8 bits, and there is "passes=" and a
// selection.
const (
	Plain = "plain"
	BF16  = "bf16"
	INT8  = "int8"
)

func open(s Setup) (job, error) {
	in, err := readArrays(s.Inputs)
	if err != nil {
		return nil, err
	}
	options := []parallax.Option{parallax.WithThreads(s.Threads)}
	if s.Variant == BF16 || s.Variant == INT8 {
		options = append(options, parallax.WithPrecision(kernels.Precision(s.Variant)))
	}
	var passes string
	if n, _ := fmt.Sscanf(s.Variant, "passes=%s", &passes); n == 1 {
		options = append(options, parallax.WithPasses(passes))
	}
	if s.Mode == Load {
		return &loading{path: s.Model, options: options, in: in}, nil
	}
	m, err := parallax.Load(s.Model, options...)
	if err != nil {
		return nil, err
	}
	if s.Mode == Decode && s.Variant == Plain {
		return newDecoding(&handing{m, s.Pasts}, s, in)
	}
	if s.Mode == Decode {
		d, err := newStateful(m)
		if err != nil {
			return nil, err
		}
		return newDecoding(d, s, in)
	}
	return &running{model: m, in: in, out: empty(m)}, nil
}

func empty(m *parallax.Model) map[string]*tensor.Tensor {
	out := map[string]*tensor.Tensor{}
	for _, p := range m.Outputs() {
		out[p.Name] = &tensor.Tensor{}
	}
	return out
}

// running runs a model on the same inputs, into the same outputs.
type running struct {
	model   *parallax.Model
	in, out map[string]*tensor.Tensor
}

func (r *running) run() ([]int64, error) {
	start := time.Now()
	err := r.model.RunInto(context.Background(), r.in, r.out)
	return []int64{time.Since(start).Nanoseconds()}, err
}

func (r *running) outputs() (map[string]*tensor.Tensor, error) {
	_, err := r.run()
	return r.out, err
}

func (r *running) close() error { return r.model.Close() }

// loading loads a model, runs it once, and closes it.
type loading struct {
	path    string
	options []parallax.Option
	in      map[string]*tensor.Tensor
}

func (l *loading) once() (map[string]*tensor.Tensor, int64, error) {
	start := time.Now()
	m, err := parallax.Load(l.path, l.options...)
	if err != nil {
		return nil, 0, err
	}
	defer m.Close()
	out, err := m.Run(context.Background(), l.in)
	return out, time.Since(start).Nanoseconds(), err
}

func (l *loading) run() ([]int64, error) {
	_, ns, err := l.once()
	return []int64{ns}, err
}

func (l *loading) outputs() (map[string]*tensor.Tensor, error) {
	out, _, err := l.once()
	return out, err
}

func (l *loading) close() error { return nil }

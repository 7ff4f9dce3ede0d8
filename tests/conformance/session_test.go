//go:build conformance

package conformance

import (
	"bytes"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
)

// loadSession compiles the model with the given options and runs the program.
func loadSession(opts ...parallax.Option) func(*testing.T, *node) (run, error) {
	return func(t *testing.T, n *node) (run, error) { return compiled(t, n, opts) }
}

func compiled(t *testing.T, n *node, opts []parallax.Option) (run, error) {
	s, err := parallax.OpenReader(bytes.NewReader(n.data), opts...)
	if err != nil {
		return nil, err
	}
	m, err := s.Load()
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return func(in []*tensor.Tensor) ([]*tensor.Tensor, error) {
		named := map[string]*tensor.Tensor{}
		for i, p := range m.Inputs() {
			named[p.Name] = in[i]
		}
		results, err := m.Run(t.Context(), named)
		if err != nil {
			return nil, err
		}
		var out []*tensor.Tensor
		for _, p := range m.Outputs() {
			out = append(out, results[p.Name])
		}
		return out, nil
	}, nil
}

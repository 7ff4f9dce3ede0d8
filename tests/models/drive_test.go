package models

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/runtime/decode"
)

// TestDriven: a decoder driven token by token scores the next one as a run over
// all the tokens so far does, which has no past.
func TestDriven(t *testing.T) {
	for _, name := range cached {
		t.Run(name, func(t *testing.T) {
			m, err := parallax.Load(filepath.Join(Root(), "tests", "testdata", filepath.FromSlash(name), "model.onnx"))
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			plan, err := decode.New(m.Program())
			if err != nil {
				t.Fatal(err)
			}
			state, err := m.NewState()
			if err != nil {
				t.Fatal(err)
			}
			ids, _ := tokens(0, 4)
			in := map[string]*tensor.Tensor{"input_ids": ids}
			plan.First(in)
			so := []*tensor.Tensor{ids}
			for range 6 {
				got, err := state.Run(context.Background(), in)
				if err != nil {
					t.Fatal(err)
				}
				whole := map[string]*tensor.Tensor{"input_ids": joined(so)}
				plan.First(whole)
				want, err := m.Run(context.Background(), withPast(m, whole, nil))
				if err != nil {
					t.Fatal(err)
				}
				tailEqual(t, got["logits"], want["logits"])
				chosen, err := plan.Greedy(got)
				if err != nil {
					t.Fatal(err)
				}
				if in, err = plan.Next(in, chosen); err != nil {
					t.Fatal(err)
				}
				so = append(so, in["input_ids"])
			}
		})
	}
}

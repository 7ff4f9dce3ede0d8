// Package models runs every fixture model through the whole line: suites ×
// targets. The models and recorded outputs are in tests/testdata and
// examples/recall; each folder's case.json tells the tolerance and how many
// attentions there are.
package models

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sort"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

// Case is a fixture: a model, and what is known of it.
type Case struct {
	Name   string `json:"name"`
	Family string `json:"family"`
	Dir    string `json:"-"`
	Model  string `json:"-"`

	Attention    int  `json:"attention"`     // softmax attentions that can be fused
	Parallax     int  `json:"parallax"`      // Parallax subgraphs that can be fused
	ParallaxMax  *int `json:"parallax_max"`  // where more are legal
	Optional     int  `json:"optional"`      // attentions that may be fused or left
	NotAttention int  `json:"not_attention"` // softmaxes that must stay

	RTol float64 `json:"rtol"`
	ATol float64 `json:"atol"`
}

// Root is the repository's.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Cases lists all fixtures, sorted by name.
func Cases() ([]Case, error) {
	var cases []Case
	for _, group := range []string{"tests/testdata/models", "tests/testdata/parallax-models", "tests/testdata/quantised-models", "examples/recall"} {
		files, err := filepath.Glob(filepath.Join(Root(), group, "*", "case.json"))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			var c Case
			if err := json.Unmarshal(data, &c); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			c.Dir = filepath.Dir(file)
			c.Model = filepath.Join(c.Dir, "model.onnx")
			cases = append(cases, c)
		}
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("no fixtures under %s", Root())
	}
	sort.Slice(cases, func(i, j int) bool { return cases[i].Name < cases[j].Name })
	return cases, nil
}

// Set is one recorded run.
type Set struct {
	Name            string
	Inputs, Outputs map[string]*tensor.Tensor
}

// Sets reads the recorded runs of c.
func (c Case) Sets() ([]Set, error) {
	dirs, err := filepath.Glob(filepath.Join(c.Dir, "test_data_set_*"))
	if err != nil {
		return nil, err
	}
	sort.Strings(dirs)
	var sets []Set
	for _, dir := range dirs {
		s := Set{Name: filepath.Base(dir)}
		if s.Inputs, err = tensors(dir, "input"); err != nil {
			return nil, err
		}
		if s.Outputs, err = tensors(dir, "output"); err != nil {
			return nil, err
		}
		sets = append(sets, s)
	}
	if len(sets) == 0 {
		return nil, fmt.Errorf("%s: no recorded runs", c.Dir)
	}
	return sets, nil
}

func tensors(dir, kind string) (map[string]*tensor.Tensor, error) {
	files, err := filepath.Glob(filepath.Join(dir, kind+"_*.pb"))
	if err != nil {
		return nil, err
	}
	all := map[string]*tensor.Tensor{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		p, err := wire.DecodeTensor(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if all[p.Name], err = onnx.ReadTensor(p); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return all, nil
}

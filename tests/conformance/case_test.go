//go:build conformance

package conformance

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

// node is one node test: a model and data sets.
type node struct {
	name  string
	data  []byte // of the model
	model *wire.Model
	sets  []set
}

type set struct {
	name    string
	in, out []*tensor.Tensor // in the order of the model
}

// errBoxed tells of data that is no tensor.
var errBoxed = errors.New("sequences, optionals and maps are not evaluated")

func readModel(dir string) (*node, error) {
	data, err := os.ReadFile(filepath.Join(dir, "model.onnx"))
	if err != nil {
		return nil, err
	}
	m, err := wire.Decode(data)
	if err != nil {
		return nil, err
	}
	return &node{name: filepath.Base(dir), data: data, model: m}, nil
}

// ours reports whether every node of the main graph is of an operator that we
// have, in whatever form.
func (n *node) ours() bool {
	for _, x := range n.model.Graph.Node {
		if x.Domain != "" && x.Domain != "ai.onnx" || op.ByName(x.OpType) == nil && !rewritten[x.OpType] {
			return false
		}
	}
	return true
}

// rewritten are the operators that the importer turns into others.
var rewritten = map[string]bool{
	"AffineGrid": true, "BlackmanWindow": true, "CastLike": true, "CenterCropPad": true, "Constant": true,
	"ConstantOfShape": true, "Dropout": true, "GlobalLpPool": true, "HammingWindow": true, "HannWindow": true,
	"Hardmax": true, "LRN": true, "MeanVarianceNormalization": true, "ReverseSequence": true, "Scatter": true,
	"Upsample": true,
}

func (n *node) readSets(dir string) error {
	dirs, err := filepath.Glob(filepath.Join(dir, "test_data_set_*"))
	if err != nil || len(dirs) == 0 {
		return fmt.Errorf("no data sets: %v", err)
	}
	for _, d := range dirs {
		s := set{name: filepath.Base(d)}
		if s.in, err = readTensors(d, "input", n.model.Graph.Input); err != nil {
			return err
		}
		if s.out, err = readTensors(d, "output", n.model.Graph.Output); err != nil {
			return err
		}
		n.sets = append(n.sets, s)
	}
	return nil
}

func readTensors(dir, kind string, values []*wire.ValueInfo) ([]*tensor.Tensor, error) {
	all := make([]*tensor.Tensor, len(values))
	for i, v := range values {
		if v.Type == nil || v.Type.Tensor == nil {
			return nil, errBoxed
		}
		data, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("%s_%d.pb", kind, i)))
		if err != nil {
			return nil, err
		}
		p, err := wire.DecodeTensor(data)
		if err != nil {
			return nil, err
		}
		if all[i], err = onnx.ReadTensor(p); err != nil {
			return nil, err
		}
	}
	return all, nil
}

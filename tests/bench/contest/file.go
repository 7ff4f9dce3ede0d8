package contest

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
)

// FileRow is the row of a model in a file below a folder, on inputs made up by their
// names and types. Its section is the folder that the file is in.
func FileRow(folder, path string) (Row, error) {
	m, err := parallax.Load(path)
	if err != nil {
		return Row{}, err
	}
	defer m.Close()
	file, err := filepath.Rel(folder, path)
	if err != nil {
		return Row{}, err
	}
	c := &Case{Name: strings.TrimSuffix(filepath.Base(path), ".onnx"), File: file, Inputs: map[string]*tensor.Tensor{}, Tolerance: deep}
	for _, p := range m.Inputs() {
		shape, err := parallax.SizesOf(p, nil)
		if err != nil {
			return Row{}, fmt.Errorf("%s: %w", path, err)
		}
		c.Inputs[p.Name] = madeUp(p.Name, tensor.New(p.Type.DType, shape...))
	}
	return Row{Section: filepath.Base(filepath.Dir(path)), Case: c}, nil
}

// deep is the difference of outputs that is allowed for models with dozens of layers
// of which some divide by small sums.
const deep = 1e-3

// madeUp fills an input: a mask hides the end of the last sequence, integers are small
// enough for every table, other numbers are normal.
func madeUp(name string, x *tensor.Tensor) *tensor.Tensor {
	r := random(name, 3)
	const hidden, smallest = 20, 50
	for i := range x.Len() {
		switch {
		case strings.Contains(name, "mask") && i < x.Len()-hidden:
			x.SetInt(i, 1)
		case strings.Contains(name, "mask"):
		case x.DType.IsFloat():
			x.SetFloat(i, r.NormFloat64())
		default:
			x.SetInt(i, 5+int64(r.IntN(smallest)))
		}
	}
	return x
}

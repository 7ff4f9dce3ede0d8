package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/tensor/npy"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

// readers maps file extensions to the readers of one tensor. want is the
// element type that the input wants: JSON has no types of its own.
var readers = map[string]func(data []byte, want tensor.DType) (*tensor.Tensor, error){
	".npy": func(data []byte, _ tensor.DType) (*tensor.Tensor, error) { return npy.Read(bytes.NewReader(data)) },
	".pb": func(data []byte, _ tensor.DType) (*tensor.Tensor, error) {
		_, t, err := parseProto(data)
		return t, err
	},
	".json": parseJSONTensor,
}

// readTensor reads a file that holds one tensor.
func readTensor(path string, want tensor.DType) (*tensor.Tensor, error) {
	read := readers[strings.ToLower(filepath.Ext(path))]
	if read == nil {
		return nil, fmt.Errorf("%s: extension is not .npy, .npz, .pb or .json", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t, err := read(data, want)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// parseProto decodes a TensorProto.
func parseProto(data []byte) (string, *tensor.Tensor, error) {
	p, err := wire.DecodeTensor(data)
	if err != nil {
		return "", nil, err
	}
	t, err := onnx.ReadTensor(p)
	return p.Name, t, err
}

// parseJSONTensor reads nested lists of numbers, booleans or strings.
func parseJSONTensor(data []byte, want tensor.DType) (*tensor.Tensor, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	var shape []int
	for x := v; ; {
		list, ok := x.([]any)
		if !ok {
			break
		}
		shape = append(shape, len(list))
		if len(list) == 0 {
			break
		}
		x = list[0]
	}
	t := tensor.New(want, shape...)
	at := 0
	if err := fillJSON(t, &at, shape, v); err != nil {
		return nil, err
	}
	return t, nil
}

func fillJSON(t *tensor.Tensor, at *int, shape []int, v any) error {
	list, isList := v.([]any)
	if isList != (len(shape) > 0) || isList && len(list) != shape[0] {
		return fmt.Errorf("the nested lists are not rectangular: want shape %s", tensor.ShapeString(t.Shape))
	}
	for _, x := range list {
		if err := fillJSON(t, at, shape[1:], x); err != nil {
			return err
		}
	}
	if isList {
		return nil
	}
	err := setJSON(t, *at, v)
	*at++
	return err
}

func setJSON(t *tensor.Tensor, i int, v any) error {
	switch x := v.(type) {
	case bool:
		if x {
			t.SetInt(i, 1)
		} else {
			t.SetInt(i, 0)
		}
		return nil
	case string:
		if t.DType == tensor.String {
			t.Strings()[i] = x
			return nil
		}
	case json.Number:
		if t.DType.IsInt() || t.DType == tensor.Bool {
			n, err := x.Int64()
			t.SetInt(i, n)
			return err
		}
		if t.DType.IsFloat() {
			f, err := x.Float64()
			t.SetFloat(i, f)
			return err
		}
	}
	return fmt.Errorf("element %d: %v is not %s", i, v, t.DType)
}

// dataSet is one folder of the ONNX layout: input_0.pb …, output_0.pb ….
type dataSet struct {
	name            string
	inputs, outputs map[string]*tensor.Tensor
}

// readDataSet reads dir. Tensors without a name take that of the port at their
// position.
func readDataSet(dir string, inputs, outputs []string) (*dataSet, error) {
	set := &dataSet{name: filepath.Base(dir)}
	var err error
	if set.inputs, err = readNumbered(dir, "input", inputs); err != nil {
		return nil, err
	}
	if set.outputs, err = readNumbered(dir, "output", outputs); err != nil {
		return nil, err
	}
	if len(set.inputs)+len(set.outputs) == 0 {
		return nil, fmt.Errorf("%s holds neither input_0.pb nor output_0.pb", dir)
	}
	return set, nil
}

func readNumbered(dir, kind string, ports []string) (map[string]*tensor.Tensor, error) {
	found := map[string]*tensor.Tensor{}
	for i := 0; ; i++ {
		path := filepath.Join(dir, fmt.Sprintf("%s_%d.pb", kind, i))
		data, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		name, t, err := parseProto(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if name == "" && i < len(ports) {
			name = ports[i]
		}
		found[name] = t
	}
}

// findDataSets lists the test_data_set_* folders beside the model.
func findDataSets(model string) ([]string, error) {
	dirs, err := filepath.Glob(filepath.Join(filepath.Dir(model), "test_data_set_*"))
	slices.Sort(dirs)
	return dirs, err
}

// writeNPZ writes tensors by name.
func writeNPZ(path string, tensors map[string]*tensor.Tensor) error {
	arrays := make([]npy.Array, 0, len(tensors))
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		arrays = append(arrays, npy.Array{Name: name, Tensor: tensors[name]})
	}
	var buf bytes.Buffer
	if err := npy.WriteArchive(&buf, arrays); err != nil {
		return err
	}
	return parallax.WriteFile(path, buf.Bytes())
}

// Package contrib holds what ONNX Runtime computed for the operators of
// com.microsoft and for attention of ai.onnx, one file per operator under
// testdata, and makes a model of each case. tests/interop/contrib.py wrote the
// files; `make interop` compares them with what it writes now.
package contrib

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
)

// File is the recorded cases of one operator.
type File struct {
	Op     string
	Domain string
	Opset  int64
	Cases  []Case
}

// Case is one node with its operands and its outputs; nil: left out.
type Case struct {
	Name  string
	Attrs map[string]any
	In    []*Operand
	Out   []*Operand
	// Padding lists by output the pairs (b, n): rows n and on of batch entry b mean
	// nothing.
	Padding map[string][][2]int
	// Blind: a row sees nothing, and is weighed by the scores beside a fill of −10000,
	// where ONNX Runtime rounds them to multiples of 2⁻¹⁰.
	Blind   bool
	F32     bool   // floats are of no other type: steps of a scale would be others
	Refused string // words of the reason why the node is not read
}

// Operand is a value as the file holds it.
type Operand struct {
	Name  string
	DType string
	Shape []int
	Dims  []string // names or numbers, for models with symbolic sizes
	Const bool     // it is an initializer
	Data  []byte
}

// Read reads the files in dir.
func Read(dir string) ([]File, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var files []File
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var f File
		if err := json.Unmarshal(data, &f); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		files = append(files, f)
	}
	return files, nil
}

// dtypes by the names in the files.
var dtypes = map[string]tensor.DType{
	"f32": tensor.Float32, "bool": tensor.Bool, "i32": tensor.Int32, "i64": tensor.Int64, "u32": tensor.Uint32,
	"i4": tensor.Int4, "u4": tensor.Uint4, "i8": tensor.Int8, "u8": tensor.Uint8, "i16": tensor.Int16, "u16": tensor.Uint16,
}

// Tensor returns a copy of the contents, floats converted to type d.
func (o *Operand) Tensor(d tensor.DType) (*tensor.Tensor, error) {
	t, err := tensor.FromBytes(dtypes[o.DType], o.Shape, slices.Clone(o.Data))
	if err != nil || !t.DType.IsFloat() || t.DType == d {
		return t, err
	}
	to := tensor.New(d, o.Shape...)
	for i := range t.Len() {
		to.SetFloat(i, t.FloatAt(i))
	}
	return to, nil
}

// Inputs returns the operands that are no initializers, by name.
func (c *Case) Inputs(d tensor.DType) (map[string]*tensor.Tensor, error) {
	in := map[string]*tensor.Tensor{}
	for _, o := range c.In {
		if o == nil || o.Const {
			continue
		}
		t, err := o.Tensor(d)
		if err != nil {
			return nil, err
		}
		in[o.Name] = t
	}
	return in, nil
}

// Model makes a model of the case alone. Floats are of type d; sizes are symbolic
// where the case names them.
func (f *File) Model(c *Case, d tensor.DType, symbolic bool) (*wire.Model, error) {
	n := &wire.Node{OpType: f.Op, Domain: f.Domain, Name: "node"}
	for _, name := range slices.Sorted(maps.Keys(c.Attrs)) {
		n.Attribute = append(n.Attribute, attribute(name, c.Attrs[name]))
	}
	g := &wire.Graph{Name: "case", Node: []*wire.Node{n}}
	for _, o := range c.In {
		if o == nil {
			n.Input = append(n.Input, "")
			continue
		}
		n.Input = append(n.Input, o.Name)
		t, err := o.Tensor(d)
		if err != nil {
			return nil, err
		}
		if o.Const {
			g.Initializer = append(g.Initializer, onnx.WriteTensor(o.Name, t))
			continue
		}
		g.Input = append(g.Input, &wire.ValueInfo{Name: o.Name, Type: o.typ(t, symbolic)})
	}
	for _, o := range c.Out {
		if o == nil {
			n.Output = append(n.Output, "")
			continue
		}
		n.Output = append(n.Output, o.Name)
		g.Output = append(g.Output, &wire.ValueInfo{Name: o.Name})
	}
	m := &wire.Model{IRVersion: 10, Graph: g, OpsetImport: []*wire.OperatorSetID{{Version: 17}}}
	if f.Domain == "" {
		m.OpsetImport[0].Version = f.Opset
	} else {
		m.OpsetImport = append(m.OpsetImport, &wire.OperatorSetID{Domain: f.Domain, Version: f.Opset})
	}
	return m, nil
}

func (o *Operand) typ(t *tensor.Tensor, symbolic bool) *wire.Type {
	typ := &wire.TensorType{ElemType: wire.DataType(t.DType), Shape: &wire.TensorShape{}}
	for i, n := range o.Shape {
		dim := &wire.Dim{Kind: wire.DimValue, Value: int64(n)}
		if symbolic && o.Dims != nil {
			if _, err := strconv.Atoi(o.Dims[i]); err != nil {
				dim = &wire.Dim{Kind: wire.DimParam, Param: o.Dims[i]}
			}
		}
		typ.Shape.Dim = append(typ.Shape.Dim, dim)
	}
	return &wire.Type{Tensor: typ}
}

// attribute makes an attribute of what JSON holds: numbers are integers unless
// they are {"float": x}.
func attribute(name string, v any) *wire.Attribute {
	switch v := v.(type) {
	case float64:
		return &wire.Attribute{Name: name, Type: wire.AttributeInt, I: int64(v)}
	case string:
		return &wire.Attribute{Name: name, Type: wire.AttributeString, S: []byte(v)}
	case map[string]any:
		return &wire.Attribute{Name: name, Type: wire.AttributeFloat, F: float32(v["float"].(float64))}
	case []any:
		a := &wire.Attribute{Name: name, Type: wire.AttributeInts}
		for _, x := range v {
			if m, ok := x.(map[string]any); ok {
				a.Type, a.Floats = wire.AttributeFloats, append(a.Floats, float32(m["float"].(float64)))
				continue
			}
			a.Ints = append(a.Ints, int64(x.(float64)))
		}
		return a
	}
	panic(fmt.Sprintf("BUG: attribute %s of type %T", name, v))
}

// Title names the case among all.
func (f *File) Title(c *Case) string {
	return strings.TrimPrefix(f.Domain+".", ".") + f.Op + "/" + c.Name
}

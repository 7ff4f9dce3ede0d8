package eval

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/tensor"
)

func TestEveryOperatorHasARow(t *testing.T) {
	for _, o := range op.All() {
		row, ok := Lookup(o)
		if want := o.Regions == 0 && o != op.Opaque; ok != want {
			t.Errorf("%s: row %t, want %t", o.QualifiedName(), ok, want)
		}
		if ok && row.Name != o.Name {
			t.Errorf("%s: row is called %s", o.QualifiedName(), row.Name)
		}
	}
}

// TestHostileOperands calls every kernel with operands of random types, shapes
// and contents, and random attributes: it must return an error or write its
// outputs, and never panic.
func TestHostileOperands(t *testing.T) {
	for _, row := range Rows() {
		t.Run(row.Name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			for range 1000 {
				h := hostile{r, tensor.DType(1 + r.IntN(int(tensor.Int2)))}
				a, in := h.attributes(row.Op), h.operands(row.Op)
				if err := callSafely(row, a, h.outputs(row.Op), in); err != nil {
					t.Fatalf("%v\nattributes %s\noperands %v", err, attr.Format(a), describe(in))
				}
			}
		})
	}
}

func callSafely(row Row, a any, out, in []*tensor.Tensor) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if row.Call(a, out, in) != nil {
		return nil
	}
	for i, z := range out {
		if z != nil && !z.DType.Valid() {
			return fmt.Errorf("output %d was not written", i)
		}
	}
	return nil
}

func describe(in []*tensor.Tensor) string {
	s := ""
	for _, x := range in {
		s += x.String() + " "
		if x != nil && x.DType.IsInt() && x.Len() < 5 {
			for i := range x.Len() {
				s += fmt.Sprint(x.IntAt(i), " ")
			}
		}
	}
	return s
}

// hostile makes operands that are often right, since they share a type and their
// sizes are few.
type hostile struct {
	*rand.Rand
	d tensor.DType
}

func (h hostile) operands(o *ir.Op) []*tensor.Tensor {
	n := o.MinIn
	if o.MaxIn > n {
		n += h.IntN(o.MaxIn - n + 1)
	} else if o.MaxIn < 0 {
		n += h.IntN(3)
	}
	in := make([]*tensor.Tensor, n)
	shape := h.shape()
	for i := range in {
		if i >= o.MinIn && h.IntN(4) == 0 {
			continue
		}
		d := h.d
		switch h.IntN(6) {
		case 0, 1:
			d = tensor.Int64
		case 2:
			d = tensor.DType(1 + h.IntN(int(tensor.Int2)))
		}
		if h.IntN(2) == 0 {
			shape = h.shape()
		}
		in[i] = h.tensor(d, shape)
	}
	return in
}

func (h hostile) shape() []int {
	shape := make([]int, h.IntN(5))
	for i := range shape {
		shape[i] = h.IntN(4)
		if h.IntN(3) > 0 {
			shape[i] = 1 + h.IntN(2)
		}
	}
	return shape
}

func (h hostile) tensor(d tensor.DType, shape []int) *tensor.Tensor {
	x := tensor.New(d, shape...)
	for i := range x.Len() {
		v := int64(h.IntN(7) - 3)
		if d.IsInt() && !d.IsSigned() {
			v = max(v, -v)
		}
		if d.Bits() == 64 && h.IntN(20) == 0 { // far from any size, so that nothing of it fits in memory
			v = int64(h.Uint64() | 1<<62)
		}
		switch {
		case d == tensor.String:
			x.Strings()[i] = fmt.Sprint(v)
		case d.IsComplex():
		case d.IsFloat() && h.IntN(2) == 0:
			x.SetFloat(i, h.NormFloat64())
		default:
			x.SetInt(i, v)
		}
	}
	return x
}

func (h hostile) outputs(o *ir.Op) []*tensor.Tensor {
	n := o.MaxOut
	if n < 0 {
		n = 1 + h.IntN(3)
	}
	out := make([]*tensor.Tensor, n)
	for i := range out {
		if i < o.MinOut || h.IntN(2) == 0 {
			out[i] = &tensor.Tensor{}
		}
	}
	return out
}

// words are values of string attributes, right ones and a wrong one.
var words = []string{
	"", "wrong", "none", "tanh", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER", "DCR", "CRD",
	"constant", "reflect", "edge", "wrap", "add", "mul", "max", "min", "ij,jk->ik", "...i,...i", "ii->i", "i,j",
	"nearest", "linear", "cubic", "zeros", "border", "reflection",
	"forward", "reverse", "bidirectional", "Tanh", "Affine",
}

func (h hostile) attributes(o *ir.Op) any {
	if o.Attr == nil {
		return nil
	}
	a := o.Attr()
	for _, f := range attr.Fields(a) {
		if h.IntN(3) > 0 {
			continue
		}
		switch f.Value.Kind() {
		case reflect.Int:
			f.Value.SetInt(int64(h.IntN(7) - 3))
		case reflect.Uint8: // an element type
			f.Value.SetUint(uint64(h.IntN(30)))
		case reflect.Bool:
			f.Value.SetBool(h.IntN(2) == 0)
		case reflect.Float32, reflect.Float64:
			f.Value.SetFloat(h.NormFloat64())
		case reflect.String:
			f.Value.SetString(words[h.IntN(len(words))])
		case reflect.Slice:
			list := reflect.MakeSlice(f.Value.Type(), h.IntN(5), 5)
			for i := range list.Len() {
				switch e := list.Index(i); e.Kind() {
				case reflect.String:
					e.SetString(words[h.IntN(len(words))])
				case reflect.Float32:
					e.SetFloat(h.NormFloat64())
				default:
					e.SetInt(int64(h.IntN(4)))
				}
			}
			f.Value.Set(list)
		}
	}
	return a
}

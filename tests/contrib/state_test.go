package contrib

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
	. "github.com/parallax-go/parallax/tests/onnxtest"
)

// Sizes of the decoders below.
const (
	width   = 64 // 4 heads of 16
	kvWidth = 32 // 2 heads of 16
	tokens  = 7
)

// decoders are layers with a cache, as model builders write them: lengths come
// from the mask of all positions so far.
var decoders = []struct {
	name  string
	kv    int // heads of keys and values
	nodes []*wire.Node
}{
	{"MultiHeadAttention", 4, []*wire.Node{
		Node("Cast", "mask", "mask32", Int("to", int64(wire.Int32))),
		In("com.microsoft", Node("MultiHeadAttention", "q k v _ mask32 _ past_k past_v", "y present_k present_v", Int("num_heads", 4), Int("unidirectional", 1))),
	}},
	{"GroupQueryAttention", 2, []*wire.Node{
		Node("ReduceSum", "mask axis", "used", Int("keepdims", 0)),
		Node("Sub", "used one", "last"),
		Node("Cast", "last", "seqlens", Int("to", int64(wire.Int32))),
		Node("Shape", "mask", "extent"),
		Node("Gather", "extent one", "length"),
		Node("Cast", "length", "total", Int("to", int64(wire.Int32))),
		In("com.microsoft", Node("GroupQueryAttention", "q k v past_k past_v seqlens total cos sin", "y present_k present_v",
			Int("num_heads", 4), Int("kv_num_heads", 2), Int("do_rotary", 1), Int("local_window_size", 5))),
	}},
}

// TestStates: a sequence fed in pieces through a State gives what it gives at once.
func TestStates(t *testing.T) {
	for _, d := range decoders {
		t.Run(d.name, func(t *testing.T) {
			m := load(t, decoder(d.kv, d.nodes))
			defer m.Close()
			r := rand.New(rand.NewPCG(5, 5))
			x := random(r, 2, tokens, width)
			whole := piece(x, 0, tokens)
			whole["past_k"], whole["past_v"] = tensor.New(tensor.Float32, 2, d.kv, 0, 16), tensor.New(tensor.Float32, 2, d.kv, 0, 16)
			want, err := m.Run(context.Background(), whole)
			if err != nil {
				t.Fatal(err)
			}
			s, err := m.NewState()
			if err != nil {
				t.Fatal(err)
			}
			for _, pieces := range [][]int{{tokens}, {1, 1, 1, 1, 1, 1, 1}, {4, 1, 1, 1}} {
				s.Reset()
				from := 0
				for _, n := range pieces {
					got, err := s.Run(context.Background(), piece(x, from, n))
					if err != nil {
						t.Fatal(err)
					}
					if diff := differ(got["y"], rows(want["y"], from, n), nil, tolerance{1e-5, 1e-5}); diff != "" {
						t.Errorf("in pieces of %d, tokens from %d: %s", pieces, from, diff)
					}
					from += n
				}
			}
		})
	}
}

// decoder is a model of projections, the nodes given, and a residual.
func decoder(kv int, nodes []*wire.Node) *wire.Model {
	r := rand.New(rand.NewPCG(1, 2))
	narrow := width
	if kv == 2 {
		narrow = kvWidth
	}
	past := fmt.Sprintf("f32[batch,%d,past,16]", kv)
	g := Graph("x:f32[batch,sequence,64] mask:i64[batch,total] past_k:"+past+" past_v:"+past, "y: present_k: present_v:",
		append([]*wire.Node{Node("MatMul", "x wq", "q"), Node("MatMul", "x wk", "k"), Node("MatMul", "x wv", "v")}, nodes...)...)
	for name, w := range map[string]*tensor.Tensor{
		"wq": random(r, width, width), "wk": random(r, width, narrow), "wv": random(r, width, narrow), "cos": random(r, 16, 8), "sin": random(r, 16, 8),
		"one": tensor.Scalar(int64(1)), "axis": tensor.Of([]int{1}, []int64{1}),
	} {
		g.Initializer = append(g.Initializer, onnx.WriteTensor(name, w))
	}
	return &wire.Model{IRVersion: 9, Graph: g, OpsetImport: []*wire.OperatorSetID{{Version: 17}, {Domain: "com.microsoft", Version: 1}}}
}

func load(t *testing.T, m *wire.Model) *parallax.Model {
	t.Helper()
	data, err := wire.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	s, err := parallax.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func random(r *rand.Rand, shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Float32, shape...)
	for i := range t.Len() {
		t.SetFloat(i, r.NormFloat64()/4)
	}
	return t
}

// piece is the inputs for tokens from … from+n−1.
func piece(x *tensor.Tensor, from, n int) map[string]*tensor.Tensor {
	mask := tensor.New(tensor.Int64, x.Shape[0], from+n)
	for i := range mask.Len() {
		mask.SetInt(i, 1)
	}
	return map[string]*tensor.Tensor{"x": rows(x, from, n), "mask": mask}
}

// rows cuts axis 1 of [B, T, width].
func rows(x *tensor.Tensor, from, n int) *tensor.Tensor {
	cut := tensor.New(x.DType, x.Shape[0], n, x.Shape[2])
	for i := range cut.Len() {
		b, rest := i/(n*x.Shape[2]), i%(n*x.Shape[2])
		cut.SetFloat(i, x.FloatAt(b*x.Shape[1]*x.Shape[2]+from*x.Shape[2]+rest))
	}
	return cut
}

package codegen

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
)

// anyKernel is a catalog in which every operator but those left out has one.
func anyKernel(except ...string) *kernels.Catalog {
	c := &kernels.Catalog{}
	for _, o := range op.All() {
		if o != op.Opaque && !strings.Contains(strings.Join(except, " "), o.Name) {
			c.Add(kernels.Ref, kernels.Kernel{ID: "ref." + o.Name, Op: o.QualifiedName()})
		}
	}
	return c
}

func f32(t testing.TB, shape string) ir.Type { return typeOf(t, tensor.Float32, shape) }

func typeOf(t testing.TB, d tensor.DType, shape string) ir.Type {
	t.Helper()
	s, err := sym.ParseShape(shape)
	if err != nil {
		t.Fatal(err)
	}
	return ir.TensorOf(d, s)
}

// build makes a graph; the nodes that f makes are committed.
func build(t *testing.T, f func(g *ir.Graph, b *ir.Builder)) *ir.Graph {
	t.Helper()
	g := ir.NewGraph("test")
	b := ir.NewBuilder(g)
	f(g, b)
	if b.Err() != nil {
		t.Fatal(b.Err())
	}
	if len(b.Nodes()) > 0 {
		b.Commit(nil)
	}
	return g
}

func TestLower(t *testing.T) {
	tests := []struct {
		name  string
		build func(g *ir.Graph, b *ir.Builder)
		want  string
	}{
		{
			name: "shape arithmetic vanishes, and a reshape is a view",
			build: func(g *ir.Graph, b *ir.Builder) {
				x := g.NewInput("x", f32(t, "[batch, seq, 32]"))
				shape := b.Op(op.Shape, &attr.Shape{Start: 0, End: 2}, x)
				target := b.Op(op.Concat, &attr.Axis{}, shape, b.Ints(4, 8))
				y := b.Op(op.Reshape, &attr.Reshape{}, x, target)
				z := b.Op(op.Transpose, &attr.Transpose{Perm: []int{0, 2, 1, 3}}, y)
				out := b.Op(op.Relu, nil, z)
				b.Commit(nil)
				g.AddOutput(out)
			},
			want: `
in  %0:input f32[batch,seq,32] "x"
    %1:view[batch,seq,4,8] = rt.View(%0:input)
    %2:arena[batch,4,seq,8] = ref.Transpose{perm=[0,2,1,3]}(%1:view[batch,seq,4,8])
    %3:output[batch,4,seq,8] = ref.Relu(%2:arena[batch,4,seq,8])
out %3:output[batch,4,seq,8] ""
`,
		},
		{
			name: "dims that a kernel reads are filled in",
			build: func(g *ir.Graph, b *ir.Builder) {
				x := g.NewInput("x", f32(t, "[batch, past+seq]"))
				y := g.NewInput("y", f32(t, "[batch, seq]"))
				n := b.Op(op.Shape, &attr.Shape{Start: 1, End: 2}, y)
				out := b.Op(op.Slice, nil, x, b.Ints(0), n, b.Ints(1))
				b.Commit(nil)
				g.AddOutput(out)
			},
			want: `
in  %0:input f32[batch,past+seq] "x"
in  %1:input f32[batch,seq] "y"
    %5:output[batch,seq] = ref.Slice(%0:input, %2:const, %3:dims{seq}, %4:const)
out %5:output[batch,seq] ""
`,
		},
		{
			name: "an output shares memory with nothing",
			build: func(g *ir.Graph, b *ir.Builder) {
				x := g.NewInput("x", f32(t, "[n]"))
				g.AddOutput(x)
				y := b.Op(op.Relu, nil, x)
				g.AddOutput(y)
				g.AddOutput(y)
				g.AddOutput(b.Op(op.Reshape, &attr.Reshape{}, y, b.Ints(1, -1)))
				g.AddOutput(b.Op(op.Shape, &attr.Shape{End: 1}, y))
				b.Commit(nil)
			},
			want: `
in  %0:input f32[n] "x"
    %1:output[n] = ref.Relu(%0:input)
    %3:output[1,n] = ref.Reshape(%1:output[n], %2:const)
    %4:output[n] = ref.Identity(%0:input)
    %5:output[n] = ref.Identity(%1:output[n])
    %7:output[1] = ref.Identity(%6:dims{n})
out %4:output[n] "x"
out %1:output[n] ""
out %5:output[n] ""
out %3:output[1,n] ""
out %7:output[1] ""
`,
		},
		{
			name: "a size known from the data cuts the program",
			build: func(g *ir.Graph, b *ir.Builder) {
				x := g.NewInput("x", f32(t, "[n]"))
				nz := b.Op(op.NonZero, nil, x)
				count := b.Op(op.Shape, &attr.Shape{Start: 1, End: 2}, nz)
				y := b.Op(op.Expand, nil, x, b.Op(op.Concat, &attr.Axis{}, count, b.Ints(1)))
				b.Commit(nil)
				g.AddOutput(b.Op(op.Relu, nil, y))
				b.Commit(nil)
			},
			want: `
in  %0:input f32[n] "x"
    %1:heap = ref.NonZero(%0:input)
    u1_1 = %1:heap.1 
    %3:heap = ref.Expand(%0:input, %2:dims{u1_1,1})
    %4:output = ref.Relu(%3:heap)
out %4:output ""
`,
		},
		{
			name: "dims that are numbers",
			build: func(g *ir.Graph, b *ir.Builder) {
				x := g.NewInput("x", f32(t, "[3, 2]"))
				y := b.Op(op.Relu, nil, x)
				g.AddOutput(b.Op(op.Relu, nil, y))
				b.Commit(nil)
			},
			want: `
in  %0:input f32[3,2] "x"
    %1:arena[3,2] = ref.Relu(%0:input)
    %2:output[3,2] = ref.Relu(%1:arena[3,2])
out %2:output[3,2] ""
`,
		},
		{
			name: "a cache is a state",
			build: func(g *ir.Graph, b *ir.Builder) {
				past := g.NewInput("past_key_values.0.key", f32(t, "[batch, 2, past, 4]"))
				x := g.NewInput("x", f32(t, "[batch, 2, seq, 4]"))
				out := b.Op(op.Concat, &attr.Axis{Axis: 2}, past, x)
				out.Name = "present.0.key"
				b.Commit(nil)
				g.AddOutput(out)
			},
			want: `
in  %0:state f32[batch,2,past,4] "past_key_values.0.key"
in  %1:input f32[batch,2,seq,4] "x"
    %2:state[batch,2,past+seq,4] = ref.Concat{axis=2}(%0:state, %1:input)
out %2:state[batch,2,past+seq,4] "present.0.key"
state past_key_values.0.key continues present.0.key along 2
`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := build(t, test.build)
			p, err := Lower(g, Options{Catalog: anyKernel(), Target: kernels.Ref})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), p.String()); diff != "" {
				t.Errorf("program (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLowerListsEveryMissingKernel(t *testing.T) {
	g := build(t, func(g *ir.Graph, b *ir.Builder) {
		x := g.NewInput("x", f32(t, "[n]"))
		y := b.Op(op.Tanh, nil, b.Op(op.Relu, nil, b.Op(op.Tanh, nil, x)))
		b.Commit(nil)
		g.AddOutput(y)
	})
	_, err := Lower(g, Options{Catalog: anyKernel("Tanh"), Target: kernels.Ref})
	if err == nil || strings.Count(err.Error(), "has no kernel for Tanh") != 2 {
		t.Errorf("got error %v, want both Tanh nodes named", err)
	}
}

func TestLifetimes(t *testing.T) {
	g := build(t, func(g *ir.Graph, b *ir.Builder) {
		x := g.NewInput("x", f32(t, "[n]"))
		y := b.Op(op.Relu, nil, x)                               // step 0
		v := b.Op(op.Reshape, &attr.Reshape{}, y, b.Ints(1, -1)) // step 1, a view of y
		z := b.Op(op.Tanh, nil, x)                               // step 2
		b.Commit(nil)
		g.AddOutput(b.Op(op.Add, nil, v, z)) // step 3
		b.Commit(nil)
	})
	p, err := Lower(g, Options{Catalog: anyKernel(), Target: kernels.Ref})
	if err != nil {
		t.Fatal(err)
	}
	y := p.Slots[p.Steps[0].Out[0]]
	if y.Kind != Arena || y.First != 0 || y.Last != 3 {
		t.Errorf("the value that a view renames is %s in use from %d to %d, want arena, 0 to 3", y.Kind, y.First, y.Last)
	}
}

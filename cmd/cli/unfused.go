package cli

import (
	"context"
	"fmt"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/op"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/catalog"
	"github.com/parallax-go/parallax/kernels/par"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/expandattn"
	run "github.com/parallax-go/parallax/runtime/session"
)

// asUnfused makes a model be computed as its file says, operator by operator;
// fused nodes that the file itself holds are taken apart.
func asUnfused() []parallax.Option {
	return []parallax.Option{
		parallax.WithPasses("none"), parallax.WithPass("", expandattn.All),
		parallax.WithStopAfter(0), parallax.WithDumpAfter("", nil),
	}
}

// unfused computes what a fused node stands for, operator by operator, from the
// operands that it had, in so much memory.
func unfused(ctx context.Context, target kernels.Target, memory int64, a *attr.Attention, in []parallax.StepValue) ([]*tensor.Tensor, error) {
	g := ir.NewGraph("decomposition")
	operands := make([]*ir.Value, len(in))
	given := map[string]*tensor.Tensor{}
	for i, v := range in {
		if v.Tensor == nil {
			continue
		}
		name := fmt.Sprint("in", i)
		operands[i] = g.NewInput(name, ir.TensorOf(v.DType, sym.ShapeOf(v.Shape...)))
		given[name] = v.Tensor
	}
	n, err := g.Add(op.Parallax, a, a.Outputs(), operands...)
	if err != nil {
		return nil, err
	}
	for i, v := range n.Out {
		g.AddNamedOutput(fmt.Sprint("out", i), v)
	}
	if _, err := passes.Run(ctx, g, []passes.Pass{expandattn.All}, nil); err != nil {
		return nil, err
	}
	p, err := codegen.Lower(g, codegen.Options{Catalog: catalog.New(), Target: target, NoState: true})
	if err != nil {
		return nil, err
	}
	s, err := run.New(p, run.Options{Pool: par.Default(), MemoryLimit: memory})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	out, err := s.Run(ctx, given)
	if err != nil {
		return nil, err
	}
	list := make([]*tensor.Tensor, a.Outputs())
	for i := range list {
		list[i] = out[fmt.Sprint("out", i)]
	}
	return list, nil
}

// Package parallax compiles ONNX models: it reads a model, rewrites every
// attention in it to one fused Parallax node, and runs it, or writes it as a Go
// package or as ONNX.
//
//	m, err := parallax.Load("model.onnx")
//	outputs, err := m.Run(ctx, map[string]*tensor.Tensor{"input_ids": ids})
//
// The package wires the stages, each of which is a package of its own and can be
// used alone: onnx reads files to an ir.Graph, passes/std holds the passes,
// codegen lowers a graph to a program, runtime/session runs programs, and
// codegen/gosrc prints them as Go.
package parallax

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/runtime/rt"
	"github.com/parallax-go/parallax/runtime/session"
)

// Errors to match with errors.Is.
var (
	ErrInput     = rt.ErrInput     // wrong inputs: see rt.InputError
	ErrCancelled = rt.ErrCancelled // the context ended the run
	ErrTooLarge  = rt.ErrTooLarge  // over the memory limit
	ErrClosed    = rt.ErrClosed    // the model is closed
	ErrState     = rt.ErrState     // the model has no past/present pairs, or a state was used wrongly
	ErrNoDevice  = errors.New("there is no such device in this build")
	ErrWrite     = errors.New("the result can't be written")
	ErrDim       = errors.New("a pinned dimension doesn't fit the model") // see WithDim
)

// Model is a compiled model. It may be used by many goroutines at once.
type Model struct {
	source  *Source
	session *session.Session
	done    func() // ends the pool, if it is the model's own
}

// Port is an input or output of a model.
type Port = codegen.Port

// Step tells of one step of a run that has ended; see [WithProfile].
type Step struct {
	Kernel  string   // "cpu.MatMul"
	Op      string   // "MatMul"
	Name    string   // of the node
	Sources []string // the nodes of the file that it stands for
	Attr    any      // of the operator: *attr.Attention of a fused node
	In, Out []StepValue
	Time    time.Duration
}

// StepValue is what a step read or made. The tensor is nil for an operand left
// out, and may not be kept.
type StepValue struct {
	Name string // in the file; "" if it has none there
	*tensor.Tensor
}

// Load reads, optimises and prepares the model at path.
func Load(path string, opts ...Option) (*Model, error) {
	s, err := Open(path, opts...)
	if err != nil {
		return nil, err
	}
	return s.Load()
}

// Explain returns the verdict on every attention of the model at path.
func Explain(path string, opts ...Option) ([]passes.Remark, error) {
	s, err := Open(path, opts...)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.Explain(context.Background())
}

// Compile writes the model at path as a Go package or as ONNX to out; see
// [CompileOptions].
func Compile(path, out string, c CompileOptions, opts ...Option) (*Written, error) {
	s, err := Open(path, opts...)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.Compile(context.Background(), out, c)
}

// Convert writes the model at path as ONNX to out, changed in nothing but what c
// asks for; see [ConvertOptions].
func Convert(path, out string, c ConvertOptions, opts ...Option) (*Written, error) {
	s, err := Open(path, append([]Option{WithPasses("none")}, opts...)...)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.Convert(context.Background(), out, c)
}

// Inputs returns the inputs in the order of the file.
func (m *Model) Inputs() []Port { return m.session.Inputs() }

// Outputs returns the outputs in the order of the file.
func (m *Model) Outputs() []Port { return m.session.Outputs() }

// Program returns what runs. It must not be changed.
func (m *Model) Program() *codegen.Program { return m.session.Program() }

// Remarks returns the verdict on every attention of the model.
func (m *Model) Remarks() []passes.Remark { return m.source.remarks }

// Precision returns the least precise float type that the model computes in, be it
// the file's choice or that of [WithPrecision]: what can be asked of outputs of a
// wider type, too. Products in int8 are as precise as those in bf16. It is Invalid
// without floats.
func (m *Model) Precision() tensor.DType {
	if p := m.source.options.precision; p != "" && p != kernels.F32 && m.source.coarsest != tensor.Invalid {
		return tensor.BFloat16
	}
	return m.source.coarsest
}

// Run computes the outputs from the inputs, by name. The outputs are new and
// share memory with nothing.
func (m *Model) Run(ctx context.Context, in map[string]*tensor.Tensor) (map[string]*tensor.Tensor, error) {
	return m.session.Run(ctx, in)
}

// RunInto is [Model.Run] into the tensors of out, whose memory is used where it
// is large enough. out has a tensor for every output.
func (m *Model) RunInto(ctx context.Context, in, out map[string]*tensor.Tensor) error {
	return m.session.RunInto(ctx, in, out)
}

// Close waits for the runs under way and releases the model's memory and file.
func (m *Model) Close() error {
	err := m.session.Close()
	m.done()
	return errors.Join(err, m.source.Close())
}

// State is one sequence of a model with past/present pairs: a KV cache that the
// runs share. It may not be used by several goroutines at once.
type State struct {
	*session.State
	ports []Port
}

// NewState begins a sequence. It fails with [ErrState] if the model has no pairs.
func (m *Model) NewState() (*State, error) {
	s, err := m.session.NewState()
	if err != nil {
		return nil, err
	}
	state := &State{State: s}
	past := map[int]bool{}
	for _, p := range m.Program().States {
		past[p.Input] = true
	}
	for i, p := range m.Inputs() {
		if !past[i] {
			state.ports = append(state.ports, p)
		}
	}
	return state, nil
}

// Inputs returns the inputs of a step: those that are no pasts.
func (s *State) Inputs() []Port { return s.ports }

// SizesOf returns a shape for an input: its dims where they are numbers, those
// that are pinned by name, and 1 for others. An expression of dims is evaluated.
func SizesOf(p Port, dims map[string]int64) ([]int, error) {
	if _, known := p.Type.Rank(); !known {
		return nil, fmt.Errorf("input %q: %s says no rank", p.Name, p.Type)
	}
	all := sym.Bindings{}
	for _, name := range p.Type.Shape.Symbols() {
		all[name] = 1
	}
	for name, n := range dims {
		all[name] = n
	}
	shape, err := p.Type.Shape.Eval(all)
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", p.Name, err)
	}
	return shape, nil
}

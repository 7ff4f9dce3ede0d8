package parallax

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/catalog"
	"github.com/parallax-go/parallax/kernels/par"
	"github.com/parallax-go/parallax/onnx"
	"github.com/parallax-go/parallax/onnx/wire"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/std"
	"github.com/parallax-go/parallax/runtime/session"
)

// Source is a model that has been read and not yet made to run. The stages
// change its graph in place, so it serves for one result.
type Source struct {
	name    string // of the file; "" if there is none
	options options
	file    *wire.File // nil if the model did not come from a file
	folder  folder     // of the external data; nil likewise
	wire    *wire.Model
	graph   *ir.Graph
	catalog *kernels.Catalog
	remarks []passes.Remark
	stats   []passes.Stat
	done    bool // the passes have run
	// coarsest is the float type of the file's nodes with the fewest bits of
	// mantissa.
	coarsest tensor.DType
}

// Open reads the model in the file called name. Its file stays mapped until Close. External data
// is looked for in the model's folder.
func Open(name string, opts ...Option) (*Source, error) {
	o := newOptions(opts)
	open := wire.Open
	if o.copy {
		open = wire.ReadFile
	}
	file, err := open(name)
	if err != nil {
		return nil, err
	}
	folder, err := openFolder(filepath.Dir(name), o.copy)
	if err != nil {
		file.Close()
		return nil, err
	}
	s, err := read(file.Bytes(), folder, o)
	if err != nil {
		file.Close()
		folder.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s.name, s.file, s.folder = name, file, folder
	return s, nil
}

// folder is where external data lies. Links that leave it are refused.
type folder interface {
	fs.FS
	io.Closer
}

// openFolder maps the files of a folder, or reads them if copied.
func openFolder(name string, copied bool) (folder, error) {
	if !copied {
		return onnx.DirFS(name)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return copiedFolder{root.FS(), root}, nil
}

type copiedFolder struct {
	fs.FS
	io.Closer
}

// OpenReader reads a model from r. It can't have external data.
func OpenReader(r io.Reader, opts ...Option) (*Source, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return read(data, nil, newOptions(opts))
}

// OpenFS reads the model called name from fsys. External data is looked for in
// the model's folder of fsys.
func OpenFS(fsys fs.FS, name string, opts ...Option) (*Source, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	folder, err := fs.Sub(fsys, path.Dir(name))
	if err != nil {
		return nil, err
	}
	s, err := read(data, folder, newOptions(opts))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s.name = name
	return s, nil
}

func read(data []byte, files fs.FS, o options) (*Source, error) {
	m, err := wire.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("no ONNX model, or a damaged one: %w", err)
	}
	g, err := onnx.Import(m, onnx.Options{Files: files, Dims: o.dims})
	if err != nil && len(o.dims) > 0 {
		if _, unpinned := onnx.Import(m, onnx.Options{Files: files}); unpinned == nil {
			err = fmt.Errorf("%w: %w", ErrDim, err)
		}
	}
	if err != nil {
		return nil, err
	}
	return &Source{options: o, wire: m, graph: g, catalog: catalog.New(), coarsest: coarsest(g)}, nil
}

// mantissa is the bits of precision of the float types that are computed with.
var mantissa = map[tensor.DType]int{tensor.BFloat16: 8, tensor.Float16: 11, tensor.Float32: 24, tensor.Float64: 53}

// coarsest returns the least precise float type that g's nodes compute in, and
// Invalid if there is none.
func coarsest(g *ir.Graph) tensor.DType {
	least := tensor.Invalid
	for n := range g.All() {
		for _, v := range n.Out {
			if v == nil || mantissa[v.Type.DType] == 0 {
				continue
			}
			if least == tensor.Invalid || mantissa[v.Type.DType] < mantissa[least] {
				least = v.Type.DType
			}
		}
	}
	return least
}

// named says in which file something is wrong.
func (s *Source) named(err error) error {
	if err == nil || s.name == "" {
		return err
	}
	return fmt.Errorf("%s: %w", s.name, err)
}

// Close releases the file. It may be called more than once.
func (s *Source) Close() error {
	if s.file == nil {
		return nil
	}
	file, folder := s.file, s.folder
	s.file, s.folder = nil, nil
	return errors.Join(file.Close(), folder.Close())
}

// Graph returns the graph: as read, and optimised once Optimise has run.
func (s *Source) Graph() *ir.Graph { return s.graph }

// Dims are the names of the symbolic dimensions of the inputs as the file has them,
// sorted: those that [WithDim] may pin.
func (s *Source) Dims() []string { return onnx.Dims(s.wire) }

// Optimise runs the passes, once.
func (s *Source) Optimise(ctx context.Context) error {
	return s.named(s.optimise(ctx, s.options.target))
}

// optimiseFile is Optimise for a graph that is written as a file again: it is made
// for no target, whose nodes other runtimes don't have.
func (s *Source) optimiseFile(ctx context.Context) error { return s.named(s.optimise(ctx, "")) }

func (s *Source) optimise(ctx context.Context, target kernels.Target) error {
	if s.done {
		return nil
	}
	s.done = true
	list, err := s.options.passes()
	if err != nil {
		return err
	}
	o := s.options.passOptions()
	o.Catalog, o.Target = s.catalog, target
	result, err := passes.Run(ctx, s.graph, list, o)
	if err != nil {
		return err
	}
	s.remarks, s.stats = result.Remarks, result.Stats
	return nil
}

// passes is the selected list with the caller's passes put in.
func (o *options) passes() ([]passes.Pass, error) {
	list, err := std.Select(o.passSpec)
	if err != nil {
		return nil, err
	}
	for _, a := range o.added {
		at := 0
		if a.after != "" {
			at = 1 + slices.IndexFunc(list, func(p passes.Pass) bool { return p.Name == a.after })
			if at == 0 {
				return nil, fmt.Errorf("pass %s is to run after %s, which is not in the list", a.pass.Name, a.after)
			}
		}
		list = slices.Insert(list, at, a.pass)
	}
	return list, nil
}

// Stats returns the account of each pass that has run.
func (s *Source) Stats() []passes.Stat { return s.stats }

// Explain optimises and returns the verdict on every attention. Operators that
// are not supported don't stop it.
func (s *Source) Explain(ctx context.Context) ([]passes.Remark, error) {
	err := s.Optimise(ctx)
	return s.remarks, err
}

// Lower optimises and returns the program. Operators that are not supported are
// an *onnx.UnsupportedError that lists them all.
func (s *Source) Lower(ctx context.Context) (*codegen.Program, error) {
	p, err := s.lower(ctx)
	return p, s.named(err)
}

func (s *Source) lower(ctx context.Context) (*codegen.Program, error) {
	if unsupported := onnx.Unsupported(s.graph); unsupported != nil {
		return nil, unsupported
	}
	if err := s.optimise(ctx, s.options.target); err != nil {
		return nil, err
	}
	return codegen.Lower(s.graph, codegen.Options{
		Catalog: s.catalog, Target: s.options.target, Precision: s.options.precision, NoState: s.options.noState,
	})
}

// Load optimises, lowers and prepares the model to run. The source belongs to
// the model then, and is closed with it, or at once if Load fails.
func (s *Source) Load() (*Model, error) {
	m, err := s.load()
	if err != nil {
		s.Close()
		return nil, err
	}
	return m, nil
}

func (s *Source) load() (*Model, error) {
	p, err := s.Lower(context.Background())
	if err != nil {
		return nil, err
	}
	pool, done := s.options.workers()
	o := session.Options{MemoryLimit: s.options.memory, Pool: pool, Packed: s.release, Gathered: s.releaseAll}
	if f := s.options.profile; f != nil {
		o.Hook = func(e session.Event) { f(stepOf(e)) }
	}
	run, err := session.New(p, o)
	if err != nil {
		done()
		return nil, err
	}
	return &Model{source: s, session: run, done: done}, nil
}

func stepOf(e session.Event) Step {
	return Step{
		Kernel: e.Step.Kernel, Op: e.Step.Op, Name: e.Step.Name, Sources: e.Step.Sources, Attr: e.Step.Attr, Time: e.Took,
		In: stepValues(e.Program, e.Step.In, e.Inputs), Out: stepValues(e.Program, e.Step.Out, e.Outputs),
	}
}

func stepValues(p *codegen.Program, slots []int, tensors []*tensor.Tensor) []StepValue {
	values := make([]StepValue, len(slots))
	for i, s := range slots {
		if s >= 0 {
			values[i] = StepValue{p.Slots[s].Name, tensors[i]}
		}
	}
	return values
}

// workers returns the pool to run on, and what ends it.
func (o *options) workers() (*par.Pool, func()) {
	switch {
	case o.pool != nil:
		return o.pool, func() {}
	case o.threads <= 0:
		return par.Default(), func() {}
	}
	pool := par.New(o.threads)
	return pool, pool.Close
}

// release gives the pages of a constant that has been packed back to the system:
// they are read from the file again should anybody ask. That the system refuses is
// no reason not to run.
func (s *Source) release(weight *tensor.Tensor) {
	if s.file == nil {
		return
	}
	if at, ok := s.file.Offset(weight.Bytes()); ok {
		_ = s.file.Release(at, len(weight.Bytes()))
	} else if dir, ok := s.folder.(*onnx.Dir); ok {
		_ = dir.Release(weight.Bytes())
	}
}

// releaseAll does so for the whole file, when the model has been made of it and
// small constants have been copied.
func (s *Source) releaseAll() {
	if s.file == nil {
		return
	}
	_ = s.file.Release(0, len(s.file.Bytes()))
	if dir, ok := s.folder.(*onnx.Dir); ok {
		_ = dir.ReleaseAll()
	}
}

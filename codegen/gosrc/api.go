package gosrc

import (
	"fmt"
	"go/token"
	"strings"
	"unicode"

	"github.com/parallax-go/parallax/codegen"
)

// api prints what the package offers.
func (w *writer) api() {
	w.printf(`// Option changes how a model runs.
type Option func(*options)

type options struct {
	threads int
	run     rt.Options
}

// WithThreads limits the threads of one run; the default is GOMAXPROCS.
func WithThreads(n int) Option { return func(o *options) { o.threads = n } }

// WithMemoryLimit makes a run fail rather than plan more than so many bytes.
func WithMemoryLimit(bytes int64) Option { return func(o *options) { o.run.MemoryLimit = bytes } }

// Model is ready to run. It may be used by many goroutines at once.
type Model struct{ model *rt.Model }

// New makes a model.
func New(opts ...Option) (*Model, error) {
	var o options
	for _, apply := range opts {
		apply(&o)
	}
	pool := par.Default()
	if o.threads > 0 {
		pool = par.New(o.threads)
		o.run.Release = pool.Close
	}
	o.run.Pool = pool
	c := rt.NewConstants(weights)
	spec := spec0(c, func(f *rt.Frame) { f.Env = &cpu.Ctx{Pool: pool} })
	m, err := c.Model(spec, o.run)
	if err != nil {
		return nil, err
	}
	return &Model{m}, nil
}

// Close waits for the runs under way and releases the memory.
func (m *Model) Close() error { return m.model.Close() }

`)
	root := w.programs[0]
	ins, outs := fields(root.Inputs, nil), fields(root.Outputs, nil)
	w.structure("Inputs", "of a run", ins)
	w.structure("Outputs", "of a run", outs)
	w.printf("// %s computes the outputs, which are new tensors.\n", w.place.method)
	w.printf("func (m *Model) %s(ctx context.Context, in Inputs) (Outputs, error) {\n", w.place.method)
	w.printf("out := Outputs{%s}\nerr := m.%sInto(ctx, in, out)\nreturn out, err\n}\n\n", newTensors(outs), w.place.method)
	w.printf("// %sInto computes the outputs into the tensors of out, whose memory is used where\n// it is large enough.\n", w.place.method)
	w.printf("func (m *Model) %sInto(ctx context.Context, in Inputs, out Outputs) error {\n", w.place.method)
	w.printf("return m.model.Run(ctx, %s, %s)\n}\n\n", tensorList("in", ins), tensorList("out", outs))
	if len(root.States) > 0 {
		w.state(root)
	}
}

// state prints State: the model with its past/present pairs kept.
func (w *writer) state(p *codegen.Program) {
	past, present := map[int]bool{}, map[int]bool{}
	for _, s := range p.States {
		past[s.Input], present[s.Output] = true, true
	}
	ins, outs := fields(p.Inputs, past), fields(p.Outputs, present)
	w.structure("StepInputs", "of one step of a sequence", ins)
	w.structure("StepOutputs", "of one step of a sequence", outs)
	w.printf(`// State is one sequence: the model with its past inputs and present outputs kept
// from step to step. It serves one step at a time.
type State struct{ *rt.State }

// NewState begins a sequence.
func (m *Model) NewState() (*State, error) {
	s, err := m.model.NewState()
	return &State{s}, err
}

// Clone returns a state that continues on its own from here.
func (s *State) Clone() *State { return &State{s.State.Clone()} }

`)
	w.printf("// %s runs one step.\nfunc (s *State) %s(ctx context.Context, in StepInputs) (StepOutputs, error) {\n", w.place.method, w.place.method)
	w.printf("out := StepOutputs{%s}\nerr := s.State.Run(ctx, %s, %s)\nreturn out, err\n}\n\n", newTensors(outs), tensorList("in", ins), tensorList("out", outs))
}

// field is one input or output; an empty name is a place that is left nil.
type field struct{ name, port, typ string }

// fields names the ports as struct fields: exported, unique. Those skipped keep
// their place.
func fields(ports []codegen.Port, skip map[int]bool) []field {
	taken := map[string]bool{}
	list := make([]field, len(ports))
	for i, p := range ports {
		if skip[i] {
			continue
		}
		base := exported(p.Name)
		name := base
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s%d", base, n)
		}
		taken[name] = true
		list[i] = field{name, p.Name, p.Type.String()}
	}
	return list
}

// exported makes a Go name of a tensor's: input_ids becomes InputIds.
func exported(name string) string {
	var b strings.Builder
	upper := true
	for _, c := range name {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			upper = true
			continue
		}
		if upper {
			c = unicode.ToUpper(c)
		}
		upper = false
		b.WriteRune(c)
	}
	s := b.String()
	if !token.IsIdentifier(s) || !token.IsExported(s) {
		s = "T" + s
	}
	return s
}

func (w *writer) structure(name, what string, list []field) {
	w.printf("// %s are the tensors %s.\ntype %s struct {\n", name, what, name)
	for _, f := range list {
		if f.name != "" {
			w.printf("%s *tensor.Tensor // %q, %s\n", f.name, f.port, printable(f.typ))
		}
	}
	w.printf("}\n\n")
}

func newTensors(list []field) string {
	var parts []string
	for _, f := range list {
		if f.name != "" {
			parts = append(parts, f.name+": &tensor.Tensor{}")
		}
	}
	return strings.Join(parts, ", ")
}

func tensorList(v string, list []field) string {
	parts := make([]string, len(list))
	for i, f := range list {
		parts[i] = "nil"
		if f.name != "" {
			parts[i] = v + "." + f.name
		}
	}
	return "[]*tensor.Tensor{" + strings.Join(parts, ", ") + "}"
}

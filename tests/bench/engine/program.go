package engine

import (
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/parallax-go/parallax/ir/tensor"
)

// Program is a generated package's model, as its worker hands it to [ServeProgram]:
// functions of tensors in the order of the names.
type Program struct {
	Inputs, Outputs []string
	Run             func(in, out []*tensor.Tensor) error
	Close           func() error

	// Of a State, if the model has one.
	StateInputs, StateOutputs []string
	Reset                     func()
	Step                      func(in []*tensor.Tensor) ([]*tensor.Tensor, error)
}

// ServeProgram is [Serve] for a generated package, whatever model a request names.
func ServeProgram(in io.Reader, out io.Writer, open func(threads int) (*Program, error)) error {
	return serve(in, out, func(s Setup) (job, error) {
		arrays, err := readArrays(s.Inputs)
		if err != nil {
			return nil, err
		}
		p, err := open(s.Threads)
		if err != nil {
			return nil, err
		}
		switch {
		case s.Mode == Run:
			return newProgramRun(p, arrays), nil
		case s.Mode == Decode && p.Step != nil:
			return newDecoding(programState{p}, s, arrays)
		}
		return nil, fmt.Errorf("the generated package does not %s", s.Mode)
	})
}

// Fields are the tensors of a generated package's struct.
func Fields(of any) []*tensor.Tensor {
	v := reflect.ValueOf(of)
	all := make([]*tensor.Tensor, v.NumField())
	for i := range all {
		all[i] = v.Field(i).Interface().(*tensor.Tensor)
	}
	return all
}

// programRun is [running] for a Program.
type programRun struct {
	*Program
	in, out []*tensor.Tensor
}

func newProgramRun(p *Program, in map[string]*tensor.Tensor) *programRun {
	r := &programRun{Program: p, in: listed(p.Inputs, in)}
	for range p.Outputs {
		r.out = append(r.out, &tensor.Tensor{})
	}
	return r
}

func (r *programRun) run() ([]int64, error) {
	start := time.Now()
	err := r.Run(r.in, r.out)
	return []int64{time.Since(start).Nanoseconds()}, err
}

func (r *programRun) outputs() (map[string]*tensor.Tensor, error) {
	_, err := r.run()
	return named(r.Outputs, r.out), err
}

func (r *programRun) close() error { return r.Close() }

// programState is [stateful] for a Program.
type programState struct{ *Program }

func (s programState) begin() { s.Reset() }

func (s programState) step(in, _ map[string]*tensor.Tensor) (map[string]*tensor.Tensor, error) {
	out, err := s.Step(listed(s.StateInputs, in))
	return named(s.StateOutputs, out), err
}

func (s programState) close() error { return s.Close() }

func listed(names []string, all map[string]*tensor.Tensor) []*tensor.Tensor {
	list := make([]*tensor.Tensor, len(names))
	for i, name := range names {
		list[i] = all[name]
	}
	return list
}

func named(names []string, list []*tensor.Tensor) map[string]*tensor.Tensor {
	all := map[string]*tensor.Tensor{}
	for i, t := range list {
		all[names[i]] = t
	}
	return all
}

package rt

import (
	"errors"
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
)

// What can be wrong with a run; match with errors.Is. ErrInput matches every
// error about inputs.
var (
	ErrInput        = errors.New("wrong input")
	ErrInputMissing = errors.New("input is missing")
	ErrInputUnknown = errors.New("there is no such input")
	ErrInputType    = errors.New("wrong element type")
	ErrInputShape   = errors.New("wrong shape")
	ErrOutput       = errors.New("wrong output")
	ErrState        = errors.New("wrong use of a state")
	ErrTooLarge     = errors.New("too large")
	ErrCancelled    = errors.New("run cancelled")
	ErrClosed       = errors.New("model is closed")
)

// InputError says what is wrong with one input.
type InputError struct {
	Name   string
	Want   string // type and shape, as the model declares them
	Got    string
	Detail string // which axis, and why
	Err    error  // one of the sentinels
}

// Error names the input, and both sides.
func (e *InputError) Error() string {
	s := fmt.Sprintf("input %q: %v", e.Name, e.Err)
	switch {
	case e.Got != "":
		s += fmt.Sprintf(": got %s, want %s", e.Got, e.Want)
	case e.Want != "":
		s += ", want " + e.Want
	}
	if e.Detail != "" {
		s += " (" + e.Detail + ")"
	}
	return s
}

// Unwrap returns the sentinels that match.
func (e *InputError) Unwrap() []error { return []error{ErrInput, e.Err} }

func inputError(p *Port, t *tensor.Tensor, err error, detail string) error {
	return &InputError{Name: p.Name, Want: p.Type, Got: t.String(), Detail: detail, Err: err}
}

// StepError says at which step a run failed.
type StepError struct {
	Step *Step
	Err  error
}

// Error names the node and its operator.
func (e *StepError) Error() string { return fmt.Sprintf("%s: %v", e.Step, e.Err) }

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Err }

// LimitError says that a run needs more memory than it may have.
type LimitError struct{ Need, Limit int64 }

// Error gives both.
func (e *LimitError) Error() string {
	return fmt.Sprintf("the run needs %d bytes of memory, the limit is %d", e.Need, e.Limit)
}

// Unwrap returns ErrTooLarge.
func (e *LimitError) Unwrap() error { return ErrTooLarge }

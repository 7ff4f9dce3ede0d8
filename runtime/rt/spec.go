package rt

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
)

// Spec describes a program: what is fixed before any input is seen.
type Spec struct {
	Name    string
	Numbers int // how many numbers sizes are made of
	// Inherited are the numbers that a child takes from its parent.
	Inherited []Inherited
	Binds     []Bind
	Solves    []Solve
	Cuts      []Cut // Cuts[0] is the start

	Slots   []Slot
	Inputs  []Port
	Outputs []Port
	States  []StatePair
	Caches  []Cache
	Steps   []Step

	// Children are the bodies of control-flow steps.
	Children []*Spec
	// Captures is how many of the last inputs of a child are captured.
	Captures int
	// Setup prepares a new frame, before its first run; may be nil.
	Setup func(*Frame)
	// Run runs the steps.
	Run func(*Frame) error
}

// Dim is a size: a number that is not negative, or [Num](i).
type Dim int64

// Num is the Dim that numbers[i] holds.
func Num(i int) Dim { return ^Dim(i) }

// Unknown is the Dim of an axis that may have any size.
const Unknown Dim = -1 << 63

// Inherited says that Number is number Parent of the parent.
type Inherited struct{ Number, Parent int }

// Bind says that the extent of an input along Axis is Number.
type Bind struct{ Input, Axis, Number int }

// Solve binds Number so that the extent of an input along Axis is what Dim
// gives, which is linear in that number.
type Solve struct {
	Input, Axis, Number int
	Dim                 func(n []int64) int64
}

// Cut is a point at which numbers become known.
type Cut struct {
	Fresh  []Extent
	Derive func(n []int64) // computes numbers from others; may be nil
	Dims   []int           // slots filled from numbers
}

// Extent says that Number is the extent of Slot along Axis.
type Extent struct{ Number, Slot, Axis int }

// Kind says where a slot's memory comes from.
type Kind uint8

// The kinds of slot.
const (
	Arena  Kind = iota // planned by lifetime, once the numbers are known
	Heap               // size known only from the data: a buffer of its own
	Boxed              // strings: elements are Go values
	Kept               // an input or output that a State may keep
	Weight             // a constant packed for its kernel
	Const              // a constant
	Input              // the caller's
	Output             // handed to the caller
	Dims               // filled from numbers
	View               // the memory of slot Of under another shape
	Room               // of a Cache: with room for more than the slot's shape
)

// Slot is the place of one value.
type Slot struct {
	Kind        Kind
	DType       tensor.DType
	Shape       []Dim // of Arena, Dims, View, and of others where it is known
	First, Last int   // steps from and to which the memory is in use
	Of          int   // View: the slot renamed
	Contents    []int // Dims: the numbers that are the elements
	Stateless   bool  // the run of a State has no use for it
}

// Port is an input or output.
type Port struct {
	Name  string
	Slot  int
	DType tensor.DType
	Shape []Dim  // nil: any rank
	Type  string // for messages: f32[batch, 4]
}

// StatePair is an input that takes what an output was in the run before. It
// grows along Axis, or has a fixed shape (-1).
type StatePair struct {
	Input, Output, Axis int
	Batch               int // the axis that counts the sequences
}

// Cache is a state, or a part of it, in the form that a step appends to in place:
// positions of [batch, heads, length, size], with room for more.
type Cache struct {
	State int // index in Spec.States
	Slot  int // of kind Room; its shape is that after the run
	// Part is the index along the state's first axis, of a state that stacks
	// several caches; else −1.
	Part int
	// Perm are the cache's axes in the order in which the state, but for the axis
	// of parts, runs over them. The batch comes first in both.
	Perm []int
}

// Step describes one step for messages and profiles. Control-flow steps are run
// from it as well.
type Step struct {
	Name   string // of the node in the file
	Op     string
	Kernel string
	// Sources are the nodes of the file that the step stands for.
	Sources []string

	In, Out  []int     // slots; -1: left out
	Children []int     // indices in Spec.Children
	Scan     *ScanPlan // of a Scan
}

// ScanPlan holds the attributes of a Scan, with every list complete.
type ScanPlan struct {
	Inputs     int // how many of the operands are scanned
	InAxes     []int
	InReverse  []bool
	OutAxes    []int
	OutReverse []bool
}

// String is the step in a message: node "/layer/MatMul" (MatMul).
func (s *Step) String() string { return fmt.Sprintf("node %q (%s)", s.Name, s.Op) }

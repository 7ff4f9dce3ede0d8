package codegen

import (
	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels"
)

// Program is a graph made ready to run for one target. The bodies of If, Loop
// and Scan are programs too, children of their step.
type Program struct {
	Name   string
	Target kernels.Target

	// Numbers are the integers that sizes are made of: symbols bound from the
	// inputs, symbols known once a step has run, and expressions of them.
	Numbers []Number
	// Outer are the numbers of a child that are its parent's.
	Outer []Inherited
	// Binds are the places in the inputs' shapes where symbols stand alone: a
	// symbol takes its value from the first that is there, the rest are checked.
	Binds []Bind
	// Solves bind symbols that occur in the inputs' shapes only within
	// expressions, in order.
	Solves []Solve
	// Cuts are the points at which numbers become known. Cuts[0] is the start.
	Cuts []Cut

	Slots   []Slot
	Inputs  []Port
	Outputs []Port
	// Captures is how many of the last inputs of a child are captured.
	Captures int
	Steps    []Step
	// States are the inputs that a run can take from the run before.
	States []StatePair
	// Caches are the parts of states that a step appends to in place.
	Caches []Cache
}

// Dim is a size: a number that is not negative, or ^i for Numbers[i].
type Dim int64

// Number is one integer known at the latest when its cut is reached.
type Number struct {
	Dim    sym.Dim
	Origin Origin
	Cut    int
}

// Origin says where a number comes from.
type Origin uint8

// The origins.
const (
	FromOuter   Origin = iota // copied from the parent
	FromInput                 // see Program.Binds
	FromSolve                 // see Program.Solves
	FromStep                  // an extent of what a step made; see Cut.Fresh
	FromFormula               // Dim evaluated
)

// Bind says that the extent of an input along Axis is Number.
type Bind struct{ Input, Axis, Number int }

// Inherited says that Number is number Parent of the parent.
type Inherited struct{ Number, Parent int }

// Solve binds Number so that the input's extent along Axis is Dim, which is
// linear in that one symbol.
type Solve struct {
	Input, Axis int
	Number      int
	Dim         sym.Dim
}

// Cut is a point at which numbers become known: those with its index, and with
// them the contents of dims slots.
type Cut struct {
	Fresh []Extent
	Dims  []int // slots
}

// Extent says that Number is the extent of Slot along Axis.
type Extent struct{ Number, Slot, Axis int }

// Kind says where a slot's memory comes from.
type Kind uint8

// The kinds of slot.
const (
	Arena  Kind = iota // planned by lifetime, once the symbols are bound
	Heap               // size known only from the data: a buffer of its own
	Boxed              // strings: elements are Go values
	Kept               // an input or output that can be kept between runs: state
	Weight             // a constant that its kernel wants packed
	Const              // a constant as it lies in the file
	Input              // the caller's
	Output             // handed to the caller
	Dims               // filled from numbers
	View               // the memory of slot Of under another shape
	Room               // of a Cache: with room for more than the slot's shape
)

var kindNames = [...]string{"arena", "heap", "boxed", "state", "weight", "const", "input", "output", "dims", "view", "cache"}

// String is the name of k in lower case.
func (k Kind) String() string { return kindNames[k] }

// Slot is the place of one value.
type Slot struct {
	Kind  Kind
	DType tensor.DType
	// Shape is the shape where it can be told from the numbers; HasShape says so.
	Shape    []Dim
	HasShape bool
	// First and Last are the steps that the slot's memory is in use from and to:
	// the one that fills it and the last one that reads it or a view of it.
	First, Last int

	// Stateless slots hold nothing in the run of a State: see Step.Stateless.
	Stateless bool

	Of       int            // View: the slot renamed
	Contents []int          // Dims: the numbers that are the elements
	Tensor   *tensor.Tensor // Const, Weight
	Layout   string         // Weight: see kernels.Packing
	Name     string         // of the value in the file, if it has one
}

// Port is an input or output.
type Port struct {
	Name string
	Slot int
	Type ir.Type
	// Shape has one Dim per axis, Unknown where no number tells it at the start.
	// It is nil for an unknown rank.
	Shape []Dim
}

// Unknown is the Dim of an axis that has no number.
const Unknown Dim = -1 << 63

// Step calls one kernel.
type Step struct {
	Kernel   string // ID in the catalog, or one of the Kernel… constants
	Op       string // qualified name of the operator
	Attr     any
	In, Out  []int // slots; -1: left out
	Name     string
	Sources  []string // the nodes of the file that the step stands for
	Children []*Program
	Scan     *ScanPlan // of a KernelScan
	Cut      int       // of a KernelCut
	Append   *Append   // how the run of a State does the step; nil: in the same way
	// Stateless steps only bring states to and from the form that others append to
	// in place: the run of a State goes without them.
	Stateless bool
}

// Append is a step that continues caches in place, instead of making the longer
// ones that its last outputs are.
type Append struct {
	Kernel string // takes the number of positions kept, and the first output alone
	Caches []int  // indices in Program.Caches
	In     []int  // slots, as of the step, but the caches where it has its pasts
}

// ScanPlan holds the attributes of a Scan with every list complete.
type ScanPlan struct {
	Inputs     int // how many of the operands are scanned
	InAxes     []int
	InReverse  []bool
	OutAxes    []int
	OutReverse []bool
}

// Steps that are no calls of kernels.
const (
	KernelView = "rt.View" // Out[0] is In[0] under the shape of slot Out[0]
	KernelCut  = "rt.Cut"  // numbers become known
	KernelIf   = "rt.If"
	KernelLoop = "rt.Loop"
	KernelScan = "rt.Scan"
)

// StatePair is an input that takes what an output was in the run before: a KV cache
// that grows along Axis, or a recurrent state of fixed shape (Axis -1).
type StatePair struct {
	Input, Output int // indices of ports
	Axis          int
	Batch         int // the axis that counts the sequences
}

// Cache is a state, or a part of it, in the form that a step appends to in place:
// positions of [batch, heads, length, size].
type Cache struct {
	State int // index in Program.States
	Slot  int // of kind Room; its shape is that after the run
	// Part is the index along the state's first axis, of a state that stacks
	// several caches; else −1.
	Part int
	// Perm are the cache's axes in the order in which the state, but for the axis
	// of parts, runs over them.
	Perm []int
}

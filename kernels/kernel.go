package kernels

import (
	"fmt"
	"strings"

	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// Target is what a program is made for.
type Target string

// The targets.
const (
	Ref Target = "ref" // kernels/ref alone: slow, obviously right
	CPU Target = "cpu" // kernels/cpu, and kernels/ref for the long tail
)

// Precision is what products with constant weights, and those of fused attention, are
// computed in.
type Precision string

// The precisions. In BF16 both operands are rounded to bf16 where the processor
// multiplies that, else constant weights alone; sums are f32. In INT8, what is multiplied
// with weights of 4 or 8 bits in blocks is rounded to 8 bits, block by block, where the
// processor multiplies bytes; all else is in f32.
const (
	F32  Precision = "f32" // f32; the zero value is the same
	BF16 Precision = "bf16"
	INT8 Precision = "int8"
)

// Precisions lists them all.
func Precisions() []Precision { return []Precision{F32, BF16, INT8} }

// Operand is what is known of an operand or output when the kernel is chosen.
// The zero value stands for one that is left out.
type Operand struct {
	Present bool
	DType   tensor.DType
	HasRank bool // Shape is valid
	Shape   sym.Shape
	Const   *tensor.Tensor // the contents, if they are known
}

// String prints o as the IR prints types.
func (o Operand) String() string {
	switch {
	case !o.Present:
		return "_"
	case !o.HasRank:
		return o.DType.String() + "[*]"
	}
	return o.DType.String() + o.Shape.String()
}

// Rank returns the rank, or -1 if it is not known.
func (o Operand) Rank() int {
	if !o.HasRank {
		return -1
	}
	return len(o.Shape)
}

// Case is one use of an operator.
type Case struct {
	Op   string // qualified name
	Attr any    // the operator's struct of package attr, or nil
	In   []Operand
	Out  []Operand
	// Precision is what the caller is content with.
	Precision Precision
}

// Operand returns operand i, and the zero Operand if it is left out.
func (c Case) Operand(i int) Operand {
	if i < 0 || i >= len(c.In) {
		return Operand{}
	}
	return c.In[i]
}

// String prints the case for messages: "Softmax(f32[batch, 4])".
func (c Case) String() string {
	parts := make([]string, len(c.In))
	for i, o := range c.In {
		parts[i] = o.String()
	}
	return fmt.Sprintf("%s(%s)", c.Op, strings.Join(parts, ", "))
}

// Kernel is one way to compute an operator.
type Kernel struct {
	ID string // "cpu.MatMul": package and function
	Op string // qualified name of the operator
	// Reference kernels compute everything, slowly: a node that only they serve is
	// better left in the form that the fast ones know.
	Reference bool
	// Accepts returns why the kernel can't serve a case; nil: it serves all.
	Accepts func(Case) error
	// Pack returns which constant operands the kernel wants packed, and in which
	// layout; nil: none.
	Pack func(Case) []Packing
	// Append is the ID of the same kernel on caches in place: it takes the number of
	// positions that they hold, writes the new ones behind them, and computes the
	// first output alone. "": there is none.
	Append string
}

// Packing asks for a constant operand in a layout of the kernel's own. Layout
// names the function that packs, "cpu.PackB", or calls one that makes it for a
// part: "cpu.PackColumns(0, 64)".
type Packing struct {
	Operand int
	Layout  string
}

// Refusal says why a kernel was not chosen.
type Refusal struct {
	Kernel string
	Reason error
}

// String is "cpu.MatMul: why".
func (r Refusal) String() string { return fmt.Sprintf("%s: %v", r.Kernel, r.Reason) }

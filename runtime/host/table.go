package host

import (
	"sync"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/catalog"
	"github.com/parallax-go/parallax/kernels/cpu"
	"github.com/parallax-go/parallax/kernels/eval"
	"github.com/parallax-go/parallax/kernels/par"
)

// Func calls a kernel with a step's attributes, outputs and operands; nil
// stands for one that is left out.
type Func func(c *cpu.Ctx, a any, out, in []*tensor.Tensor) error

// Appender calls a kernel that continues caches in place: past is how many
// positions they hold.
type Appender func(c *cpu.Ctx, past int, a any, out, in []*tensor.Tensor) error

// Packer lays a weight out as a kernel wants it, on the pool.
type Packer func(pool *par.Pool, packed, weight *tensor.Tensor) error

// Table finds functions by name: those of kernels by the kernels' IDs, in place or
// not, those that pack weights by the layouts.
type Table struct {
	Kernels   map[string]Func
	Appenders map[string]Appender
	Packers   map[string]Packer
}

// Kernels returns the functions of this build. The table is shared and must not
// be written to.
var Kernels = sync.OnceValue(func() *Table {
	table := &Table{Kernels: map[string]Func{}, Appenders: map[string]Appender{}, Packers: map[string]Packer{}}
	for name, f := range fast {
		table.Kernels[catalog.CPUPrefix+name] = f
	}
	for name, f := range appenders {
		table.Appenders[catalog.CPUPrefix+name] = f
	}
	for name, f := range packers {
		table.Packers[catalog.CPUPrefix+name] = f
	}
	for _, r := range eval.Rows() {
		table.Kernels[catalog.RefPrefix+r.Name] = reference(r.Call)
	}
	return table
})

func reference(call eval.Func) Func {
	return func(_ *cpu.Ctx, a any, out, in []*tensor.Tensor) error { return call(a, out, in) }
}

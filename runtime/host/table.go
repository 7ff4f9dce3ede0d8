package host

import (
	"fmt"
	"strings"
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
	// PartPackers are found by the layout up to its numbers.
	PartPackers map[string]func(from, to int) Packer
}

// packer returns what lays a weight out; nil if the table has nothing for it.
func (t *Table) packer(layout string) Packer {
	name, numbers, part := strings.Cut(layout, "(")
	if !part {
		return t.Packers[layout]
	}
	var from, to int
	if _, err := fmt.Sscanf(numbers, "%d, %d)", &from, &to); err != nil || t.PartPackers[name] == nil {
		return nil
	}
	return t.PartPackers[name](from, to)
}

// Kernels returns the functions of this build. The table is shared and must not
// be written to.
var Kernels = sync.OnceValue(func() *Table {
	table := &Table{Kernels: map[string]Func{}, Appenders: map[string]Appender{}, Packers: map[string]Packer{}, PartPackers: map[string]func(from, to int) Packer{}}
	for name, f := range fast {
		table.Kernels[catalog.CPUPrefix+name] = f
	}
	for name, f := range appenders {
		table.Appenders[catalog.CPUPrefix+name] = f
	}
	for name, f := range packers {
		table.Packers[catalog.CPUPrefix+name] = f
	}
	for name, f := range partPackers {
		table.PartPackers[catalog.CPUPrefix+name] = f
	}
	for _, r := range eval.Rows() {
		table.Kernels[catalog.RefPrefix+r.Name] = reference(r.Call)
	}
	return table
})

func reference(call eval.Func) Func {
	return func(_ *cpu.Ctx, a any, out, in []*tensor.Tensor) error { return call(a, out, in) }
}

package kernels

import (
	"fmt"
	"slices"
	"strings"
)

// Catalog holds the kernels of each target in order of preference.
type Catalog struct {
	rows map[Target]map[string][]Kernel // by operator
}

// Add appends kernels for a target: those added first are tried first. Catalogs
// are not changed once they are in use.
func (c *Catalog) Add(target Target, kernels ...Kernel) {
	if c.rows == nil {
		c.rows = map[Target]map[string][]Kernel{}
	}
	if c.rows[target] == nil {
		c.rows[target] = map[string][]Kernel{}
	}
	for _, k := range kernels {
		c.rows[target][k.Op] = append(c.rows[target][k.Op], k)
	}
}

// Select returns the first kernel for target that accepts the case, and why
// those before it did not. If none does, the kernel is the zero Kernel.
func (c *Catalog) Select(target Target, use Case) (Kernel, []Refusal) {
	var refusals []Refusal
	for _, k := range c.rows[target][use.Op] {
		var why error
		if k.Accepts != nil {
			why = k.Accepts(use)
		}
		if why == nil {
			return k, refusals
		}
		refusals = append(refusals, Refusal{k.ID, why})
	}
	return Kernel{}, refusals
}

// Kernels returns the kernels of target, sorted by operator and in order of
// preference within one.
func (c *Catalog) Kernels(target Target) []Kernel {
	var all []Kernel
	for _, rows := range c.rows[target] {
		all = append(all, rows...)
	}
	slices.SortStableFunc(all, func(a, b Kernel) int { return strings.Compare(a.Op, b.Op) })
	return all
}

// Targets returns the targets that have kernels, sorted.
func (c *Catalog) Targets() []Target {
	var all []Target
	for t := range c.rows {
		all = append(all, t)
	}
	slices.Sort(all)
	return all
}

// NoKernelError says that a target can't compute a case.
type NoKernelError struct {
	Target   Target
	Case     Case
	Refusals []Refusal
}

// Error lists what was tried.
func (e *NoKernelError) Error() string {
	if len(e.Refusals) == 0 {
		return fmt.Sprintf("target %s has no kernel for %s", e.Target, e.Case.Op)
	}
	parts := make([]string, len(e.Refusals))
	for i, r := range e.Refusals {
		parts[i] = r.String()
	}
	return fmt.Sprintf("target %s has no kernel for %s (%s)", e.Target, e.Case, strings.Join(parts, "; "))
}

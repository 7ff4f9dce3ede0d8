package catalog

import (
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/eval"
)

// New returns the catalog of every target of this build. The reference kernels
// are the long tail of the CPU: they compute what no fast kernel accepts.
func New() *kernels.Catalog {
	c := &kernels.Catalog{}
	c.Add(kernels.Ref, reference()...)
	c.Add(kernels.CPU, append(fastKernels(), reference()...)...)
	return c
}

// RefPrefix begins the IDs of the reference kernels.
const RefPrefix = "ref."

// reference returns a row for every function of kernels/ref; they accept every
// case.
func reference() []kernels.Kernel {
	var rows []kernels.Kernel
	for _, r := range eval.Rows() {
		rows = append(rows, kernels.Kernel{ID: RefPrefix + r.Name, Op: r.Op.QualifiedName(), Reference: true})
	}
	return rows
}

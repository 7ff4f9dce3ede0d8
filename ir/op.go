package ir

// Op describes an operator. Operators are compared by pointer; the descriptors
// of the standard ones are in package op.
type Op struct {
	Name   string
	Domain string // "" is ai.onnx
	Doc    string // one line

	MinIn, MaxIn   int // MaxIn −1: no limit
	MinOut, MaxOut int

	// Commutative: the first two operands may be swapped.
	Commutative bool
	// Impure operators (random numbers) are neither merged, folded nor
	// evaluated at another place; dead ones may still be removed.
	Impure bool
	// Elementwise: the outputs' elements depend on the operands' broadcast
	// elements at the same place only.
	Elementwise bool
	// Regions is the number of bodies: 2 for If, 1 for Loop and Scan.
	Regions int

	// Attr makes the attribute struct with defaults; nil: no attributes.
	Attr func() any

	// Infer sets the types of the outputs, and their symbolic contents where
	// they are known.
	Infer func(*Infer) error

	// Decompose builds the operator's meaning from standard operators: the
	// semantics, the fallback and the oracle of a fused node. nil for the rest.
	// The nodes are made in b; the result replaces the node's outputs.
	Decompose func(b *Builder, n *Node) ([]*Value, error)
}

// QualifiedName is Name with the domain in front unless that is ai.onnx.
func (o *Op) QualifiedName() string {
	if o.Domain == "" {
		return o.Name
	}
	return o.Domain + "." + o.Name
}

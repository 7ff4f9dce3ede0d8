package tensor

// Value is anything that an ONNX value can be at run time: *Tensor, *Sequence,
// *Optional or *Map.
type Value interface{ isValue() }

// Sequence is an ordered list of values of one type.
type Sequence struct{ Elems []Value }

// Optional holds a value or nothing (nil).
type Optional struct{ Elem Value }

// Map holds the entries of an ONNX map in the order of the file; Keys is an
// integer or string tensor of rank 1 with as many elements as Values.
type Map struct {
	Keys   *Tensor
	Values []Value
}

func (*Tensor) isValue()   {}
func (*Sequence) isValue() {}
func (*Optional) isValue() {}
func (*Map) isValue()      {}

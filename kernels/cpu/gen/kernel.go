package main

// kernel is the description of one function.
type kernel struct {
	name     string
	params   []param
	describe func(b *builder)
}

// family is a field of type Kernels: a function, or an array of functions that
// differ in shape.
type family struct {
	field, doc string
	size       int // of the array; 0: one function
	params     []param
	indices    func(l *level) []int // that the level has; nil: one function
	on         func(l *level) bool  // the levels that have the field; nil: all
	describe   func(b *builder, index int)
}

func ints(names ...string) []param     { return paramsOf("int", names) }
func pointers(names ...string) []param { return paramsOf("*float32", names) }
func words(names ...string) []param    { return paramsOf("*uint16", names) }
func longs(names ...string) []param    { return paramsOf("*uint64", names) }
func numbers(names ...string) []param  { return paramsOf("float32", names) }

func paramsOf(typ string, names []string) []param {
	list := make([]param, len(names))
	for i, name := range names {
		list[i] = param{name: name, typ: typ}
	}
	return list
}

// upTo are the indices 1 … n.
func upTo(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i + 1
	}
	return list
}

package onnx

import (
	"cmp"
	"slices"
)

// Supported is an operator that files may hold.
type Supported struct {
	Name     string  // qualified name in the file
	IR       string  // qualified name of the canonical operator; "": several, or none
	Versions []int64 // the since-versions of the forms that are read, ascending
}

// SupportedOperators lists the operators that are read, sorted by name.
func SupportedOperators() []Supported {
	var list []Supported
	for name, forms := range rules {
		s := Supported{Name: qualified(name.domain, name.name)}
		for _, r := range slices.Backward(forms) {
			s.Versions = append(s.Versions, r.since)
		}
		if newest := forms[0].op; newest != nil {
			s.IR = newest.QualifiedName()
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Supported) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

package upgrade

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/tensor"
)

// fill gives the new parameters the contents of weights, by name.
func (u *upgrader) fill(weights map[string]*tensor.Tensor) error {
	if weights == nil {
		return nil
	}
	var faults []string
	known := map[string]bool{}
	for _, v := range u.parameters {
		if known[v.Name] {
			continue // of a twin
		}
		known[v.Name] = true
		if fault := faultOf(v, weights[v.Name]); fault != "" {
			faults = append(faults, fault)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		if !known[name] {
			faults = append(faults, fmt.Sprintf("%s %s is no parameter of an upgraded attention", name, weights[name]))
		}
	}
	if len(faults) > 0 {
		return &WeightsError{faults}
	}
	filled := map[string]*tensor.Tensor{}
	for _, v := range u.parameters {
		if filled[v.Name] == nil {
			filled[v.Name] = converted(weights[v.Name], v.Const.DType)
		}
		v.Const = filled[v.Name]
	}
	return nil
}

// converted returns t in another float type.
func converted(t *tensor.Tensor, d tensor.DType) *tensor.Tensor {
	out := tensor.New(d, t.Shape...)
	for i := range t.Len() {
		out.SetFloat(i, t.FloatAt(i))
	}
	return out
}

// faultOf says what is wrong with t as the contents of v; "" if nothing is.
func faultOf(v *ir.Value, t *tensor.Tensor) string {
	switch {
	case t == nil:
		return fmt.Sprintf("%s %s is missing", v.Name, v.Const)
	case !t.DType.IsFloat():
		return fmt.Sprintf("%s is %s, want floats", v.Name, t)
	case !tensor.SameShape(t.Shape, v.Const.Shape):
		return fmt.Sprintf("%s is %s, want %s", v.Name, t, v.Const)
	}
	return ""
}

// WeightsError says which weights don't fit the parameters.
type WeightsError struct{ Faults []string }

func (e *WeightsError) Error() string {
	return "the weights don't fit: " + strings.Join(e.Faults, "; ")
}

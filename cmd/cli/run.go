package cli

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/ir/tensor"
)

func newRun(s *session) *cobra.Command {
	var in inputFlags
	var out, data string
	var steps int
	cmd := &cobra.Command{
		Use:   "run MODEL",
		Short: "Run a model once, or several steps with its state",
		Args:  oneModel,
		RunE: func(cmd *cobra.Command, args []string) error {
			if data != "" {
				in.data = []string{data}
			}
			if steps < 1 {
				return errorf("--steps %d is less than 1", steps)
			}
			if out != "" && strings.ToLower(filepath.Ext(out)) != ".npz" {
				return errorf("-o %s: outputs are written as .npz", out)
			}
			m, err := s.load(args[0])
			if err != nil {
				return err
			}
			defer m.Close()
			inputs, err := in.gather(m, s.dimMap())
			if err != nil {
				return fail(exitInput, err)
			}
			outputs, err := runSteps(cmd.Context(), m, inputs, steps)
			if err != nil {
				return failRun(err)
			}
			if out != "" {
				return fail(exitInput, writeNPZ(out, outputs))
			}
			return s.showTensors(m.Outputs(), outputs)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVarP(&in.files, "input", "i", nil, "`name=FILE` (.npy, .npz, .pb, .json), or FILE.npz with all inputs")
	f.StringVar(&data, "data", "", "`DIR` with input_0.pb …")
	in.addFill(cmd)
	f.IntVar(&steps, "steps", 1, "run `N` times, each from the state that the one before left")
	f.StringVarP(&out, "output", "o", "", "write the outputs to `FILE.npz`")
	s.addTarget(cmd)
	return cmd
}

// runSteps runs m, with a state if there are several steps.
func runSteps(ctx context.Context, m *parallax.Model, inputs map[string]*tensor.Tensor, steps int) (map[string]*tensor.Tensor, error) {
	if steps == 1 {
		return m.Run(ctx, inputs)
	}
	state, err := m.NewState()
	if err != nil {
		return nil, err
	}
	own := map[string]*tensor.Tensor{}
	for _, p := range state.Inputs() {
		own[p.Name] = inputs[p.Name]
	}
	var outputs map[string]*tensor.Tensor
	for range steps {
		if outputs, err = state.Run(ctx, own); err != nil {
			return nil, err
		}
	}
	return outputs, nil
}

// shown is the JSON form of a tensor: its data in full, row-major.
type shown struct {
	Name  string `json:"name"`
	DType string `json:"dtype"`
	Shape []int  `json:"shape"`
	Data  []any  `json:"data"`
}

func (s *session) showTensors(ports []parallax.Port, tensors map[string]*tensor.Tensor) error {
	list := []shown{}
	for _, p := range ports {
		t := tensors[p.Name]
		if t == nil {
			continue
		}
		if !s.json {
			fmt.Fprintf(s.stdout, "%s  %s%s  %s\n", p.Name, t.DType, tensor.ShapeString(t.Shape), preview(t))
			continue
		}
		data := make([]any, t.Len())
		for i := range data {
			data[i] = element(t, i)
		}
		list = append(list, shown{p.Name, t.DType.Long(), append([]int{}, t.Shape...), data})
	}
	if !s.json {
		return nil
	}
	return s.printJSON(struct {
		Schema  int     `json:"schema"`
		Outputs []shown `json:"outputs"`
	}{schema, list})
}

func element(t *tensor.Tensor, i int) any {
	switch {
	case t.DType == tensor.String:
		return t.Strings()[i]
	case t.DType == tensor.Bool:
		return t.IntAt(i) != 0
	case t.DType.IsInt():
		return t.IntAt(i)
	}
	return number(shortest(t, i))
}

// shortest is element i as the float64 that prints the shortest: what is 0.1 in
// float32 is 0.1 here.
func shortest(t *tensor.Tensor, i int) float64 {
	x := t.FloatAt(i)
	if t.DType == tensor.Float64 {
		return x
	}
	if short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', -1, 32), 64); err == nil {
		return short
	}
	return x
}

// preview prints the first elements, and the range of a numeric tensor.
func preview(t *tensor.Tensor) string {
	const most = 6
	var b strings.Builder
	for i := range min(t.Len(), most) {
		if x, ok := element(t, i).(number); ok {
			fmt.Fprintf(&b, "%.6g ", float64(x))
		} else {
			fmt.Fprintf(&b, "%v ", element(t, i))
		}
	}
	switch {
	case t.Len() <= most:
		return b.String()
	case !t.DType.IsFloat():
		return b.String() + "…"
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for i := range t.Len() {
		lo, hi = min(lo, t.FloatAt(i)), max(hi, t.FloatAt(i))
	}
	fmt.Fprintf(&b, "…  min %.6g  max %.6g", lo, hi)
	return b.String()
}

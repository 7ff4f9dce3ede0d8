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
		Short: "Run a model once, or step by step with its state",
		Long: `Run a model once, and show or write its outputs.

With --steps N a model that has past inputs and present outputs is run N times
through its state: the inputs given are those of the first step, which begins a
sequence unless they hold a past, and each further step takes the most likely
token of the logits before it. Masks grow, positions go on; in the first step both
follow from the tokens if they are not given. The outputs are those of the last
step.`,
		Args: oneModel,
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
			s.tellPrecision(m)
			n := 0
			if cmd.Flags().Changed("steps") {
				n = steps
			}
			outputs, tokens, err := s.runModel(cmd.Context(), m, &in, n)
			if err != nil {
				return err
			}
			if out != "" {
				return fail(exitInput, writeNPZ(out, outputs))
			}
			return s.showTensors(m.Outputs(), outputs, tokens)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVarP(&in.files, "input", "i", nil, "`name=FILE` (.npy, .npz, .pb, .json), or FILE.npz with all inputs")
	f.StringVar(&data, "data", "", "`DIR` with input_0.pb …")
	in.addFill(cmd)
	f.IntVar(&steps, "steps", 1, "run `N` steps with the model's state: a decoder goes on with its most likely tokens")
	f.StringVarP(&out, "output", "o", "", "write the outputs, those of the last step, to `FILE.npz`")
	s.addTarget(cmd)
	s.addPrecision(cmd)
	return cmd
}

// runModel runs m on the inputs that the flags tell: once, or in steps if there
// are any.
func (s *session) runModel(ctx context.Context, m *parallax.Model, in *inputFlags, steps int) (out map[string]*tensor.Tensor, tokens [][]int64, err error) {
	if steps == 0 {
		inputs, err := in.gather(m, s.dimMap())
		if err != nil {
			return nil, nil, fail(exitInput, err)
		}
		out, err = m.Run(ctx, inputs)
		return out, nil, failRun(err)
	}
	drive, err := newStepper(m)
	if err != nil {
		return nil, nil, fail(exitModel, err)
	}
	inputs, err := in.gatherFirst(m, s.dimMap(), drive.first)
	if err != nil {
		return nil, nil, fail(exitInput, err)
	}
	out, tokens, err = drive.run(ctx, inputs, steps)
	return out, tokens, failRun(err)
}

// shown is the JSON form of a tensor: its data in full, row-major.
type shown struct {
	Name  string `json:"name"`
	DType string `json:"dtype"`
	Shape []int  `json:"shape"`
	Data  []any  `json:"data"`
}

// showTensors prints outputs, and the tokens that steps chose.
func (s *session) showTensors(ports []parallax.Port, tensors map[string]*tensor.Tensor, tokens [][]int64) error {
	if !s.json {
		showTokens(s.stdout, tokens)
	}
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
		Schema  int       `json:"schema"`
		Tokens  [][]int64 `json:"tokens,omitempty"`
		Outputs []shown   `json:"outputs"`
	}{schema, tokens, list})
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

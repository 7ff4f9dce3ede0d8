package ref

import (
	"fmt"
	"math"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// recurrence is what RNN, GRU and LSTM have in common: a cell that is called step by
// step, in one direction or both. What the inputs of all steps contribute to the gates
// is one matrix product, what the state does is another at each step.
type recurrence struct {
	*attr.Recurrent
	dtype                                         tensor.DType
	gates, directions, time, batch, input, hidden int
	lengths                                       []int
	in                                            [][]float64 // operands; nil: left out
	functions                                     []activation
	y                                             []float64
	last                                          [2][]float64 // the states at the end: hidden, cell
}

// The operands of all three operators.
const (
	recurrentX = iota
	recurrentW
	recurrentR
	recurrentBias
	recurrentLengths
	recurrentState
	recurrentCell
	recurrentPeepholes
)

// direction is a recurrence running over time one way.
type direction struct {
	*recurrence
	index     int
	backwards bool
	r         []float64 // weights of the state
	bias      []float64 // of the state's contribution; nil: none
	inputs    []float64 // contributions of the inputs, biases included: [time, batch, gate, hidden]
	sums      []float64 // contributions of the state: [batch, gate, hidden]
	f         []activation
	h, c      []float64 // the state and the cell: [batch, hidden]
}

// planRecurrence checks the operands of a cell of so many gates against each other.
func planRecurrence(a *attr.Recurrent, gates int, defaults []string, in ...*tensor.Tensor) (*recurrence, error) {
	r := &recurrence{Recurrent: a, gates: gates, directions: 1}
	switch a.Direction {
	case "forward", "reverse":
	case "bidirectional":
		r.directions = 2
	default:
		return nil, fmt.Errorf("direction %q is not known", a.Direction)
	}
	if err := r.sizes(in); err != nil {
		return nil, err
	}
	if err := r.checkShapes(in); err != nil {
		return nil, err
	}
	floats := slices.Clone(in)
	floats[recurrentLengths] = nil
	var err error
	if r.dtype, err = commonType(floats); err != nil {
		return nil, err
	}
	if !r.dtype.IsFloat() {
		return nil, fmt.Errorf("elements of type %s, want floats", r.dtype)
	}
	if r.lengths, err = r.lengthsOf(in[recurrentLengths]); err != nil {
		return nil, err
	}
	if r.functions, err = r.activations(defaults); err != nil {
		return nil, err
	}
	r.in, err = loadAll(floats...)
	return r, err
}

func (r *recurrence) sizes(in list) error {
	x, w := in[recurrentX], in[recurrentR]
	if x.Rank() != 3 || w.Rank() != 3 || r.Layout != 0 && r.Layout != 1 {
		return fmt.Errorf("x is %s and the weight of the state %s, in layout %d", x, w, r.Layout)
	}
	r.time, r.batch, r.input, r.hidden = x.Shape[0], x.Shape[1], x.Shape[2], w.Shape[2]
	if r.Layout == 1 {
		r.time, r.batch = r.batch, r.time
	}
	if r.HiddenSize != 0 && r.HiddenSize != r.hidden {
		return fmt.Errorf("hidden_size %d, and the weight of the state is %s", r.HiddenSize, w)
	}
	if n, ok := tensor.Elements([]int{r.time, r.batch, r.directions, r.gates, r.hidden}); !ok || n > maxBytes/8 {
		return fmt.Errorf("the gates of %s are too many", x)
	}
	return nil
}

func (r *recurrence) checkShapes(in list) error {
	rows, state := r.gates*r.hidden, []int{r.directions, r.batch, r.hidden}
	if r.Layout == 1 {
		state = []int{r.batch, r.directions, r.hidden}
	}
	for i, want := range [][]int{
		recurrentW:         {r.directions, rows, r.input},
		recurrentR:         {r.directions, rows, r.hidden},
		recurrentBias:      {r.directions, 2 * rows},
		recurrentLengths:   {r.batch},
		recurrentState:     state,
		recurrentCell:      state,
		recurrentPeepholes: {r.directions, 3 * r.hidden},
	} {
		if i > 0 && in[i] != nil && !slices.Equal(in[i].Shape, want) {
			return fmt.Errorf("operand %d is %s, want %s", i, in[i], tensor.ShapeString(want))
		}
	}
	return nil
}

// lengthsOf says how many steps each entry of the batch has: all, if nothing else is
// said.
func (r *recurrence) lengthsOf(t *tensor.Tensor) ([]int, error) {
	if t == nil {
		return filled(r.batch, r.time), nil
	}
	lengths, err := ints(t, "the list of lengths")
	for _, n := range lengths {
		if n < 0 || n > r.time {
			return nil, fmt.Errorf("a length of %d, of %d steps", n, r.time)
		}
	}
	return lengths, err
}

// run calls the cell of each direction for every step.
func (r *recurrence) run(cell func(d *direction, step int)) {
	r.y = make([]float64, r.time*r.directions*r.batch*r.hidden)
	for i := range r.last {
		r.last[i] = make([]float64, r.directions*r.batch*r.hidden)
	}
	if r.batch*r.hidden == 0 {
		return
	}
	for i := range r.directions {
		d := r.direction(i)
		for step := range r.time {
			cell(d, step)
		}
		for b := range r.batch {
			copy(r.last[0][r.stateAt(i, b):][:r.hidden], d.h[b*r.hidden:])
			copy(r.last[1][r.stateAt(i, b):][:r.hidden], d.c[b*r.hidden:])
		}
	}
}

// direction prepares one: the states as they begin, and what the inputs contribute.
func (r *recurrence) direction(i int) *direction {
	rows := r.gates * r.hidden
	d := &direction{recurrence: r, index: i, backwards: i == 1 || r.Direction == "reverse"}
	d.f = r.functions[i*len(r.functions)/r.directions:]
	d.r = r.in[recurrentR][i*rows*r.hidden:][:rows*r.hidden]
	d.sums = make([]float64, r.batch*rows)
	d.h, d.c = r.first(recurrentState, i), r.first(recurrentCell, i)
	d.inputs = make([]float64, r.time*r.batch*rows)
	byRows(d.inputs, rows, r.in[recurrentX], r.in[recurrentW][i*rows*r.input:][:rows*r.input], r.input)
	bias := r.in[recurrentBias]
	if bias == nil {
		return d
	}
	bias = bias[i*2*rows:][:2*rows]
	d.bias = bias[rows:]
	if r.LinearBeforeReset && r.gates == gruGates {
		// The reset gate multiplies the bias of the last gate, which stays apart therefore.
		own := slices.Clone(d.bias)
		clear(own[2*r.hidden:])
		d.bias = d.bias[2*r.hidden:]
		addRows(d.inputs, own)
	} else {
		addRows(d.inputs, d.bias)
		d.bias = nil
	}
	addRows(d.inputs, bias[:rows])
	return d
}

func addRows(x, row []float64) {
	for i := range x {
		x[i] += row[i%len(row)]
	}
}

// first are the states [batch, hidden] that an operand has for a direction, or zeros.
func (r *recurrence) first(operand, i int) []float64 {
	h := make([]float64, r.batch*r.hidden)
	if from := r.in[operand]; from != nil {
		for b := range r.batch {
			copy(h[b*r.hidden:][:r.hidden], from[r.stateAt(i, b):])
		}
	}
	return h
}

// stateAt is where a state begins in [direction, batch, hidden], or [batch, direction,
// hidden].
func (r *recurrence) stateAt(direction, b int) int {
	if r.Layout == 1 {
		return (b*r.directions + direction) * r.hidden
	}
	return (direction*r.batch + b) * r.hidden
}

// active calls f for the entries of the batch that have a step: with its inputs' and
// its state's contributions, the state, and a place in y for the state after it.
func (d *direction) active(step int, f func(in, sums, h, c []float64)) {
	n, rows := d.hidden, d.gates*d.hidden
	for b, length := range d.lengths {
		if step >= length {
			continue
		}
		t := step
		if d.backwards {
			t = length - 1 - step
		}
		at, to := t*d.batch+b, (t*d.directions+d.index)*d.batch+b
		if d.Layout == 1 {
			at, to = b*d.time+t, (b*d.time+t)*d.directions+d.index
		}
		f(d.inputs[at*rows:][:rows], d.sums[b*rows:][:rows], d.h[b*n:][:n], d.c[b*n:][:n])
		copy(d.y[to*n:][:n], d.h[b*n:])
	}
}

// clip limits what goes into an activation.
func (r *recurrence) clip(v float64) float64 {
	if c := math.Abs(float64(r.Clip)); c > 0 {
		return min(max(v, -c), c)
	}
	return v
}

// give stores the results that are wanted.
func (r *recurrence) give(outs ...*tensor.Tensor) error {
	y, state := []int{r.time, r.directions, r.batch, r.hidden}, []int{r.directions, r.batch, r.hidden}
	if r.Layout == 1 {
		y, state = []int{r.batch, r.time, r.directions, r.hidden}, []int{r.batch, r.directions, r.hidden}
	}
	for i, z := range outs {
		if z == nil {
			continue
		}
		shape, data := state, r.y
		if i == 0 {
			shape = y
		} else {
			data = r.last[i-1]
		}
		if err := reset(z, r.dtype, shape...); err != nil {
			return err
		}
		store(z, data)
	}
	return nil
}

// byRows writes the products of the rows of x, of k elements, with those of w to z,
// whose rows begin pitch apart. A row of w is used for all of x while it is near.
func byRows(z []float64, pitch int, x, w []float64, k int) {
	if k == 0 {
		return // nothing to add to the zeros that are there
	}
	for j := range len(w) / k {
		row := w[j*k:][:k]
		for i := range len(x) / k {
			z[i*pitch+j] = dotInParts(row, x[i*k:][:k])
		}
	}
}

// dotInParts sums in four parts, which a processor adds to side by side.
func dotInParts(x, y []float64) float64 {
	var s [4]float64
	n := len(x) &^ 3
	y = y[:len(x)]
	for i := 0; i < n; i += 4 {
		s[0] += float64(x[i] * y[i])
		s[1] += float64(x[i+1] * y[i+1])
		s[2] += float64(x[i+2] * y[i+2])
		s[3] += float64(x[i+3] * y[i+3])
	}
	for i := n; i < len(x); i++ {
		s[0] += float64(x[i] * y[i])
	}
	return s[0] + s[1] + (s[2] + s[3])
}

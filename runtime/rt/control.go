package rt

import (
	"errors"
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/tensor"
)

// control is what a frame that is a body keeps for its control-flow step.
type control struct {
	in, out []*tensor.Tensor
	discard []*tensor.Tensor // outputs that nobody reads

	values  []*tensor.Tensor    // the carried values of a Loop or Scan
	buffers [2][]*tensor.Tensor // written in turn by the iterations
	slices  []*tensor.Tensor    // one iteration's part of the scanned operands
	scans   []*scanned
	iter    *tensor.Tensor
	always  *tensor.Tensor // the condition of a Loop without one
}

// controlOf returns child i with what belongs to it.
func (f *Frame) controlOf(i int) (*Frame, *control) {
	child := f.children[i]
	if child.control == nil {
		child.control = &control{}
	}
	return child, child.control
}

// call runs a child.
func (f *Frame) call(child *Frame, c *control) error {
	child.start(f.ctx, f.hook)
	defer child.finish()
	return child.execute(c.in, c.out, nil)
}

// outputs appends the tensors of the step's output slots to c.out.
func (f *Frame) outputs(c *control, slots []int) {
	for j, s := range slots {
		if s < 0 {
			c.out = append(c.out, f.scratchTensor(&c.discard, j))
			continue
		}
		c.out = append(c.out, f.slots[s])
	}
}

// scratchTensor returns tensor i of a list that grows.
func (f *Frame) scratchTensor(list *[]*tensor.Tensor, i int) *tensor.Tensor {
	for len(*list) <= i {
		t := &tensor.Tensor{}
		t.DrawOn(f.budget)
		*list = append(*list, t)
	}
	return (*list)[i]
}

var errCondition = errors.New("the condition must be one boolean")

func truth(t *tensor.Tensor) (bool, error) {
	if t.DType != tensor.Bool || t.Len() != 1 {
		return false, fmt.Errorf("%w, got %s", errCondition, t)
	}
	return t.IntAt(0) != 0, nil
}

// If runs one of the two children of step i. The operands are the condition, and
// what each child captures.
func (f *Frame) If(i int) error {
	step := &f.spec.Steps[i]
	cond, err := truth(f.T(step.In[0]))
	if err != nil {
		return err
	}
	split := 1 + len(f.children[step.Children[0]].spec.Inputs)
	branch, captures := step.Children[0], step.In[1:split]
	if !cond {
		branch, captures = step.Children[1], step.In[split:]
	}
	child, c := f.controlOf(branch)
	c.in, c.out = c.in[:0], c.out[:0]
	for _, s := range captures {
		c.in = append(c.in, f.T(s))
	}
	f.outputs(c, step.Out)
	return f.call(child, c)
}

// carry begins the carried values with the tensors of slots.
func (f *Frame) carry(c *control, slots []int) {
	c.values = c.values[:0]
	for _, s := range slots {
		c.values = append(c.values, f.T(s))
	}
}

// iterate runs the body for the n-th time on c.in, and takes its outputs: the
// carried values, and then what is scanned.
func (f *Frame) iterate(child *Frame, c *control, n int) error {
	buffers := &c.buffers[n%2]
	c.out = c.out[:0]
	for k := range c.values {
		c.out = append(c.out, f.scratchTensor(buffers, k))
	}
	for j := range c.scans {
		c.out = append(c.out, &c.scans[j].element)
	}
	if err := f.call(child, c); err != nil {
		return err
	}
	copy(c.values, *buffers)
	for j := range c.scans {
		if err := c.scans[j].add(f.budget); err != nil {
			return err
		}
	}
	return nil
}

// Loop repeats the child of step i. The operands are the trip count, the
// condition, the carried values and the captures; the outputs are the carried
// values, and the scanned ones joined along a new first axis.
func (f *Frame) Loop(i int) error {
	step := &f.spec.Steps[i]
	child, c := f.controlOf(step.Children[0])
	trips, err := tripCount(f.T(step.In[0]))
	if err != nil {
		return err
	}
	carried := len(child.spec.Inputs) - child.spec.Captures - 2
	f.carry(c, step.In[1:2+carried])
	if c.values[0] == nil {
		if c.always == nil {
			c.always = tensor.Scalar(true)
		}
		c.values[0] = c.always
	}
	if c.iter == nil {
		c.iter = tensor.Scalar(int64(0))
	}
	f.beginScans(c, len(child.spec.Outputs)-1-carried)
	for n := 0; int64(n) < trips; n++ {
		again, err := truth(c.values[0])
		if err != nil {
			return err
		}
		if !again {
			break
		}
		if f.ctx.Err() != nil {
			return f.cancelled()
		}
		c.iter.SetInt(0, int64(n))
		c.in = append(append(c.in[:0], c.iter), c.values...)
		for _, s := range step.In[2+carried:] {
			c.in = append(c.in, f.T(s))
		}
		if err := f.iterate(child, c, n); err != nil {
			return err
		}
	}
	return f.leave(step, child, c, c.values[1:], 1)
}

func tripCount(t *tensor.Tensor) (int64, error) {
	if t == nil {
		return math.MaxInt64, nil
	}
	if t.Len() != 1 || !t.DType.IsInt() {
		return 0, fmt.Errorf("the trip count must be one integer, got %s", t)
	}
	return t.IntAt(0), nil
}

// leave copies the results of a Loop or Scan to the step's outputs: the child's
// output skip+k is output k of the step.
func (f *Frame) leave(step *Step, child *Frame, c *control, values []*tensor.Tensor, skip int) error {
	for k, s := range step.Out {
		if s < 0 {
			continue
		}
		out := f.slots[s]
		if k < len(values) {
			out.CopyFrom(values[k])
			continue
		}
		j := k - len(values)
		axis, reverse := 0, false
		if step.Scan != nil {
			axis, reverse = step.Scan.OutAxes[j], step.Scan.OutReverse[j]
		}
		if c.scans[j].count == 0 {
			child.emptyShape(c.scans[j], &child.spec.Outputs[skip+k])
		}
		if err := c.scans[j].join(out, axis, reverse); err != nil {
			return err
		}
	}
	return nil
}

// emptyShape gives a scanned output of which there is none the shape that its
// type says; extents that only an iteration could tell are 0.
func (f *Frame) emptyShape(s *scanned, p *Port) {
	for _, x := range f.spec.Inherited {
		f.numbers[x.Number] = f.parent.numbers[x.Parent]
	}
	for _, d := range p.Shape {
		n := int64(0)
		switch {
		case d >= 0:
			n = int64(d)
		case d != Unknown && f.inherits(int(^d)):
			n = f.numbers[^d]
		}
		s.shape = append(s.shape, int(n))
	}
	s.dtype = p.DType
}

func (f *Frame) inherits(number int) bool {
	for _, x := range f.spec.Inherited {
		if x.Number == number {
			return true
		}
	}
	return false
}

// Scan runs the child of step i on slices of its operands: the initial states,
// the scanned operands and the captures. The outputs are the final states and
// the scanned ones joined.
func (f *Frame) Scan(i int) error {
	step := &f.spec.Steps[i]
	plan := step.Scan
	child, c := f.controlOf(step.Children[0])
	states := len(child.spec.Inputs) - child.spec.Captures - plan.Inputs
	scanned, captures := step.In[states:states+plan.Inputs], step.In[states+plan.Inputs:]
	length, err := f.scanLength(plan, scanned)
	if err != nil {
		return err
	}
	f.carry(c, step.In[:states])
	f.beginScans(c, len(child.spec.Outputs)-states)
	for n := range length {
		if f.ctx.Err() != nil {
			return f.cancelled()
		}
		c.in = append(c.in[:0], c.values...)
		for j, s := range scanned {
			at := n
			if plan.InReverse[j] {
				at = length - 1 - n
			}
			part := f.scratchTensor(&c.slices, j)
			slice(part, f.slots[s], axisOf(plan.InAxes[j], f.slots[s].Rank()), at)
			c.in = append(c.in, part)
		}
		for _, s := range captures {
			c.in = append(c.in, f.T(s))
		}
		if err := f.iterate(child, c, n); err != nil {
			return err
		}
	}
	return f.leave(step, child, c, c.values, 0)
}

func axisOf(axis, rank int) int {
	if axis < 0 {
		return axis + rank
	}
	return axis
}

// scanLength returns the common extent of the scanned operands.
func (f *Frame) scanLength(plan *ScanPlan, slots []int) (int, error) {
	length := -1
	for j, s := range slots {
		t := f.slots[s]
		axis := axisOf(plan.InAxes[j], t.Rank())
		if axis < 0 || axis >= t.Rank() {
			return 0, fmt.Errorf("scanned operand %s has no axis %d", t, plan.InAxes[j])
		}
		if length >= 0 && t.Shape[axis] != length {
			return 0, fmt.Errorf("the scanned operands have %d and %d slices", length, t.Shape[axis])
		}
		length = t.Shape[axis]
	}
	return max(length, 0), nil
}

package cli

import (
	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/ir/tensor"
)

// divergence is the JSON result of --per-node: how many values both ways compute,
// and the first, in the order they are computed, that is not the same.
type divergence struct {
	Compared int         `json:"compared"`
	Diverged int         `json:"diverged"`
	First    *firstValue `json:"first"`
}

// firstValue is a value that differs, and its first element that does.
type firstValue struct {
	Value    string `json:"value"` // name in the file
	Node     string `json:"node"`
	Operator string `json:"operator"`
	Index    []int  `json:"index,omitempty"`
	Got      any    `json:"got,omitempty"`
	Want     any    `json:"want,omitempty"`
	Why      string `json:"why,omitempty"` // type or shape
}

// valueTrace keeps the values of one run by name. A name has several in the body
// of a loop.
type valueTrace struct {
	on     bool
	wanted map[string]bool
	seen   map[string][]*tensor.Tensor
}

// begin forgets what was kept, and keeps what is called as in p.
func (t *valueTrace) begin(p *codegen.Program) {
	*t = valueTrace{on: true, wanted: map[string]bool{}, seen: map[string][]*tensor.Tensor{}}
	t.want(p)
}

func (t *valueTrace) want(p *codegen.Program) {
	for _, step := range p.Steps {
		for _, s := range step.Out {
			if s >= 0 && p.Slots[s].Name != "" {
				t.wanted[p.Slots[s].Name] = true
			}
		}
		for _, body := range step.Children {
			t.want(body)
		}
	}
}

// step is told of each step of the run.
func (t *valueTrace) step(s parallax.Step) {
	if !t.on {
		return
	}
	for _, v := range s.Out {
		if t.wanted[v.Name] && computes(s, v) {
			t.seen[v.Name] = append(t.seen[v.Name], v.Clone())
		}
	}
}

// computes reports whether v is new with s, and not handed out once more.
func computes(s parallax.Step, v parallax.StepValue) bool {
	return v.Tensor != nil && v.Name != "" && !(len(s.In) == 1 && s.In[0].Name == v.Name)
}

// valueWatch compares the values of a run with those that a trace holds.
type valueWatch struct {
	trace     *valueTrace
	tolerance func(tensor.DType) tolerance
	on        bool
	count     map[string]int
	result    divergence
}

// begin watches one run.
func (w *valueWatch) begin() { w.on, w.count, w.result = true, map[string]int{}, divergence{} }

// end returns what was found since begin.
func (w *valueWatch) end() *divergence {
	w.on = false
	found := w.result
	return &found
}

// step is told of each step of the run.
func (w *valueWatch) step(s parallax.Step) {
	if !w.on {
		return
	}
	for _, v := range s.Out {
		if !computes(s, v) {
			continue
		}
		same, at := w.trace.seen[v.Name], w.count[v.Name]
		w.count[v.Name]++
		if at < len(same) {
			w.compare(s, v, same[at])
		}
	}
}

func (w *valueWatch) compare(s parallax.Step, got parallax.StepValue, want *tensor.Tensor) {
	w.result.Compared++
	tol := w.tolerance(want.DType)
	c := compare(got.Name, got.Tensor, want, tol)
	if c.OK {
		return
	}
	w.result.Diverged++
	if w.result.First != nil {
		return
	}
	first := &firstValue{Value: got.Name, Node: s.Name, Operator: s.Op, Why: c.Why}
	if c.Why == "" {
		i := firstDifference(got.Tensor, want, tol)
		first.Index, first.Got, first.Want = index(i, got.Shape), element(got.Tensor, i), element(want, i)
	}
	w.result.First = first
}

// firstDifference returns the first element that is not within tol: there is one.
func firstDifference(got, want *tensor.Tensor, tol tolerance) int {
	for i := range got.Len() {
		if _, _, ok := difference(got, want, i, tol); !ok {
			return i
		}
	}
	panic("BUG: tensors that differ have no element that differs")
}

package contest

import (
	"math"

	"github.com/parallax-go/parallax/tests/bench/engine"
	"github.com/parallax-go/parallax/tests/bench/stat"
)

// Row is a figure of a case with a target.
type Row struct {
	Section string
	Name    string // "": the case's
	Case    *Case
	Phase   int
	Subject string   // the contestant whose figure it is; "": this project's
	Against []string // of which the best counts; nil: the peers
	Target  Target
}

// Target says what a row should reach.
type Target struct {
	// Most says that the figure is subject / other and should be Value at most;
	// else it is other / subject and should be Value at least.
	Most  bool
	Value float64 // 0: no target
	// Lower says that the interval's lower end should reach Value, not its middle.
	Lower bool
}

// AtLeast is a target for the time of the other by that of the subject.
func AtLeast(x float64) Target { return Target{Value: x} }

// AtMost is a target for the time of the subject by that of the other.
func AtMost(x float64) Target { return Target{Most: true, Value: x} }

// LowerEnd is a target for the lower end of the interval.
func LowerEnd(x float64) Target { return Target{Value: x, Lower: true} }

// Title is the row's name.
func (r Row) Title() string {
	if r.Name != "" {
		return r.Name
	}
	return r.Case.Name
}

// Verdict is what was measured of a row.
type Verdict struct {
	Row      *Row
	Threads  int
	Medians  map[string]float64 // by contestant; of times in ns, of memory in bytes
	Best     string             // of the others
	Figure   float64
	Interval stat.Interval
}

// Judge computes a row from what was measured. It returns nil if the subject or
// all others are missing.
func (r *Row) Judge(m *Measurement) *Verdict {
	subject, against := r.Subject, r.Against
	if subject == "" {
		subject = engine.Name
	}
	if against == nil {
		against = engine.Peers
	}
	own := m.rounds(subject, r.Phase)
	v := &Verdict{Row: r, Threads: m.Threads, Medians: map[string]float64{subject: stat.Median(own)}}
	best := math.Inf(1)
	for _, name := range against {
		if rounds := m.rounds(name, r.Phase); rounds != nil {
			v.Medians[name] = stat.Median(rounds)
			if v.Medians[name] < best {
				best, v.Best = v.Medians[name], name
			}
		}
	}
	if own == nil || v.Best == "" {
		return nil
	}
	other := m.rounds(v.Best, r.Phase)
	if r.Target.Most {
		v.Figure, v.Interval = stat.Ratio(own, other)
	} else {
		v.Figure, v.Interval = stat.Ratio(other, own)
	}
	return v
}

// Reached reports whether the target is.
func (v *Verdict) Reached() bool {
	switch t := v.Row.Target; {
	case t.Most:
		return v.Figure <= t.Value
	case t.Lower:
		return v.Interval.Low >= t.Value
	default:
		return v.Figure >= t.Value
	}
}

package contest

import (
	"slices"

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
	Best     string             // of the others: the one to which Figure is
	Figure   float64
	Interval stat.Interval
	// Disturbed says that a good part of the blocks shared the processors with
	// others: the figure is not to be relied on.
	Disturbed bool
}

// disturbedShare is a good part.
const disturbedShare = .25

// Judge computes a row from what was measured: the figure is that of the other
// that makes it worst. It returns nil if the subject or all others are missing.
func (r *Row) Judge(m *Measurement) *Verdict {
	subject, against := r.Contestants()
	own := m.medians(subject, r.Phase)
	v := &Verdict{
		Row: r, Threads: m.Threads, Medians: map[string]float64{subject: stat.Median(slices.Concat(own...))},
		Disturbed: float64(m.Disturbed) > disturbedShare*float64(m.Blocks),
	}
	if own == nil {
		return nil
	}
	for _, name := range against {
		other := m.medians(name, r.Phase)
		if other == nil {
			continue
		}
		v.Medians[name] = stat.Median(slices.Concat(other...))
		figure, interval := stat.Ratio(other, own)
		if r.Target.Most {
			figure, interval = stat.Ratio(own, other)
		}
		if v.Best == "" || (figure < v.Figure) != r.Target.Most {
			v.Best, v.Figure, v.Interval = name, figure, interval
		}
	}
	if v.Best == "" {
		return nil
	}
	return v
}

// Contestants are the subject and the others.
func (r *Row) Contestants() (subject string, against []string) {
	subject, against = r.Subject, r.Against
	if subject == "" {
		subject = engine.Name
	}
	if against == nil {
		against = engine.Peers
	}
	return subject, against
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

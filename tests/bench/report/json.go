package report

import (
	"encoding/json"
	"os"

	"github.com/parallax-go/parallax/tests/bench/contest"
)

type file struct {
	Machine Machine `json:"machine"`
	Cases   []times `json:"cases"`
	Rows    []row   `json:"rows"`
}

// times are all that was measured of a case.
type times struct {
	Name      string                       `json:"name"`
	Threads   int                          `json:"threads"`
	NS        map[string][][]contest.Block `json:"ns"` // by contestant, sitting, round, run and phase; memory in bytes
	Blocks    int                          `json:"blocks"`
	Disturbed int                          `json:"disturbed"`
	Failed    map[string]string            `json:"failed,omitempty"`
}

type row struct {
	Section string             `json:"section"`
	Name    string             `json:"name"`
	Threads int                `json:"threads"`
	Medians map[string]float64 `json:"medians"`
	Best    string             `json:"best"`
	Ratio   float64            `json:"ratio"`
	Low     float64            `json:"low"`
	High    float64            `json:"high"`
	Target  string             `json:"target,omitempty"`
	Reached string             `json:"reached,omitempty"`
}

// WriteJSON writes all numbers to the file at path.
func WriteJSON(path string, machine Machine, measured []*contest.Measurement, verdicts []*contest.Verdict) error {
	f := file{Machine: machine}
	for _, m := range measured {
		f.Cases = append(f.Cases, times{m.Case.Name, m.Threads, m.NS, m.Blocks, m.Disturbed, m.Failed})
	}
	for _, v := range verdicts {
		f.Rows = append(f.Rows, row{
			v.Row.Section, v.Row.Title(), v.Threads, v.Medians, v.Best, v.Figure, v.Interval.Low, v.Interval.High,
			target(v.Row.Target), reached(v),
		})
	}
	data, err := json.MarshalIndent(f, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

package report

import (
	"fmt"
	"os"
	"strings"

	"github.com/parallax-go/parallax/tests/bench/contest"
	"github.com/parallax-go/parallax/tests/bench/engine"
	"github.com/parallax-go/parallax/tests/bench/stat"
)

// figure is a time in ns, or memory in bytes, as it is shown.
func figure(r *contest.Row, x float64) string {
	switch {
	case x == 0:
		return "–"
	case r.Case.Fresh:
		return fmt.Sprintf("%.0f MB", x/1e6)
	case x < 1e6:
		return fmt.Sprintf("%.1f µs", x/1e3)
	}
	return fmt.Sprintf("%.3g ms", x/1e6)
}

func target(t contest.Target) string {
	if t.Value == 0 {
		return ""
	}
	word := "≥"
	if t.Most {
		word = "≤"
	}
	text := fmt.Sprintf("%s %.3g", word, t.Value)
	if t.Lower {
		text += " (lower end)"
	}
	return text
}

func reached(v *contest.Verdict) string {
	switch {
	case v.Row.Target.Value == 0:
		return ""
	case v.Reached():
		return "yes"
	}
	return "no"
}

// Line is a verdict in one line of text.
func Line(v *contest.Verdict) string {
	var parts []string
	for _, name := range columns(v.Row) {
		parts = append(parts, fmt.Sprintf("%s %s", title(name), figure(v.Row, v.Medians[name])))
	}
	text := fmt.Sprintf("%-48s %dT  %s  ratio %.3f [%.3f, %.3f]", v.Row.Title(), v.Threads, strings.Join(parts, ", "), v.Figure, v.Interval.Low, v.Interval.High)
	if v.Row.Target.Value != 0 {
		text += fmt.Sprintf("  %s: %s", target(v.Row.Target), reached(v))
	}
	if v.Disturbed {
		text += " (disturbed)"
	}
	return text
}

// columns are the contestants of a row, its subject first.
func columns(r *contest.Row) []string {
	subject, against := r.Contestants()
	return append([]string{subject}, against...)
}

func title(name string) string {
	if t := Titles[name]; t != "" {
		return t
	}
	return name
}

// section is the Markdown table of the verdicts of a section; held says why rows are not
// reached.
func section(name string, verdicts []*contest.Verdict, held map[string]string) string {
	var b strings.Builder
	b.WriteString("| work | threads | parallax | ONNX Runtime | OpenVINO | other | ratio | 95 % | target | reached | what holds it back |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, v := range verdicts {
		if v.Row.Section != name {
			continue
		}
		cells := []string{v.Row.Title(), fmt.Sprint(v.Threads)}
		names := columns(v.Row)
		cells = append(cells, figure(v.Row, v.Medians[names[0]]))
		for _, peer := range engine.Peers {
			cells = append(cells, figure(v.Row, v.Medians[peer]))
		}
		other := "–"
		if len(v.Row.Against) > 0 {
			other = figure(v.Row, v.Medians[v.Row.Against[0]])
		}
		cells = append(cells, other, fmt.Sprintf("%.2f", v.Figure), fmt.Sprintf("%.2f–%.2f", v.Interval.Low, v.Interval.High), target(v.Row.Target), reached(v))
		why := ""
		if reached(v) == "no" {
			why = held[v.Row.Title()]
		}
		if v.Disturbed {
			why = strings.TrimSpace("(disturbed) " + why)
		}
		b.WriteString("| " + strings.Join(append(cells, why), " | ") + " |\n")
	}
	return b.String()
}

// means are the geometric means of the sections that have a target for it.
func means(verdicts []*contest.Verdict) string {
	var b strings.Builder
	b.WriteString("| geometric mean of | threads | rows | ratio | target | reached |\n|---|---|---|---|---|---|\n")
	for _, m := range Means(verdicts) {
		b.WriteString(fmt.Sprintf("| %s | %d | %d | %.2f | ≥ %.3g | %s |\n", m.Name, m.Threads, m.Rows, m.Figure, m.Target, map[bool]string{true: "yes", false: "no"}[m.Figure >= m.Target]))
	}
	return b.String()
}

// Mean is the geometric mean of some sections.
type Mean struct {
	Name    string
	Threads int
	Rows    int
	Figure  float64
	Target  float64
}

// Means computes those that have rows.
func Means(verdicts []*contest.Verdict) []Mean {
	var list []Mean
	for _, m := range contest.Means {
		byThreads := map[int][]float64{}
		var order []int
		for _, v := range verdicts {
			for _, s := range m.Sections {
				if v.Row.Section == s {
					if byThreads[v.Threads] == nil {
						order = append(order, v.Threads)
					}
					byThreads[v.Threads] = append(byThreads[v.Threads], v.Figure)
				}
			}
		}
		for _, threads := range order {
			all := byThreads[threads]
			list = append(list, Mean{strings.Join(m.Sections, " and "), threads, len(all), stat.GeometricMean(all), m.Value})
		}
	}
	return list
}

// Write puts the tables between their markers in the file at path. Sections
// without verdicts stay as they are.
func Write(path string, machine Machine, verdicts []*contest.Verdict) error {
	tables := map[string]string{"machine": machine.String() + "\n", "means": means(verdicts)}
	for _, v := range verdicts {
		tables[v.Row.Section] = section(v.Row.Section, verdicts, heldOn(machine.CPU))
	}
	return writeTables(path, tables)
}

// writeTables replaces the tables of a document.
func writeTables(path string, tables map[string]string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text := string(data)
	for name, table := range tables {
		if text, err = replace(text, name, table); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// replace puts table between the markers called name.
func replace(text, name, table string) (string, error) {
	begin, end := fmt.Sprintf("<!-- begin %s -->\n", name), fmt.Sprintf("<!-- end %s -->", name)
	before, rest, found := strings.Cut(text, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", fmt.Errorf("there are no markers for %s", name)
	}
	return before + begin + table + end + after, nil
}

package report

import (
	"fmt"
	"strings"

	"github.com/parallax-go/parallax/tests/bench/contest"
	"github.com/parallax-go/parallax/tests/bench/engine"
	"github.com/parallax-go/parallax/tests/bench/stat"
)

// WriteSurvey writes the tables of a document on whole models: one for each of their
// kinds, with its geometric mean.
func WriteSurvey(path string, machine Machine, verdicts []*contest.Verdict) error {
	var text strings.Builder
	var kinds []string
	byKind := map[string][]*contest.Verdict{}
	for _, v := range verdicts {
		if byKind[v.Row.Section] == nil {
			kinds = append(kinds, v.Row.Section)
		}
		byKind[v.Row.Section] = append(byKind[v.Row.Section], v)
	}
	for _, kind := range kinds {
		text.WriteString(surveyTable(kind, byKind[kind]))
	}
	return writeTables(path, map[string]string{"machine": machine.String() + "\n", "survey": text.String()})
}

func surveyTable(kind string, verdicts []*contest.Verdict) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s%s\n\n", strings.ToUpper(kind[:1]), kind[1:])
	b.WriteString("| model | threads | parallax | ONNX Runtime | OpenVINO | times as fast as the faster | 95 % |\n|---|---|---|---|---|---|---|\n")
	var figures []float64
	for _, v := range verdicts {
		cells := []string{v.Row.Title(), fmt.Sprint(v.Threads), figure(v.Row, v.Medians[engine.Name])}
		for _, peer := range engine.Peers {
			cells = append(cells, figure(v.Row, v.Medians[peer]))
		}
		note := fmt.Sprintf("%.2f–%.2f", v.Interval.Low, v.Interval.High)
		if v.Disturbed {
			note += " (disturbed)"
		}
		b.WriteString("| " + strings.Join(append(cells, fmt.Sprintf("%.2f", v.Figure), note), " | ") + " |\n")
		figures = append(figures, v.Figure)
	}
	fmt.Fprintf(&b, "\nGeometric mean: %.2f.\n", stat.GeometricMean(figures))
	return b.String()
}

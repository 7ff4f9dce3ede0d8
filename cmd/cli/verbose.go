package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/parallax-go/parallax"
)

// verbosef prints a message to standard error if --verbose.
func (s *session) verbosef(format string, args ...any) {
	if s.verbose {
		s.infof(format, args...)
	}
}

// tellPasses says what each pass did.
func (s *session) tellPasses(src *parallax.Source) {
	for _, p := range src.Stats() {
		var labels []string
		for _, label := range p.Labels() {
			labels = append(labels, fmt.Sprintf("%s ×%d", label, p.Rewrites[label]))
		}
		s.verbosef("pass %-14s %5d → %5d nodes %8s  %s", p.Pass, p.Before, p.After, p.Time.Round(time.Microsecond), strings.Join(labels, ", "))
	}
}

// tellProgram says what will run.
func (s *session) tellProgram(m *parallax.Model) {
	p := m.Program()
	kernels := map[string]int{}
	for _, step := range p.Steps {
		kind, _, _ := strings.Cut(step.Kernel, ".")
		kernels[kind]++
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(kernels)) {
		parts = append(parts, fmt.Sprintf("%d %s", kernels[kind], kind))
	}
	s.verbosef("program: %d steps (%s), %d past/present pairs", len(p.Steps), strings.Join(parts, ", "), len(p.States))
}

package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/codegen"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/catalog"
	"github.com/parallax-go/parallax/kernels/cpu"
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
	kinds := map[string]int{}
	for _, step := range p.Steps {
		kind, _, _ := strings.Cut(step.Kernel, ".")
		kinds[kind]++
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		parts = append(parts, fmt.Sprintf("%d %s", kinds[kind], kind))
	}
	s.verbosef("program: %d steps (%s), %d past/present pairs", len(p.Steps), strings.Join(parts, ", "), len(p.States))
}

// tellPrecision says where --precision int8 changes nothing.
func (s *session) tellPrecision(m *parallax.Model) {
	if kernels.Precision(s.precision) != kernels.INT8 {
		return
	}
	inSteps := func(x codegen.Slot) bool { return x.Layout == catalog.CPUPrefix+"PackBlockQuads" }
	switch {
	case !slices.ContainsFunc(m.Program().Slots, inSteps):
		s.infof("--precision int8 changes nothing: no product has weights of 4 or 8 bits in blocks of a multiple of 16")
	case !cpu.HasSteps():
		s.infof("--precision int8 changes nothing here: this processor has no products of bytes (AVX-512 VNNI)")
	}
}

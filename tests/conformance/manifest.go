package conformance

import (
	_ "embed"
	"fmt"
	"strings"
)

var (
	//go:embed pass.txt
	passText string
	//go:embed lacking.txt
	lackingText string
)

// passing reads the names of the tests that are expected to pass.
func passing() (map[string]bool, error) {
	names := map[string]bool{}
	last := ""
	for _, name := range lines(passText) {
		if name <= last {
			return nil, fmt.Errorf("pass.txt: %q after %q: the list is sorted", name, last)
		}
		last = name
		names[name] = true
	}
	return names, nil
}

// lacking reads the tests of forms that we lack, with the reasons. A name may
// end with * and stand for all that begin so.
func lacking() (map[string]string, error) {
	reasons := map[string]string{}
	for _, line := range lines(lackingText) {
		name, reason, ok := strings.Cut(line, ": ")
		if !ok || reasons[name] != "" {
			return nil, fmt.Errorf("lacking.txt: %q is no new name with a reason", line)
		}
		reasons[name] = reason
	}
	return reasons, nil
}

// reasonFor returns the entry of the lacking tests that a name matches.
func reasonFor(reasons map[string]string, name string) (entry string, ok bool) {
	if _, ok := reasons[name]; ok {
		return name, true
	}
	for entry := range reasons {
		if prefix, wild := strings.CutSuffix(entry, "*"); wild && strings.HasPrefix(name, prefix) {
			return entry, true
		}
	}
	return "", false
}

// lines returns the lines that are neither empty nor comments.
func lines(text string) []string {
	var all []string
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all
}

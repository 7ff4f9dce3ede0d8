package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// digits in names count layers and nodes: names alike but for them are those of
// one place in many layers.
var digits = regexp.MustCompile(`[0-9]+`)

// counter is the end of a name that makes it another one: softmax, softmax_1.
var counter = regexp.MustCompile(`_[0-9]+$`)

// pattern is name with its numbers left out.
func pattern(name string) string {
	return digits.ReplaceAllString(counter.ReplaceAllString(name, ""), "#")
}

// together writes names of one pattern as one: layers.{0…11}/Softmax.
func together(names []string) string {
	ends := make([]string, len(names))
	var columns [][]string
	var parts []string
	for k, name := range names {
		ends[k] = counter.FindString(name)
		name = strings.TrimSuffix(name, ends[k])
		if k == 0 {
			parts = digits.Split(name, -1)
			columns = make([][]string, len(parts)-1)
		}
		for i, n := range digits.FindAllString(name, -1) {
			columns[i] = append(columns[i], n)
		}
	}
	var b strings.Builder
	b.WriteString(parts[0])
	for i, column := range columns {
		b.WriteString(numbers(column))
		b.WriteString(parts[i+1])
	}
	return b.String() + counters(ends)
}

// counters writes the ends of names: _{1,2}, or {,_1} if one has none.
func counters(ends []string) string {
	if slices.Contains(ends, "") {
		return numbers(ends)
	}
	bare := make([]string, len(ends))
	for i, end := range ends {
		bare[i] = end[1:]
	}
	return "_" + numbers(bare)
}

// numbers writes a list of numbers: 7, {0…11}, {3,5}, {130,203,…,412}.
func numbers(list []string) string {
	list = slices.Compact(list)
	consecutive := true
	for i := 1; i < len(list); i++ {
		consecutive = consecutive && follows(list[i-1], list[i])
	}
	last := len(list) - 1
	switch {
	case last == 0:
		return list[0]
	case consecutive && last > 1:
		return fmt.Sprintf("{%s…%s}", list[0], list[last])
	case last < 3:
		return "{" + strings.Join(list, ",") + "}"
	}
	return fmt.Sprintf("{%s,%s,…,%s}", list[0], list[1], list[last])
}

func follows(a, b string) bool {
	m, err := strconv.Atoi(a)
	return err == nil && strconv.Itoa(m) == a && strconv.Itoa(m+1) == b
}

// alike are candidates that differ in the numbers in names alone.
type alike []candidate

// group puts candidates that are alike together, in the order of their first.
func group(list []candidate) []alike {
	var groups []alike
	at := map[string]int{}
	for _, c := range list {
		key := c.key()
		i, seen := at[key]
		if !seen {
			i = len(groups)
			at[key] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], c)
	}
	return groups
}

// key is equal for candidates that are alike: specifications must agree, names
// may differ in their numbers.
func (c candidate) key() string {
	parts := append([]string{c.Verdict, c.Kind, c.Remedy, pattern(c.Anchor)}, c.cells()...)
	if s := c.Spec; s != nil {
		for i, cell := range parts {
			if cell == s.masks() || cell == s.biases() {
				parts[i] = pattern(cell)
			}
		}
	}
	if r := c.Reason; r != nil {
		parts = append(parts, r.Check, pattern(r.Node), pattern(r.Want), pattern(r.Got))
	}
	return strings.Join(parts, "\x00")
}

// each applies f to every candidate.
func (g alike) each(f func(candidate) string) []string {
	list := make([]string, len(g))
	for i, c := range g {
		list[i] = f(c)
	}
	return list
}

// times is ×12 for twelve, and nothing for one.
func (g alike) times() string {
	if len(g) == 1 {
		return ""
	}
	return fmt.Sprintf("×%d", len(g))
}

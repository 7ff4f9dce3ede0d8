package cli

import (
	"io"
	"strings"
	"unicode/utf8"
)

// column is a column of a text table. It may shrink to least characters where
// there is little room; 0: it may not. Names lose their middle then, since they
// differ at both ends, and others their end.
type column struct {
	head  string
	least int
	names bool
}

// table is rows of cells, aligned to the left.
type table struct {
	columns []column
	rows    [][]string
}

// blank is the cell that says nothing. Columns of nothing else are the first to
// go where there is little room.
const blank = "–"

// gap is what is between columns.
const gap = "  "

// write prints the table in at most width characters a line; 0: as wide as it is.
// If its columns can't shrink that far, each row becomes a paragraph: the first
// titles cells, and below them the others by name.
func (t *table) write(w io.Writer, indent string, width, titles int) error {
	widths := t.widths()
	var b strings.Builder
	if width > 0 && !t.shrink(widths, width-len(indent)) {
		for _, row := range t.rows {
			t.writeParagraph(&b, indent, row, width, titles)
		}
		_, err := io.WriteString(w, b.String())
		return err
	}
	heads := make([]string, len(t.columns))
	for i, c := range t.columns {
		heads[i] = c.head
	}
	if strings.Join(heads, "") != "" {
		t.writeRow(&b, indent, heads, widths)
	}
	for _, row := range t.rows {
		t.writeRow(&b, indent, row, widths)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *table) writeRow(b *strings.Builder, indent string, row []string, widths []int) {
	line := indent
	for i, cell := range row {
		if widths[i] < 0 {
			continue
		}
		cell = elide(clean(cell), widths[i], t.columns[i].names)
		line += cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)) + gap
	}
	b.WriteString(strings.TrimRight(line, " "))
	b.WriteByte('\n')
}

func (t *table) writeParagraph(b *strings.Builder, indent string, row []string, width, titles int) {
	var title, list []string
	for i, cell := range row {
		if cell = clean(cell); t.columns[i].names {
			cell = elide(cell, max(t.columns[i].least, width/2), true)
		}
		switch {
		case i < titles:
			title = append(title, cell)
		case cell != "" && cell != blank:
			list = append(list, strings.TrimLeft(strings.ToLower(t.columns[i].head)+" "+cell, " "))
		}
	}
	b.WriteString(indent + strings.TrimRight(strings.Join(title, gap), " ") + "\n")
	if len(list) == 0 {
		return
	}
	const deeper = "    "
	for _, line := range wrap(strings.Join(list, ", "), max(1, width-len(indent+deeper))) {
		b.WriteString(indent + deeper + line + "\n")
	}
}

func (t *table) widths() []int {
	widths := make([]int, len(t.columns))
	for i, c := range t.columns {
		widths[i] = utf8.RuneCountInString(c.head)
		for _, row := range t.rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	return widths
}

// shrink makes the columns fit: first it leaves out those that say nothing (−1),
// then it takes from the widest that can give. It reports whether that was enough.
func (t *table) shrink(widths []int, room int) bool {
	total := -len(gap)
	for _, n := range widths {
		total += n + len(gap)
	}
	for i := range t.columns {
		if total > room && t.saysNothing(i) {
			total -= widths[i] + len(gap)
			widths[i] = -1
		}
	}
	for total > room {
		widest := -1
		for i, c := range t.columns {
			if c.least > 0 && widths[i] > c.least && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return false
		}
		widths[widest]--
		total--
	}
	return true
}

func (t *table) saysNothing(i int) bool {
	for _, row := range t.rows {
		if row[i] != blank && row[i] != "" {
			return false
		}
	}
	return true
}

// elide cuts text that is longer than n characters, in the middle or at the end.
func elide(text string, n int, middle bool) string {
	runes := []rune(text)
	tail := 0
	if middle {
		tail = max(0, n-1) * 2 / 3
	}
	switch {
	case len(runes) <= n:
		return text
	case n < 1:
		return ""
	}
	return string(runes[:n-1-tail]) + "…" + string(runes[len(runes)-tail:])
}

// wrap breaks text into lines of at most width characters at spaces; 0: one line.
func wrap(text string, width int) []string {
	if width <= 0 {
		return []string{text}
	}
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

package variants

import (
	"fmt"
	"strings"
)

const heading = `# How attention is written, and what becomes of it

Each row is a test: a small graph in the text form, in the file that its id leads
to. The whole pipeline is run on it, and what was fused is computed before and
after. "Becomes" is the specification of the fused node, or the check that failed;
"beside" counts the other nodes that are left. Written by
` + "`go test ./tests/variants -update`" + `.

`

// render returns docs/attention.md.
func render(all []variant) string {
	var b strings.Builder
	b.WriteString(heading)
	for _, g := range groups {
		fmt.Fprintf(&b, "## %s\n\n| id | | written as | verdict | becomes | beside |\n|---|---|---|---|---|---|\n", g.title)
		for _, v := range all {
			if strings.TrimRight(v.id, "0123456789") == g.letter {
				rows(&b, v)
			}
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// rows writes a row for each case; the first bears id and description.
func rows(b *strings.Builder, v variant) {
	id, about := fmt.Sprintf("[%s](../tests/variants/testdata/%s.txtar)", v.id, v.id), v.about
	for _, c := range v.cases {
		verdicts, specs, left := c.columns()
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", id, cell(about), cell(c.name), verdicts, cell(specs), cell(left))
		id, about = "", ""
	}
}

// columns parts what became of c.
func (c phrasing) columns() (verdicts, specs, left string) {
	var v, s []string
	for line := range strings.Lines(c.want) {
		line = strings.TrimSuffix(line, "\n")
		if rest, ok := strings.CutPrefix(line, "beside: "); ok {
			left = rest
			continue
		}
		head, spec, _ := strings.Cut(line, ": ")
		v = append(v, head)
		if spec != "" {
			s = append(s, spec)
		}
	}
	return strings.Join(v, "<br>"), strings.Join(s, "; "), left
}

// cell keeps the signs of a table out of it.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

package main

import (
	"errors"
	"flag"
	"fmt"
	"go/format"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	out := flag.String("out", ".", "the folder of package simd")
	flag.Parse()
	files, err := generate()
	if err != nil {
		log.Fatal("gen: ", err)
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(*out, name), data, 0o644); err != nil {
			log.Fatal("gen: ", err)
		}
	}
}

// group is the kernels that share a file.
type group struct {
	name     string
	families []family
}

// groups are all kernels.
var groups = []group{
	{"product", products},
	{"integers", integerKernels},
	{"blocks", blockKernels},
	{"blocksteps", blockStepKernels},
	{"epilogue", epilogues},
	{"elementwise", elementwise()},
	{"steps", stepKernels},
	{"window", windowKernels},
	{"channels", channelKernels},
	{"rows", rowKernels},
	{"columns", columnKernels},
	{"moves", moves},
	{"transpose", transposes},
	{"rotary", rotaries},
	{"attention", attentionKernels},
}

// generate returns the files of package simd.
func generate() (map[string][]byte, error) {
	g := &generator{files: map[string][]byte{}}
	g.source("kernels.go", kernelsType())
	for _, l := range levels {
		var table strings.Builder
		for _, x := range groups {
			for _, f := range x.families {
				table.WriteString(f.entry(l))
			}
			g.code(l, x)
		}
		g.source(l.file("", "go"), l.table(table.String()))
	}
	g.files["tiles_amd64.s"] = []byte(tilesFile())
	return g.files, g.err
}

// generator collects the files.
type generator struct {
	files map[string][]byte
	err   error
}

// source adds a Go file.
func (g *generator) source(name string, text string) {
	data, err := format.Source([]byte(header + text))
	if err != nil {
		g.err = errors.Join(g.err, fmt.Errorf("%s: %w", name, err))
	}
	g.files[name] = data
}

// kernelsType declares the table that each level fills.
func kernelsType() string {
	var b strings.Builder
	b.WriteString("package simd\n\n")
	b.WriteString("// Kernels are the vector kernels of one instruction level. Lengths count elements;\n// what pointers point to must be as long as the lengths say.\ntype Kernels struct {\n")
	b.WriteString("Level string // one of those that Levels lists\nLanes int // float32 in a vector\nRows int // of the highest tile of a product\nColumns int // of a tile\n\nbytes, dots, tiles bool // has VPDPBUSD, VDPBF16PS, AMX: see Integers and Pairs\nintegers *Integers\n")
	for _, x := range groups {
		for _, f := range x.families {
			array := ""
			if f.size > 0 {
				array = fmt.Sprintf("[%d]", f.size)
			}
			fmt.Fprintf(&b, "\n%s%s %sfunc%s\n", comment(wrap(f.doc)), f.field, array, parameters(f.params))
		}
	}
	b.WriteString("}\n")
	return b.String()
}

// wrap breaks text into lines.
func wrap(text string) string {
	var b strings.Builder
	width := 0
	for _, word := range strings.Fields(text) {
		if width+len(word) > 80 {
			b.WriteString("\n")
			width = 0
		} else if width > 0 {
			b.WriteString(" ")
		}
		b.WriteString(word)
		width += len(word) + 1
	}
	return b.String() + "\n"
}

// file is the name of a file of the level.
func (l *level) file(group, ending string) string {
	parts := []string{}
	for _, part := range []string{group, l.name, l.goarch} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "_") + "." + ending
}

// build is the constraint that a level's files begin with.
func (l *level) build() string {
	if l.goarch == "" {
		return ""
	}
	return "//go:build " + l.goarch + "\n\n"
}

// table is the file that lists a level's functions.
func (l *level) table(entries string) string {
	return fmt.Sprintf("%[6]spackage simd\n\n// %[1]sKernels are those of level %[1]s.\nvar %[1]sKernels = &Kernels{\nLevel: %[1]q, Lanes: %[2]d, Rows: %[3]d, Columns: %[4]d,\n%[5]s}\n",
		l.name, l.lanes, l.rows, l.columns*l.lanes, entries, l.build())
}

// code adds the functions that a level has of a group: assembly and declarations, or
// plain Go.
func (g *generator) code(l *level, x group) {
	var code, stubs strings.Builder
	constants := map[uint32]bool{}
	for _, f := range x.families {
		for _, i := range f.list(l) {
			p := build(f.kernel(i), l)
			var a *assignment
			if l.wide() {
				a = assign(p)
			}
			fmt.Fprintf(&code, "\n%s", l.lower(p, a))
			fmt.Fprintf(&stubs, "\n//go:noescape\nfunc %s\n", p.signature())
			for _, n := range p.body {
				if n.op == opConst {
					constants[math.Float32bits(n.f)] = true
				}
			}
		}
	}
	if code.Len() == 0 {
		return
	}
	if !l.wide() {
		g.source(l.file(x.name, "go"), "package simd\n\nimport \"unsafe\"\n"+code.String())
		return
	}
	g.source(l.file(x.name, "go"), l.build()+"package simd\n"+stubs.String())
	g.files[l.file(x.name, "s")] = []byte(header + l.build() + "#include \"textflag.h\"\n" + "\n" + l.data(constants) + code.String())
}

// list is the kernels that a level has of a family, by index; one function is −1.
func (f *family) list(l *level) []int {
	switch {
	case f.on != nil && !f.on(l):
		return nil
	case f.indices == nil:
		return []int{-1}
	}
	return f.indices(l)
}

func (f *family) kernel(index int) kernel {
	k := kernel{name: f.field, params: slices.Clone(f.params)}
	if index >= 0 {
		k.name += fmt.Sprint(index)
	}
	k.describe = func(b *builder) { f.describe(b, index) }
	return k
}

// entry is the family's line in a level's table.
func (f *family) entry(l *level) string {
	symbol := func(i int) string { return (&program{name: f.kernel(i).name, level: l}).symbol() }
	list := f.list(l)
	switch {
	case len(list) == 0:
		return ""
	case f.indices == nil:
		return fmt.Sprintf("%s: %s,\n", f.field, symbol(-1))
	}
	var parts []string
	for _, i := range list {
		parts = append(parts, fmt.Sprintf("%d: %s", i, symbol(i)))
	}
	return fmt.Sprintf("%s: [%d]func%s{%s},\n", f.field, f.size, parameters(f.params), strings.Join(parts, ", "))
}

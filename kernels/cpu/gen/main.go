package main

import (
	"bytes"
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

// families are all kernels.
var families = slices.Concat(products, epilogues, elementwise(), rowKernels)

// generate returns the files of package simd.
func generate() (map[string][]byte, error) {
	files := map[string][]byte{}
	kernels, err := format.Source(kernelsType())
	if err != nil {
		return nil, err
	}
	files["kernels.go"] = kernels
	for _, l := range levels {
		if err := l.files(files); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// kernelsType declares the table that each level fills.
func kernelsType() []byte {
	var b bytes.Buffer
	b.WriteString(header + "package simd\n\n")
	b.WriteString("// Kernels are the vector kernels of one instruction level. Lengths count elements;\n// what pointers point to must be as long as the lengths say.\ntype Kernels struct {\n")
	b.WriteString("Level string // avx512, avx2, neon or generic\nLanes int // float32 in a vector\nRows int // of the highest tile of a product\nColumns int // of a tile\n")
	for _, f := range families {
		array := ""
		if f.size > 0 {
			array = fmt.Sprintf("[%d]", f.size)
		}
		fmt.Fprintf(&b, "\n%s%s %sfunc%s\n", comment(wrap(f.doc)), f.field, array, parameters(f.params))
	}
	b.WriteString("}\n")
	return b.Bytes()
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

// files writes the assembly of a level and the declarations of its functions, or
// the functions themselves in plain Go.
func (l *level) files(files map[string][]byte) error {
	var code, stubs, table bytes.Buffer
	constants := map[uint32]bool{}
	for _, f := range families {
		fmt.Fprint(&table, f.entry(l))
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
	value := fmt.Sprintf("\n// %[1]sKernels are those of level %[1]s.\nvar %[1]sKernels = &Kernels{\nLevel: %[1]q, Lanes: %[2]d, Rows: %[3]d, Columns: %[4]d,\n%[5]s}\n", l.name, l.lanes, l.rows, l.columns*l.lanes, table.String())
	if !l.wide() {
		text, err := format.Source([]byte(header + "package simd\n\nimport \"unsafe\"\n" + value + code.String()))
		files[l.name+".go"] = text
		return err
	}
	build := fmt.Sprintf("//go:build %s\n\n", l.goarch)
	text, err := format.Source([]byte(header + build + "package simd\n" + value + stubs.String()))
	files[l.name+"_"+l.goarch+".go"] = text
	if err != nil {
		return err
	}
	asm := header + build + "#include \"textflag.h\"\n\n" + l.data(constants) + code.String()
	files[l.name+"_"+l.goarch+".s"] = []byte(asm)
	return nil
}

// data is the constants of a level's file.
func (l *level) data(constants map[uint32]bool) string {
	text := amd64Constants(constants)
	if l.name == "avx2" {
		text += tailTable
	}
	return text
}

// list is the kernels that a level has of a family, by index; one function is −1.
func (f *family) list(l *level) []int {
	if f.indices == nil {
		return []int{-1}
	}
	return f.indices(l)
}

func (f *family) kernel(index int) kernel {
	k := kernel{name: f.field, doc: f.doc, params: slices.Clone(f.params), index: index}
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
	if f.indices == nil {
		return fmt.Sprintf("%s: %s,\n", f.field, symbol(-1))
	}
	var parts []string
	for _, i := range list {
		parts = append(parts, fmt.Sprintf("%d: %s", i, symbol(i)))
	}
	return fmt.Sprintf("%s: [%d]func%s{%s},\n", f.field, f.size, parameters(f.params), strings.Join(parts, ", "))
}

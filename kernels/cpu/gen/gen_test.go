package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFilesAreUpToDate generates package simd again.
func TestFilesAreUpToDate(t *testing.T) {
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", "simd", name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("simd/%s is not what gen writes: run go generate ./kernels/cpu/simd", name)
		}
	}
}

// TestPanelsArePowersOfTwo: package cpu relies on it.
func TestPanelsArePowersOfTwo(t *testing.T) {
	for _, l := range levels {
		if n := l.columns * l.lanes; n&(n-1) != 0 {
			t.Errorf("%s: panels of %d columns", l.name, n)
		}
	}
}

// TestAssembles gives the files of every level to Go's assembler. That they agree
// with their declarations is for go vet (make lint).
func TestAssembles(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	include := filepath.Join(strings.TrimSpace(string(root)), "pkg", "include")
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range levels {
		for _, x := range groups {
			data, ok := files[l.file(x.name, "s")]
			if !ok {
				continue
			}
			source := filepath.Join(t.TempDir(), l.file(x.name, "s"))
			if err := os.WriteFile(source, data, 0o644); err != nil {
				t.Fatal(err)
			}
			asm := exec.Command("go", "tool", "asm", "-p", "simd", "-I", include, "-o", filepath.Join(t.TempDir(), "o"), source)
			asm.Env = append(os.Environ(), "GOARCH="+l.goarch)
			if text, err := asm.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, text)
			}
		}
	}
}

// TestRegistersOfALoopAreKept: what is live at the head of a loop must not be
// given away within it.
func TestRegistersOfALoopAreKept(t *testing.T) {
	l := levels[0]
	k := kernel{name: "X", params: ints("n"), describe: func(b *builder) {
		kept := b.constant(1)
		sum := b.zero()
		b.while(b.param("n"), 1, func() {
			first := b.add(kept, kept) // last use of kept in the text
			for range 8 {
				first = b.add(first, first)
			}
			b.addTo(sum, first)
		})
		b.storeOne(at(b.param("n"), 0), sum)
	}}
	p := build(k, l)
	a := assign(p)
	for r, other := range p.regs {
		if other == vector && reg(r) != 1 && a.place[r] == a.place[1] {
			t.Errorf("register %d shares the place of one that the loop reads again", r)
		}
	}
}

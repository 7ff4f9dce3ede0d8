package text_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/text"
)

// TestRoundTrip reads every graph of testdata, whose files are in the printer's
// form, and prints it again.
func TestRoundTrip(t *testing.T) {
	files, err := filepath.Glob("testdata/*.plx")
	if err != nil || len(files) == 0 {
		t.Fatalf("no graphs in testdata (%v)", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			g := parse(t, string(src))
			if diff := cmp.Diff(string(src), g.String()); diff != "" {
				t.Errorf("printed again (-file +printed):\n%s", diff)
			}
		})
	}
}

func parse(t *testing.T, src string) *ir.Graph {
	t.Helper()
	g, err := text.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Verify(); err != nil {
		t.Fatal(err)
	}
	return g
}

// TestByHand reads what may be left out, and prints it in full.
func TestByHand(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"words, comments and constants in place", `
# attention without a mask
graph "attn" {
  input %q : f32[b,8,t,64] input %k : f32[b,8,s,64]
  %kt = Transpose(%k) {perm=[0,1,3,2]}
  %s "scores" = MatMul(%q, %kt) # names differ
  %x = Mul(%s, f32 = 0.125) : f32[b,8,t,s]
  output %x
}`, `graph "attn" {
  input %0 "q" : f32[b,8,t,64]
  input %1 "k" : f32[b,8,s,64]
  %2 "kt" = Transpose(%1) {perm=[0,1,3,2]} : f32[b,8,64,s]
  %3 "scores" = MatMul(%0, %2) : f32[b,8,t,s]
  const %4 : f32[] = 0.125
  %5 "x" = Mul(%3, %4) : f32[b,8,t,s]
  output %5 "x"
}
`},
		{"numbers and words together", `graph {
  input %7 : i64[4]
  input %x : i64[4]
  %3 = Add(%7, %x)
  %y "" = Reshape(%3, i64 = [2, -1])
  output %y
}`, `graph {
  input %7 : i64[4]
  input %8 "x" : i64[4]
  %3 = Add(%7, %8) : i64[4]
  const %9 : i64[2] = [2, -1]
  %10 = Reshape(%3, %9) : i64[2,2]
  output %10
}
`},
		{"captures without a type or a source", `graph {
  input %c : bool[]
  input %x : f32[n]
  %y = If(%c) region "then" { capture %x  %r = Neg(%x) output %r }
              region "else" { capture %z : f32[n] = %x  output %z }
  output %y
}`, `graph {
  input %0 "c" : bool[]
  input %1 "x" : f32[n]
  %2 "y" = If(%0) : f32[n] region "then" {
    capture %3 "x" : f32[n] = %1
    %4 "r" = Neg(%3) : f32[n]
    output %4 "r"
  } region "else" {
    capture %5 "z" : f32[n] = %1
    output %5 "z"
  }
  output %2 "y"
}
`},
		{"a constant filled with one element", `graph { const %w : f16[2,3] = fill 0.1 output %w }`,
			`graph {
  const %0 "w" : f16[2,3] = [0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
  output %0 "w"
}
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := parse(t, c.src)
			if diff := cmp.Diff(c.want, g.String()); diff != "" {
				t.Errorf("printed (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.want, parse(t, g.String()).String()); diff != "" {
				t.Errorf("printed twice (-want +got):\n%s", diff)
			}
		})
	}
}

// TestErrors checks that each fault is found and placed.
func TestErrors(t *testing.T) {
	deep := strings.Repeat("seq(", 200)
	for _, c := range []struct{ name, src, want string }{
		{"nothing", ``, `1:1: a graph starts with "graph", not the end`},
		{"no end", `graph {`, `1:8: the end starts no statement`},
		{"more after the end", "graph {}\nx", `2:1: "x" follows the graph`},
		{"statement", `graph { ! }`, `1:9: "!" starts no statement`},
		{"operator", "graph {\n  %1 = Frobnicate()\n}", `2:8: there is no operator "Frobnicate"`},
		{"undefined", `graph { %1 = Neg(%0) }`, `1:18: %0 is not defined here`},
		{"twice by number", `graph { input %1 : f32[] input %1 : f32[] }`, `1:32: %1 is defined twice`},
		{"twice by word", `graph { input %a : f32[] input %a : f32[] }`, `1:32: %a is defined twice`},
		{"twice by spelling", `graph { input %1 : f32[] input %01 : f32[] }`, `1:32: %01 is defined twice`},
		{"number too high", `graph { input %99999999999 : f32[] }`, `1:15: the number is above 2147418112`},
		{"element type", `graph { input %1 : f33[] }`, `1:20: "f33" is no element type`},
		{"dimension", `graph { input %1 : f32[2,+] }`, `1:26: unexpected "+"`},
		{"shape without an end", `graph { input %1 : f32[2`, `1:25: ] is missing`},
		{"types too deep", `graph { input %1 : ` + deep + `f32[]`, `1:420: types are nested too deeply`},
		{"type differs", `graph { input %x : f32[2] %y = Neg(%x) : f32[3] }`, `1:27: %y has type f32[2], the text says f32[3]`},
		{"not typable", "graph { input %x : f32[2,3]\n%y = MatMul(%x, %x) @\"/mm\" }", `2:6: node "/mm" (MatMul) of (f32[2,3], f32[2,3]): `},
		{"operand count", `graph { input %x : f32[] %y = Neg(%x, %x) }`, `1:31: node "y" (Neg) of (f32[], f32[]): 2 operands, want 1`},
		{"attribute", `graph { input %x : f32[2] %y = Softmax(%x) {axes=1} }`, `1:45: attribute axes is not one of axis`},
		{"attribute of none", `graph { input %x : f32[2] %y = Neg(%x) {axis=1} }`, `1:41: attribute axis: the operator has none`},
		{"attribute value", `graph { input %x : f32[2] %y = Softmax(%x) {axis=one} }`, `1:45: attribute axis: strconv.ParseInt: parsing "one": invalid syntax`},
		{"attribute twice", `graph { input %x : f32[2] %y = Softmax(%x) {axis=0, axis=0} }`, `1:53: attribute axis is given twice`},
		{"list without end", `graph { input %x : f32[2] %y = Transpose(%x) {perm=[0 }`, `1:52: the list has no end`},
		{"too few elements", `graph { const %x : f32[2] = [1] }`, `1:29: 1 elements for shape [2]`},
		{"one element for many", `graph { const %x : f32[2] = 1 }`, `1:20: the shape is [2], the contents are one element`},
		{"huge shape", `graph { const %x : f32[1152921504606846976] = [1] }`, `1:20: [1152921504606846976] is no usable shape`},
		{"huge fill", `graph { const %x : f32[4611686018427] = fill 1 }`, `1:46: 4611686018427 elements are more than 1048576`},
		{"out of range", `graph { const %x : u4 = [15, 16] }`, `1:30: "16" is no element of type u4`},
		{"infinite", `graph { const %x : f16 = [65519, 65520] }`, `1:34: "65520" is no element of type f16`},
		{"symbolic constant", `graph { const %x : f32[n] = [1] }`, `1:20: a constant has a shape of numbers`},
		{"untyped constant", `graph { const %x : invalid = 1 }`, `1:20: a constant has an element type`},
		{"base64", `graph { const %x : f32[2] = base64 "AAA=" }`, `1:36: tensor: shape [2] of float32 needs 8 bytes, data has 2`},
		{"not base64", `graph { const %x : f32[2] = base64 "?" }`, `1:36: illegal base64 data at input byte 0`},
		{"elided", `graph { const %x : f32[99] = elided "0123" }`, `1:20: the contents are elided: this is a dump, not the full form`},
		{"shared with nothing", `graph { const %x : f32[2] = %w }`, `1:29: %w is no constant`},
		{"shared with another type", `graph { const %w : f32 = [1] const %x : f32[2] = %w }`, `1:50: %w is f32[1], not f32[2]`},
		{"capture at the root", `graph { capture %x : f32[2] = %y }`, `1:17: only a region captures`},
		{"captures of nothing", "graph { input %c : bool[]\n%y = If(%c) region { capture %x } }", `2:30: there is no %x outside to capture`},
		{"capture of another type", "graph { input %c : bool[]\n%y = If(%c) region { capture %c : f32[] } }", `2:30: %c captures a value of type bool[], not f32[]`},
		{"read across a region", "graph { input %c : bool[]\n%y = If(%c) region { output %c } region { } }", `2:29: %c is outside the region: it must be captured`},
		{"input after captures", "graph { input %c : bool[]\n%y = If(%c) region { capture %c input %z : f32[] } }", `2:39: inputs stand before captures`},
		{"characters, not bytes", "graph \"äöü\" { input %x : f33[] }", `1:26: "f33" is no element type`},
		{"string", "graph \"a\nb\" {}", `1:7: a quoted string is missing before "\"a"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := text.Parse(c.src)
			var fault *text.Error
			if !errors.As(err, &fault) {
				t.Fatalf("error %v (%T), want a *text.Error", err, err)
			}
			if !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error %q, want %q", err, c.want)
			}
		})
	}
}

func TestTypingErrorIsKept(t *testing.T) {
	_, err := text.Parse(`graph { input %x : f32[2,3] %y = MatMul(%x, %x) @"/mm" }`)
	var at *ir.Error
	if !errors.As(err, &at) || at.Node != "/mm" {
		t.Errorf("error %v, want an *ir.Error at /mm", err)
	}
}

// FuzzParse checks that no text panics, and that what is read prints to a text
// that reads and prints the same.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.plx")
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(src))
	}
	f.Add(`graph { input %q : f32[b,t] %p = Softmax(%q) {axis=1} output %p }`)
	f.Add(`graph { const %w : c64 = [(1+2i)] const %v : c64[1] = %w output %v }`)
	f.Add(`graph { input %c : bool[] %y = If(%c) region { capture %c output %c } region { capture %z = %c output %z } }`)
	f.Fuzz(func(t *testing.T, src string) {
		g, err := text.Parse(src)
		if err != nil {
			var fault *text.Error
			if !errors.As(err, &fault) {
				t.Fatalf("error %v (%T), want a *text.Error", err, err)
			}
			return
		}
		printed := g.String()
		again, err := text.Parse(printed)
		if err != nil {
			t.Fatalf("printed form: %v\n%s", err, printed)
		}
		if diff := cmp.Diff(printed, again.String()); diff != "" {
			t.Fatalf("printed again:\n%s", diff)
		}
	})
}

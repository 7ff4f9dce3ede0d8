package npy

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/parallax-go/parallax/ir/tensor"
)

// header is the dictionary that an array file begins with.
type header struct {
	dtype     tensor.DType
	bigEndian bool
	fortran   bool
	shape     []int
}

// descrs are NumPy's type strings without the byte order.
var descrs = map[string]tensor.DType{
	"f4": tensor.Float32, "f8": tensor.Float64, "f2": tensor.Float16, "V2": tensor.BFloat16,
	"i1": tensor.Int8, "i2": tensor.Int16, "i4": tensor.Int32, "i8": tensor.Int64,
	"u1": tensor.Uint8, "u2": tensor.Uint16, "u4": tensor.Uint32, "u8": tensor.Uint64,
	"b1": tensor.Bool, "c8": tensor.Complex64, "c16": tensor.Complex128,
}

// widened is what a type is written as that NumPy lacks.
func widened(d tensor.DType) tensor.DType {
	switch {
	case d == tensor.BFloat16 || d.IsFloat() && d.Bits() <= 8:
		return tensor.Float32
	case d.Bits() < 8 && d.IsSigned():
		return tensor.Int8
	case d.Bits() < 8 && d.IsInt():
		return tensor.Uint8
	}
	return d
}

// descrOf is the type string of d, little-endian.
func descrOf(d tensor.DType) (string, bool) {
	for text, e := range descrs {
		if e == d && d != tensor.BFloat16 {
			if d.Bits() == 8 {
				return "|" + text, true
			}
			return "<" + text, true
		}
	}
	return "", false
}

// maxRank is NumPy's own limit.
const maxRank = 64

// format prints the dictionary.
func format(descr string, shape []int) string {
	dims := make([]string, len(shape))
	for i, n := range shape {
		dims[i] = strconv.Itoa(n)
	}
	tuple := strings.Join(dims, ", ")
	if len(shape) == 1 {
		tuple += ","
	}
	return fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, tuple)
}

// parse reads the dictionary: a Python literal with exactly three keys.
func parse(text string) (header, error) {
	var h header
	p := scanner{rest: strings.TrimSpace(text)}
	seen := map[string]bool{}
	p.want("{")
	for !p.accept("}") && p.err == nil {
		key := p.quoted()
		p.want(":")
		switch {
		case seen[key]:
			p.fail("key %q is given twice", key)
		case key == "descr":
			p.descr(&h)
		case key == "fortran_order":
			h.fortran = p.boolean()
		case key == "shape":
			h.shape = p.tuple()
		default:
			p.fail("unknown key %q", key)
		}
		seen[key] = true
		p.accept(",")
	}
	if p.err == nil && (len(seen) != 3 || p.rest != "") {
		p.fail("want the keys descr, fortran_order and shape, and nothing else")
	}
	return h, p.err
}

// scanner reads a Python literal from the front of rest.
type scanner struct {
	rest string
	err  error
}

func (p *scanner) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("header: "+format, args...)
	}
}

func (p *scanner) accept(token string) bool {
	p.rest = strings.TrimLeft(p.rest, " \n")
	rest, ok := strings.CutPrefix(p.rest, token)
	p.rest = rest
	return ok
}

func (p *scanner) want(token string) {
	if !p.accept(token) {
		p.fail("want %q at %.20q", token, p.rest)
	}
}

func (p *scanner) quoted() string {
	quote := "'"
	if !p.accept(quote) {
		quote = `"`
		p.want(quote)
	}
	text, rest, ok := strings.Cut(p.rest, quote)
	if !ok {
		p.fail("string without an end at %.20q", p.rest)
		return ""
	}
	p.rest = rest
	return text
}

func (p *scanner) descr(h *header) {
	text := p.quoted()
	if p.err != nil {
		return
	}
	kind := strings.TrimLeft(text, "<>|=")
	dtype, ok := descrs[kind]
	if !ok || len(text)-len(kind) > 1 {
		p.fail("element type %q is not supported", text)
	}
	h.dtype, h.bigEndian = dtype, strings.HasPrefix(text, ">")
}

func (p *scanner) boolean() bool {
	if p.accept("True") {
		return true
	}
	p.want("False")
	return false
}

func (p *scanner) tuple() []int {
	shape := []int{}
	p.want("(")
	for !p.accept(")") && p.err == nil {
		p.accept("")
		digits := p.rest[:len(p.rest)-len(strings.TrimLeft(p.rest, "0123456789"))]
		p.rest = strings.TrimPrefix(p.rest[len(digits):], "L") // Python 2 wrote 3L
		n, err := strconv.Atoi(digits)
		if err != nil || len(shape) == maxRank {
			p.fail("bad extent at %.20q", digits+p.rest)
			return nil
		}
		shape = append(shape, n)
		if !p.accept(",") {
			p.want(")")
			break
		}
	}
	if _, ok := tensor.Elements(shape); !ok {
		p.fail("shape %v is no usable shape", shape)
	}
	return shape
}

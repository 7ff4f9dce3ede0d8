package text

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/ir/sym"
	"github.com/parallax-go/parallax/ir/tensor"
)

// maxFill bounds constants whose contents are one element of text.
const maxFill = 1 << 20

// typ reads a type as [ir.Type.String] writes it.
func (p *parser) typ() ir.Type {
	if p.depth++; p.depth > maxDepth {
		p.fail("types are nested too deeply")
	}
	defer func() { p.depth-- }()
	switch {
	case p.accept("seq("):
		return ir.SequenceOf(p.elem())
	case p.accept("opt("):
		return ir.OptionalOf(p.elem())
	case p.accept("map("):
		key := p.dtype()
		p.expect(",")
		return ir.MapOf(key, p.elem())
	}
	d := p.dtype()
	if p.accept("[*]") {
		return ir.Unranked(d)
	}
	return ir.TensorOf(d, p.shape())
}

func (p *parser) elem() ir.Type {
	t := p.typ()
	p.expect(")")
	return t
}

func (p *parser) dtype() tensor.DType {
	p.blanks()
	at := p.pos
	name := p.word()
	d, ok := tensor.ParseDType(name)
	if !ok && name != tensor.Invalid.String() {
		p.failAt(at, fmt.Errorf("%q is no element type", name))
	}
	return d
}

func (p *parser) shape() sym.Shape {
	rest := p.rest()
	if !p.next("[") {
		p.fail("a shape is missing before %s", p.found())
	}
	shape, after, err := sym.ScanShape(rest)
	var syntax *sym.SyntaxError
	if errors.As(err, &syntax) {
		p.failAt(p.pos+syntax.Offset, errors.New(syntax.Reason))
	}
	p.pos += len(rest) - len(after)
	return shape
}

// tensor reads type = contents. Without a shape, a list is a vector and an
// element a scalar.
func (p *parser) tensor() *tensor.Tensor {
	p.blanks()
	at := p.pos
	d := p.dtype()
	if !d.Valid() {
		p.failAt(at, errors.New("a constant has an element type"))
	}
	var shape []int
	ranked := p.next("[")
	if ranked {
		var fixed bool
		if shape, fixed = p.shape().IsConst(); !fixed {
			p.failAt(at, errors.New("a constant has a shape of numbers"))
		}
		if _, ok := tensor.Elements(shape); !ok {
			p.failAt(at, fmt.Errorf("%v is no usable shape", shape))
		}
	}
	p.expect("=")
	return p.contents(at, d, shape, ranked)
}

func (p *parser) contents(at int, d tensor.DType, shape []int, ranked bool) *tensor.Tensor {
	switch {
	case p.next("["):
		return p.list(d, shape, ranked)
	case p.next("%"):
		return p.same(d, shape)
	case p.keyword("base64"):
		return p.packed(d, shape)
	case p.keyword("fill"):
		return p.filled(d, shape)
	case p.keyword("elided"):
		p.failAt(at, errors.New("the contents are elided: this is a dump, not the full form"))
	}
	if len(shape) > 0 {
		p.failAt(at, fmt.Errorf("the shape is %v, the contents are one element", shape))
	}
	t := tensor.New(d)
	p.element(t, 0)
	return t
}

func (p *parser) list(d tensor.DType, shape []int, ranked bool) *tensor.Tensor {
	start := p.pos
	n := 0
	p.eachElement(func() {
		p.spelling(d)
		n++
	})
	if !ranked {
		shape = []int{n}
	}
	if want, _ := tensor.Elements(shape); want != n || len(shape) == 0 {
		p.failAt(start, fmt.Errorf("%d elements for shape %v", n, shape))
	}
	p.pos = start
	t := tensor.New(d, shape...)
	i := 0
	p.eachElement(func() {
		p.element(t, i)
		i++
	})
	return t
}

func (p *parser) eachElement(read func()) {
	p.expect("[")
	for first := true; !p.accept("]"); first = false {
		if !first {
			p.expect(",")
		}
		read()
	}
}

// spelling reads the text of an element.
func (p *parser) spelling(d tensor.DType) string {
	rest := p.rest()
	switch {
	case d == tensor.String:
		p.quoted()
	case p.next("("): // complex
		end := strings.IndexByte(rest, ')')
		if end < 0 {
			p.fail(") is missing")
		}
		p.pos += end + 1
	default:
		p.raw(",])}{")
	}
	return rest[:len(rest)-len(p.src[p.pos:])]
}

func (p *parser) element(t *tensor.Tensor, i int) {
	p.blanks()
	at := p.pos
	if err := t.ParseElem(i, p.spelling(t.DType)); err != nil {
		p.failAt(at, err)
	}
}

// same reads a reference to the constant that the contents are shared with.
func (p *parser) same(d tensor.DType, shape []int) *tensor.Tensor {
	at := p.pos
	label := p.label()
	v := p.consts[label]
	if v == nil {
		p.failAt(at, fmt.Errorf("%%%s is no constant", label))
	}
	if t := v.Const; t.DType != d || !tensor.SameShape(t.Shape, shape) {
		p.failAt(at, fmt.Errorf("%%%s is %s, not %s%s", label, t, d, tensor.ShapeString(shape)))
	}
	return v.Const
}

func (p *parser) packed(d tensor.DType, shape []int) *tensor.Tensor {
	p.blanks()
	at := p.pos
	data, err := base64.StdEncoding.DecodeString(p.quoted())
	if err != nil {
		p.failAt(at, err)
	}
	t, err := tensor.FromBytes(d, shape, data)
	if err != nil {
		p.failAt(at, err)
	}
	return t.Clone() // aligned, as decoded bytes need not be
}

func (p *parser) filled(d tensor.DType, shape []int) *tensor.Tensor {
	n, _ := tensor.Elements(shape)
	if n > maxFill {
		p.fail("%d elements are more than %d", n, maxFill)
	}
	p.blanks()
	at := p.pos
	spelling := p.spelling(d)
	t := tensor.New(d, shape...)
	for i := range n {
		if err := t.ParseElem(i, spelling); err != nil {
			p.failAt(at, err)
		}
	}
	return t
}

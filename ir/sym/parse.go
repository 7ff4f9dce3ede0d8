package sym

import (
	"fmt"
	"strconv"
	"strings"
)

// SyntaxError is the error of Parse: what is wrong, and where in the text.
type SyntaxError struct {
	Text   string
	Offset int
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("dimension %q: offset %d: %s", abbreviate(e.Text), e.Offset, e.Reason)
}

func abbreviate(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

// Parse reads an expression: integers, names, `quoted names`, + - * and /
// (floor division, also //), % and ** with a constant power, parentheses, and
// the functions floordiv, ceildiv, mod, min, max, broadcast, signed and group.
// It inverts String. Errors are *SyntaxError.
func Parse(s string) (Dim, error) {
	d, rest, err := Scan(s)
	if err == nil && strings.TrimSpace(rest) != "" {
		err = &SyntaxError{s, len(s) - len(rest), "unexpected text after the expression"}
	}
	if err != nil {
		return Dim{}, err
	}
	return d, nil
}

// Scan reads the longest expression that s starts with, and returns what
// follows it: for parsers of larger texts.
func Scan(s string) (d Dim, rest string, err error) {
	p := parser{text: s}
	d = p.sum()
	if p.err != nil {
		return Dim{}, s, p.err
	}
	return d, s[p.pos:], nil
}

// DimParam reads the dim_param of an ONNX file. Exporters write expressions
// there ("past_sequence_length + 1", "2*s0") as well as plain names of any
// characters; a - or / without blanks between two names ("batch-size", "N/A") is
// taken as part of a name. An empty text is no symbol: use a fresh one.
func DimParam(text string) Dim {
	text = strings.TrimSpace(text)
	if hyphenated(text) {
		return Symbol(text)
	}
	if d, err := Parse(text); err == nil {
		return d
	}
	return Symbol(text)
}

func hyphenated(s string) bool {
	for i := 1; i+1 < len(s); i++ {
		if (s[i] == '-' || s[i] == '/') && identByte(s[i-1], false) && identByte(s[i+1], true) {
			return true
		}
	}
	return false
}

// maxNesting bounds the recursion of the parser.
const maxNesting = 500

type parser struct {
	text  string
	pos   int
	depth int
	lets  []Dim
	err   error
}

func (p *parser) fail(format string, args ...any) Dim {
	if p.err == nil {
		p.err = &SyntaxError{p.text, p.pos, fmt.Sprintf(format, args...)}
	}
	return Dim{}
}

func (p *parser) blanks() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

// accept consumes tok if it comes next; blanks before it go with it.
func (p *parser) accept(tok string) bool {
	start := p.pos
	p.blanks()
	if p.err == nil && strings.HasPrefix(p.text[p.pos:], tok) {
		p.pos += len(tok)
		return true
	}
	p.pos = start
	return false
}

func (p *parser) sum() Dim {
	if p.depth++; p.depth > maxNesting {
		return p.fail("nested too deeply")
	}
	defer func() { p.depth-- }()
	d := p.product()
	for p.err == nil {
		switch {
		case p.accept("+"):
			d = d.Add(p.product())
		case p.accept("-"):
			d = d.Sub(p.product())
		default:
			return d
		}
	}
	return d
}

func (p *parser) product() Dim {
	d := p.unary()
	for p.err == nil {
		switch {
		case p.accept("*"):
			d = d.Mul(p.unary())
		case p.accept("//"), p.accept("/"):
			d = d.Div(p.unary())
		case p.accept("%"):
			d = d.Mod(p.unary())
		default:
			return d
		}
	}
	return d
}

func (p *parser) unary() Dim {
	negative := false
	for p.accept("-") {
		if digits := p.digits(); digits != "" && !negative {
			return p.power(p.integer("-" + digits))
		} else if digits != "" {
			return p.power(p.integer(digits))
		}
		negative = !negative
	}
	d := p.power(p.primary())
	if negative {
		return d.Neg()
	}
	return d
}

// power applies ** with a constant exponent.
func (p *parser) power(base Dim) Dim {
	if !p.accept("**") {
		return base
	}
	p.blanks()
	n, err := strconv.Atoi(p.digits())
	if err != nil || n > maxDegree {
		return p.fail("the power must be a constant up to %d", maxDegree)
	}
	d := Const(1)
	for range n {
		d = d.Mul(base)
	}
	return d
}

func (p *parser) digits() string {
	start := p.pos
	for p.pos < len(p.text) && '0' <= p.text[p.pos] && p.text[p.pos] <= '9' {
		p.pos++
	}
	return p.text[start:p.pos]
}

func (p *parser) integer(s string) Dim {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return p.fail("integer %s is out of range", abbreviate(s))
	}
	return Const(n)
}

func (p *parser) primary() Dim {
	p.blanks()
	if p.err != nil {
		return Dim{}
	}
	if p.pos == len(p.text) {
		return p.fail("an expression is missing")
	}
	switch c := p.text[p.pos]; {
	case '0' <= c && c <= '9':
		return p.number()
	case c == '(':
		p.pos++
		d := p.sum()
		p.expect(")")
		return d
	case c == '$':
		return p.reference()
	case c == '`':
		return p.quoted(opSymbol)
	case identByte(c, true):
		return p.named()
	}
	return p.fail("unexpected %q", p.text[p.pos:p.pos+1])
}

// number reads an integer; "2x" is neither a number nor a name.
func (p *parser) number() Dim {
	s := p.digits()
	if p.pos < len(p.text) && identByte(p.text[p.pos], false) {
		return p.fail("a number ends in a letter: quote names that start with a digit")
	}
	return p.integer(s)
}

func (p *parser) expect(tok string) {
	if !p.accept(tok) {
		p.fail("%s is missing", tok)
	}
}

func (p *parser) identifier() string {
	start := p.pos
	for p.pos < len(p.text) && identByte(p.text[p.pos], p.pos == start) {
		p.pos++
	}
	return p.text[start:p.pos]
}

// named reads a symbol or a function call.
func (p *parser) named() Dim {
	name := p.identifier()
	if !p.accept("(") {
		return Symbol(name)
	}
	switch fn := strings.ToLower(name); fn {
	case "signed":
		d := p.signed()
		p.expect(")")
		return d
	case "let":
		return p.let()
	default:
		return p.call(fn)
	}
}

func (p *parser) signed() Dim {
	p.blanks()
	if p.pos < len(p.text) && p.text[p.pos] == '`' {
		return p.quoted(opSigned)
	}
	name := p.identifier()
	if name == "" {
		return p.fail("signed takes a name")
	}
	return Signed(name)
}

func (p *parser) quoted(op opcode) Dim {
	p.pos++
	n := strings.IndexByte(p.text[p.pos:], '`')
	if n <= 0 {
		return p.fail("a quoted name is empty or does not end")
	}
	name, err := unquoteName(p.text[p.pos : p.pos+n])
	if err != nil {
		return p.fail("a quoted name has an invalid escape")
	}
	p.pos += n + 1
	return newSymbol(op, name).dim()
}

// function is a call of the text form: two arguments, or more where fold says
// that the function associates.
type function struct {
	apply func(a, b Dim) Dim
	fold  bool
}

var functions = map[string]function{
	"floordiv":  {apply: Dim.Div},
	"ceildiv":   {apply: Dim.CeilDiv},
	"mod":       {apply: Dim.Mod},
	"min":       {apply: Dim.Min, fold: true},
	"max":       {apply: Dim.Max, fold: true},
	"broadcast": {apply: Broadcast, fold: true},
}

func (p *parser) call(name string) Dim {
	args := []Dim{p.sum()}
	for p.accept(",") {
		args = append(args, p.sum())
	}
	p.expect(")")
	if p.err != nil {
		return Dim{}
	}
	if name == "group" && len(args) == 1 {
		return group(args[0])
	}
	fn, ok := functions[name]
	if !ok {
		return p.fail("unknown function %s", abbreviate(name))
	}
	if len(args) < 2 || (len(args) > 2 && !fn.fold) {
		return p.fail("%s can't take %d arguments", name, len(args))
	}
	d := args[0]
	for _, a := range args[1:] {
		d = fn.apply(d, a)
	}
	return d
}

// let reads definitions of $0, $1, … and the expression that uses them.
func (p *parser) let() Dim {
	if p.lets != nil {
		return p.fail("let can't nest")
	}
	p.lets = []Dim{}
	for p.err == nil {
		start := p.pos
		if !p.accept("$") || p.digits() != strconv.Itoa(len(p.lets)) || !p.accept("=") {
			p.pos = start
			break
		}
		d := p.sum()
		p.expect(",")
		p.lets = append(p.lets, d)
	}
	d := p.sum()
	p.expect(")")
	p.lets = nil
	return d
}

func (p *parser) reference() Dim {
	p.pos++
	i, err := strconv.Atoi(p.digits())
	if err != nil || i >= len(p.lets) {
		return p.fail("$ without a definition before it")
	}
	return p.lets[i]
}

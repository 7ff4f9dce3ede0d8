package attr

import (
	"fmt"
	"strconv"
	"strings"
)

// Predicate is a formula over the masks of an attention that says which keys a
// query sees; [Attention.Visible] is its text.
type Predicate struct {
	Op   string       // "&", "|", "!": of Args; "<", "<=", "==", "!=": of X and Y; "": X itself
	Args []*Predicate // of "!" one, of "&" and "|" two or more
	X, Y Term
}

// Term is an operand of a comparison: the number of a mask, or a position.
type Term int

// The positions: the index of the query (0 … T−1), and that of the key (0 … S−1,
// the past's included).
const (
	TermQuery Term = -1
	TermKey   Term = -2
)

func (t Term) String() string {
	switch t {
	case TermQuery:
		return "q"
	case TermKey:
		return "k"
	}
	return "m" + strconv.Itoa(int(t))
}

// String writes the formula with no more parentheses than needed.
func (p *Predicate) String() string {
	switch p.Op {
	case "":
		return p.X.String()
	case "!":
		return "!" + p.Args[0].within("!")
	case "&", "|":
		terms := make([]string, len(p.Args))
		for i, arg := range p.Args {
			terms[i] = arg.within(p.Op)
		}
		return strings.Join(terms, p.Op)
	}
	return p.X.String() + p.Op + p.Y.String()
}

// within writes p as an argument of op.
func (p *Predicate) within(op string) string {
	if p.Op == "|" || op == "!" && (p.Op != "" && p.Op != "!") {
		return "(" + p.String() + ")"
	}
	return p.String()
}

// Terms calls yield for every term, and for whether it is compared.
func (p *Predicate) Terms(yield func(t Term, compared bool)) {
	for _, arg := range p.Args {
		arg.Terms(yield)
	}
	switch p.Op {
	case "":
		yield(p.X, false)
	case "<", "<=", "==", "!=":
		yield(p.X, true)
		yield(p.Y, true)
	}
}

// maxNesting bounds the parentheses and negations of a formula, which its reader
// recurses over.
const maxNesting = 64

// ParsePredicate reads a formula:
//
//	or  = and {"|" and}
//	and = not {"&" not}
//	not = "!" not | "(" or ")" | term [("<" | "<=" | "==" | "!=") term]
//
// with terms m0, m1, …, q and k. Blanks are ignored.
func ParsePredicate(text string) (*Predicate, error) {
	r := predicateReader{rest: strings.ReplaceAll(text, " ", "")}
	p, err := r.join("|", maxNesting)
	if err == nil && r.rest != "" {
		err = fmt.Errorf("%q is left over", r.rest)
	}
	if err != nil {
		return nil, fmt.Errorf("visible = %q: %w", text, err)
	}
	return p, nil
}

type predicateReader struct{ rest string }

func (r *predicateReader) take(token string) bool {
	rest, ok := strings.CutPrefix(r.rest, token)
	if ok {
		r.rest = rest
	}
	return ok
}

// join reads terms joined by op.
func (r *predicateReader) join(op string, depth int) (*Predicate, error) {
	joined := &Predicate{Op: op}
	for len(joined.Args) == 0 || r.take(op) {
		var p *Predicate
		var err error
		if op == "|" {
			p, err = r.join("&", depth)
		} else {
			p, err = r.not(depth)
		}
		if err != nil {
			return nil, err
		}
		joined.Args = append(joined.Args, p)
	}
	if len(joined.Args) == 1 {
		return joined.Args[0], nil
	}
	return joined, nil
}

func (r *predicateReader) not(depth int) (*Predicate, error) {
	switch {
	case depth == 0:
		return nil, fmt.Errorf("it is nested more than %d deep", maxNesting)
	case r.take("!"):
		p, err := r.not(depth - 1)
		return &Predicate{Op: "!", Args: []*Predicate{p}}, err
	case r.take("("):
		p, err := r.join("|", depth-1)
		if err == nil && !r.take(")") {
			err = fmt.Errorf("no \")\" before %q", r.rest)
		}
		return p, err
	}
	x, err := r.term()
	if err != nil {
		return nil, err
	}
	for _, op := range []string{"<=", "<", "==", "!="} {
		if r.take(op) {
			y, err := r.term()
			return &Predicate{Op: op, X: x, Y: y}, err
		}
	}
	return &Predicate{X: x}, nil
}

func (r *predicateReader) term() (Term, error) {
	switch {
	case r.take("q"):
		return TermQuery, nil
	case r.take("k"):
		return TermKey, nil
	case r.take("m"):
		digits := len(r.rest) - len(strings.TrimLeft(r.rest, "0123456789"))
		n, err := strconv.ParseUint(r.rest[:digits], 10, 16)
		r.rest = r.rest[digits:]
		if err == nil {
			return Term(n), nil
		}
	}
	return 0, fmt.Errorf("want m0, m1, …, q or k before %q", r.rest)
}

// Predicate returns the formula of Visible, or that all masks are true; nil: the
// masks hide nothing.
func (a *Attention) Predicate() (*Predicate, error) {
	if a.Visible != "" {
		return ParsePredicate(a.Visible)
	}
	all := &Predicate{Op: "&"}
	for i := range a.Masks {
		all.Args = append(all.Args, &Predicate{X: Term(i)})
	}
	switch len(all.Args) {
	case 0:
		return nil, nil
	case 1:
		return all.Args[0], nil
	}
	return all, nil
}

// comparedMasks returns which masks the formula compares; the others are boolean.
// It fails if the formula is not legal: every mask must be used, and one that
// stands alone is a boolean, which can't be compared.
func (a *Attention) comparedMasks() ([]bool, error) {
	if a.Visible == "" {
		return make([]bool, a.Masks), nil
	}
	p, err := a.Predicate()
	if err != nil {
		return nil, err
	}
	compared, alone := make([]bool, a.Masks), make([]bool, a.Masks)
	p.Terms(func(t Term, isCompared bool) {
		switch {
		case int(t) >= a.Masks:
			err = fmt.Errorf("visible = %q: %s, but there are %d masks", a.Visible, t, a.Masks)
		case t >= 0 && isCompared:
			compared[t] = true
		case t >= 0:
			alone[t] = true
		case !isCompared:
			err = fmt.Errorf("visible = %q: %s alone is no condition", a.Visible, t)
		}
	})
	if err != nil {
		return nil, err
	}
	for i := range compared {
		if compared[i] == alone[i] {
			return nil, fmt.Errorf("visible = %q: want m%d either compared or as a condition", a.Visible, i)
		}
	}
	return compared, nil
}

// Compared reports whether mask i is compared, and so holds numbers; the others
// are boolean.
func (a *Attention) Compared(i int) bool {
	compared, err := a.comparedMasks()
	return err == nil && i < len(compared) && compared[i]
}

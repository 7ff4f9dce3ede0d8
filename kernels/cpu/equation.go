package cpu

import (
	"fmt"
	"strconv"
	"strings"
)

// label names an axis in an equation of Einsum: a letter, or −i for the axis of the
// ellipsis that is i-th from its end.
type label int

// String is how the equation spells l.
func (l label) String() string {
	if l < 0 {
		return "the ellipsis"
	}
	return strconv.QuoteRune(rune(l))
}

// term lists the labels of the axes of an operand or the result.
type term struct {
	labels [maxRank]label
	rank   int
}

func (t *term) all() []label { return t.labels[:t.rank] }

// axis is where l is, −1 if it isn't.
func (t *term) axis(l label) int {
	for i, own := range t.all() {
		if own == l {
			return i
		}
	}
	return -1
}

// add appends a label, which may not be there already.
func (t *term) add(l label) error {
	switch {
	case t.rank == maxRank:
		return fmt.Errorf("a term has more than %d labels", maxRank)
	case t.axis(l) >= 0:
		return fmt.Errorf("%s is twice in a term", l)
	}
	t.labels[t.rank] = l
	t.rank++
	return nil
}

// equation says which axes of two operands and the result belong together.
type equation [3]term

// The tensors of an equation.
const (
	ofLeft = iota
	ofRight
	ofResult
)

// CanEinsum returns why the kernel can't compute an equation for operands of these
// ranks: it is a matrix product of two operands, so that no label repeats within
// one, and what isn't in the result is in both.
func CanEinsum(text string, ranks ...int) error {
	if len(ranks) != 2 {
		return fmt.Errorf("equation %q of %d operands, want 2", text, len(ranks))
	}
	var e equation
	return e.read(text, ranks[0], ranks[1])
}

// read understands the text of an equation for operands of these ranks.
func (e *equation) read(text string, left, right int) error {
	*e = equation{}
	operands, out, explicit := strings.Cut(text, "->")
	first, second, _ := strings.Cut(operands, ",")
	hiddenLeft, hiddenRight := hiddenAxes(first, left), hiddenAxes(second, right)
	err := e[ofLeft].read(first, hiddenLeft)
	if err == nil {
		err = e[ofRight].read(second, hiddenRight)
	}
	switch {
	case err != nil:
	case e[ofLeft].rank != left || e[ofRight].rank != right:
		err = fmt.Errorf("its terms don't have the ranks %d and %d", left, right)
	case explicit:
		err = e[ofResult].read(out, max(hiddenLeft, hiddenRight))
	default:
		err = e.implicit(max(hiddenLeft, hiddenRight))
	}
	if err == nil {
		err = e.check()
	}
	if err != nil {
		return fmt.Errorf("equation %q: %w", text, err)
	}
	return nil
}

// hiddenAxes is how many axes of an operand its term doesn't spell out.
func hiddenAxes(text string, rank int) int {
	for i := range len(text) {
		if text[i] != ' ' && text[i] != '.' {
			rank--
		}
	}
	return max(rank, 0)
}

// read appends the labels of a term, in which the ellipsis stands for hidden axes.
func (t *term) read(text string, hidden int) error {
	for i := 0; i < len(text); i++ {
		var err error
		switch c := text[i]; {
		case c == ' ':
		case strings.HasPrefix(text[i:], "..."):
			i += len("..") // and one more
			err = t.ellipsis(hidden)
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			err = t.add(label(c))
		default:
			err = fmt.Errorf("%q is no label", c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *term) ellipsis(hidden int) error {
	for i := hidden; i > 0; i-- {
		if err := t.add(label(-i)); err != nil {
			return err
		}
	}
	return nil
}

// implicit gives the result the axes of the ellipsis, and the letters that occur
// once, sorted.
func (e *equation) implicit(hidden int) error {
	err := e[ofResult].ellipsis(hidden)
	for l := label('A'); l <= 'z' && err == nil; l++ {
		if (e[ofLeft].axis(l) >= 0) != (e[ofRight].axis(l) >= 0) {
			err = e[ofResult].add(l)
		}
	}
	return err
}

// check makes sure that this is a product: a label is of two tensors at least, or
// of an operand and the result.
func (e *equation) check() error {
	for t := range e {
		for _, l := range e[t].all() {
			first, second := e[(t+1)%len(e)].axis(l) >= 0, e[(t+2)%len(e)].axis(l) >= 0
			if !first && !second {
				return fmt.Errorf("%s is in one term alone", l)
			}
		}
	}
	return nil
}

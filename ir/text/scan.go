package text

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error is a fault of the text.
type Error struct {
	Line, Col int // from 1; Col counts characters
	Err       error
}

func (e *Error) Error() string { return fmt.Sprintf("%d:%d: %v", e.Line, e.Col, e.Err) }

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }

// scanner reads tokens. Faults unwind with a panic of *Error that Parse
// recovers, as in text/template/parse.
type scanner struct {
	src string
	pos int
}

// failAt reports err at the byte offset pos.
func (s *scanner) failAt(pos int, err error) {
	before := s.src[:pos]
	start := strings.LastIndexByte(before, '\n') + 1
	panic(&Error{
		Line: 1 + strings.Count(before, "\n"),
		Col:  1 + utf8.RuneCountInString(before[start:]),
		Err:  err,
	})
}

// fail reports a fault where the scanner stands.
func (s *scanner) fail(format string, args ...any) {
	s.blanks()
	s.failAt(s.pos, fmt.Errorf(format, args...))
}

// blanks skips white space and comments, which run from # to the end of line.
func (s *scanner) blanks() {
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		case '#':
			end := strings.IndexByte(s.src[s.pos:], '\n')
			if end < 0 {
				end = len(s.src) - s.pos
			}
			s.pos += end
		default:
			return
		}
	}
}

// rest is the text from the next token on.
func (s *scanner) rest() string {
	s.blanks()
	return s.src[s.pos:]
}

// next reports whether the next token starts with mark.
func (s *scanner) next(mark string) bool { return strings.HasPrefix(s.rest(), mark) }

// accept consumes mark if it comes next.
func (s *scanner) accept(mark string) bool {
	if !s.next(mark) {
		return false
	}
	s.pos += len(mark)
	return true
}

func (s *scanner) expect(mark string) {
	if !s.accept(mark) {
		s.fail("%s is missing before %s", mark, s.found())
	}
}

// found describes what comes next, for messages.
func (s *scanner) found() string {
	rest := s.rest()
	if rest == "" {
		return "the end"
	}
	end := strings.IndexAny(rest, " \t\r\n,")
	if end <= 0 || end > 20 {
		_, size := utf8.DecodeRuneInString(rest)
		end = size
	}
	return strconv.Quote(rest[:end])
}

func wordByte(c byte) bool {
	return c == '_' || c == '.' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// word reads letters, digits, _ and dots; "" if there is none.
func (s *scanner) word() string {
	rest := s.rest()
	n := 0
	for n < len(rest) && wordByte(rest[n]) {
		n++
	}
	s.pos += n
	return rest[:n]
}

// keyword consumes word if it comes next as a whole word.
func (s *scanner) keyword(word string) bool {
	start := s.pos
	if s.word() == word {
		return true
	}
	s.pos = start
	return false
}

// quoted reads a quoted string.
func (s *scanner) quoted() string {
	q, err := strconv.QuotedPrefix(s.rest())
	if err != nil || q[0] != '"' {
		s.fail("a quoted string is missing before %s", s.found())
	}
	text, err := strconv.Unquote(q)
	if err != nil {
		s.fail("the string %s: %v", q, err)
	}
	s.pos += len(q)
	return text
}

// optionalName reads a quoted string if one comes next.
func (s *scanner) optionalName() (string, bool) {
	if !s.next(`"`) {
		return "", false
	}
	return s.quoted(), true
}

// label reads a reference to a value: what follows its %.
func (s *scanner) label() string {
	s.expect("%")
	if s.pos == len(s.src) || !wordByte(s.src[s.pos]) {
		s.fail("a number or a word is missing after %%")
	}
	return s.word()
}

// raw reads up to one of the delimiters or a blank.
func (s *scanner) raw(delimiters string) string {
	rest := s.rest()
	n := strings.IndexAny(rest, delimiters+" \t\r\n#")
	if n < 0 {
		n = len(rest)
	}
	s.pos += n
	return rest[:n]
}

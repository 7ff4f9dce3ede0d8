package readmasks

import "github.com/parallax-go/parallax/ir/tensor"

// piece is one of the cases of an expression: where cond holds, it is val.
type piece struct{ cond, val *expr }

// maxCases bounds the cases of an expression that are told apart.
const maxCases = 24

// cases takes e apart into cases that exclude each other and leave nothing out.
// One with more than maxCases is a case of its own.
func (s *space) cases(e *expr) []piece {
	if e.kind != choose && e.kind != apply {
		return []piece{{s.bool(true), e}}
	}
	pieces := s.taken[e]
	if pieces == nil {
		if pieces = s.merged(s.split(e)); len(pieces) > maxCases {
			pieces = []piece{{s.bool(true), e}}
		}
		s.taken[e] = pieces
	}
	return pieces
}

func (s *space) split(e *expr) []piece {
	switch {
	case e.kind == choose:
		var out []piece
		for i, c := range []*expr{e.args[0], s.not(e.args[0])} {
			for _, p := range s.cases(e.args[1+i]) {
				if cond := s.and(c, p.cond); !cond.isBool(false) {
					out = append(out, piece{cond, p.val})
				}
			}
		}
		return out
	case e.kind == apply && e.dtype != tensor.Bool:
		var out []piece
		for _, c := range s.combinations(e.args) {
			out = append(out, piece{c.cond, s.applied(e.node, c.vals)})
		}
		return out
	}
	return []piece{{s.bool(true), e}}
}

// merged joins cases of one value.
func (s *space) merged(pieces []piece) []piece {
	var out []piece
next:
	for _, p := range pieces {
		for i := range out {
			if out[i].val == p.val {
				out[i].cond = s.or(out[i].cond, p.cond)
				continue next
			}
		}
		out = append(out, p)
	}
	return out
}

// combination is a case of several expressions at once.
type combination struct {
	cond *expr
	vals []*expr
}

// combinations takes several expressions apart; too many cases are one.
func (s *space) combinations(args []*expr) []combination {
	whole := []combination{{s.bool(true), args}}
	out := []combination{{cond: s.bool(true)}}
	for _, arg := range args {
		pieces := []piece{{s.bool(true), arg}}
		if arg.dtype != tensor.Bool {
			pieces = s.cases(arg)
		}
		var next []combination
		for _, c := range out {
			for _, p := range pieces {
				cond := s.and(c.cond, p.cond)
				if cond.isBool(false) {
					continue
				}
				next = append(next, combination{cond, append(c.vals[:len(c.vals):len(c.vals)], p.val)})
			}
		}
		if out = next; len(out) > maxCases {
			return whole
		}
	}
	return out
}

// byCases is a condition on expressions: that f gives, case by case.
func (s *space) byCases(args []*expr, f func([]*expr) *expr) *expr {
	var terms []*expr
	for _, c := range s.combinations(args) {
		terms = append(terms, s.and(c.cond, f(c.vals)))
	}
	return s.or(terms...)
}

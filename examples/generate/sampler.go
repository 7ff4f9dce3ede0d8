package main

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
)

// Sampler chooses a token by its logits.
type Sampler struct {
	Temperature float64 // 0: the most likely token
	TopK        int     // 0: no limit
	TopP        float64 // 1, or 0: no limit

	random     *rand.Rand
	candidates []candidate
}

type candidate struct {
	token       int
	logit       float64
	probability float64
}

// Seed begins the random numbers anew: the same seed gives the same tokens.
func (s *Sampler) Seed(seed uint64) { s.random = rand.New(rand.NewPCG(seed, 0)) }

// Pick returns a token. Equal logits are ordered by token, so that a choice does
// not depend on how they are sorted.
func (s *Sampler) Pick(logits []float64) (int, error) {
	s.candidates = s.candidates[:0]
	for i, l := range logits {
		if l != l {
			return 0, errors.New("the logits are not numbers")
		}
		s.candidates = append(s.candidates, candidate{token: i, logit: l})
	}
	if len(s.candidates) == 0 {
		return 0, errors.New("there are no logits")
	}
	if s.Temperature <= 0 {
		return slices.MaxFunc(s.candidates, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(a.logit, b.logit), cmp.Compare(b.token, a.token))
		}).token, nil
	}
	slices.SortFunc(s.candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.logit, a.logit), cmp.Compare(a.token, b.token))
	})
	if s.TopK > 0 && s.TopK < len(s.candidates) {
		s.candidates = s.candidates[:s.TopK]
	}
	return s.draw(s.nucleus(s.softmax())), nil
}

// softmax gives the candidates weights e^(l/T), relative to the first, and
// returns their sum.
func (s *Sampler) softmax() float64 {
	total, top := 0.0, s.candidates[0].logit
	for i := range s.candidates {
		c := &s.candidates[i]
		c.probability = math.Exp((c.logit - top) / s.Temperature)
		if c.logit == top { // also of infinities
			c.probability = 1
		}
		total += c.probability
	}
	return total
}

// nucleus keeps the fewest candidates that have probability TopP together, and
// returns the sum of their weights.
func (s *Sampler) nucleus(total float64) float64 {
	if s.TopP <= 0 || s.TopP >= 1 {
		return total
	}
	sum := 0.0
	for i, c := range s.candidates {
		sum += c.probability
		if sum >= s.TopP*total {
			s.candidates = s.candidates[:i+1]
			break
		}
	}
	return sum
}

func (s *Sampler) draw(total float64) int {
	x := s.random.Float64() * total
	for _, c := range s.candidates {
		if x -= c.probability; x < 0 {
			return c.token
		}
	}
	return s.candidates[len(s.candidates)-1].token
}

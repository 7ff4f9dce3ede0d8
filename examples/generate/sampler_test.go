package main

import (
	"math"
	"strings"
	"testing"
)

func TestGreedy(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		name   string
		logits []float64
		want   int
	}{
		{"greatest", []float64{1, 3, 2}, 1},
		{"first of equals", []float64{1, 3, 3}, 1},
		{"all hidden but one", []float64{-inf, -inf, -5}, 2},
		{"all hidden", []float64{-inf, -inf}, 0},
		{"infinite", []float64{7, inf, 3}, 1},
	} {
		got, err := (&Sampler{}).Pick(c.logits)
		if err != nil || got != c.want {
			t.Errorf("%s: token %d, error %v, want %d", c.name, got, err, c.want)
		}
	}
	for _, c := range []struct {
		logits []float64
		want   string
	}{
		{nil, "no logits"},
		{[]float64{1, math.NaN()}, "not numbers"},
	} {
		if _, err := (&Sampler{}).Pick(c.logits); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want %q", c.logits, err, c.want)
		}
	}
}

// shares counts what a sampler picks.
func shares(t *testing.T, s Sampler, logits []float64) []float64 {
	t.Helper()
	const draws = 20000
	s.Seed(5)
	count := make([]float64, len(logits))
	for range draws {
		token, err := s.Pick(logits)
		if err != nil {
			t.Fatal(err)
		}
		count[token]++
	}
	for i := range count {
		count[i] /= draws
	}
	return count
}

// TestSampling: shares are within five deviations of the probabilities.
func TestSampling(t *testing.T) {
	logits := []float64{math.Log(0.15), math.Log(0.5), math.Log(0.05), math.Log(0.3)}
	for _, c := range []struct {
		name    string
		sampler Sampler
		want    []float64
	}{
		{"all", Sampler{Temperature: 1}, []float64{0.15, 0.5, 0.05, 0.3}},
		{"a limit above the vocabulary", Sampler{Temperature: 1, TopK: 9, TopP: 1}, []float64{0.15, 0.5, 0.05, 0.3}},
		{"two most likely", Sampler{Temperature: 1, TopK: 2}, []float64{0, 0.625, 0, 0.375}},
		{"most likely", Sampler{Temperature: 1, TopK: 1}, []float64{0, 1, 0, 0}},
		{"nucleus", Sampler{Temperature: 1, TopP: 0.7}, []float64{0, 0.625, 0, 0.375}},
		{"nucleus of one", Sampler{Temperature: 1, TopP: 0.01}, []float64{0, 1, 0, 0}},
		{"nucleus among three", Sampler{Temperature: 1, TopK: 3, TopP: 0.99}, []float64{0.15 / 0.95, 0.5 / 0.95, 0, 0.3 / 0.95}},
		{"cold", Sampler{Temperature: 0.5}, []float64{0.0225 / 0.365, 0.25 / 0.365, 0.0025 / 0.365, 0.09 / 0.365}},
	} {
		for i, got := range shares(t, c.sampler, logits) {
			if limit := 5 * math.Sqrt(c.want[i]*(1-c.want[i])/20000); math.Abs(got-c.want[i]) > limit {
				t.Errorf("%s: token %d has %.4f, want %.4f", c.name, i, got, c.want[i])
			}
		}
	}
}

func TestSeed(t *testing.T) {
	logits := make([]float64, 1000)
	pick := func(seed uint64) (tokens [8]int) {
		s := Sampler{Temperature: 1}
		s.Seed(seed)
		for i := range tokens {
			tokens[i], _ = s.Pick(logits)
		}
		return tokens
	}
	first, again, other := pick(1), pick(1), pick(2)
	if first != again || first == other {
		t.Errorf("seed 1 gives %v and %v, seed 2 %v", first, again, other)
	}
}

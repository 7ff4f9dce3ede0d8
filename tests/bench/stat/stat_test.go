package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestMedian(t *testing.T) {
	tests := []struct {
		list []float64
		want float64
	}{
		{[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}, {nil, math.NaN()},
	}
	for _, tt := range tests {
		if got := Median(tt.list); got != tt.want && !(math.IsNaN(got) && math.IsNaN(tt.want)) {
			t.Errorf("median of %v is %v, want %v", tt.list, got, tt.want)
		}
	}
	list := []float64{3, 1, 2}
	if Median(list); list[0] != 3 {
		t.Error("the list is sorted in place")
	}
}

func TestQuantile(t *testing.T) {
	list := []float64{10, 20, 30, 40, 50}
	for q, want := range map[float64]float64{0: 10, .25: 20, .1: 14, 1: 50} {
		if got := Quantile(list, q); math.Abs(got-want) > 1e-12 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
}

func TestGeometricMean(t *testing.T) {
	if got := GeometricMean([]float64{2, 8, 4}); math.Abs(got-4) > 1e-12 {
		t.Errorf("it is %v, want 4", got)
	}
}

func TestOverlaps(t *testing.T) {
	tests := []struct {
		a, b Interval
		want bool
	}{
		{Interval{1, 2}, Interval{1.5, 3}, true}, {Interval{1, 2}, Interval{2, 3}, true},
		{Interval{1, 2}, Interval{2.1, 3}, false}, {Interval{1, 4}, Interval{2, 3}, true},
	}
	for _, tt := range tests {
		if tt.a.Overlaps(tt.b) != tt.want || tt.b.Overlaps(tt.a) != tt.want {
			t.Errorf("%v and %v: want %v", tt.a, tt.b, tt.want)
		}
	}
}

// one is a sitting.
func one(rounds ...float64) [][]float64 { return [][]float64{rounds} }

// TestDriftCancels: a round that is slower as a whole, by whatever factor, changes
// nothing.
func TestDriftCancels(t *testing.T) {
	drift := []float64{1, 3, 1.5, 9, 1, 2, 1.1, 4, 1}
	a, b := make([]float64, len(drift)), make([]float64, len(drift))
	for i, d := range drift {
		a[i], b[i] = 6*d, 4*d
	}
	if ratio, interval := Ratio(one(a...), one(b...)); ratio != 1.5 || interval != (Interval{1.5, 1.5}) {
		t.Errorf("ratio %v %v, want 1.5 exactly", ratio, interval)
	}
}

// TestOutlierIsIgnored: one disturbed block does not move the estimate out of the
// range of the others.
func TestOutlierIsIgnored(t *testing.T) {
	a := []float64{12, 12.1, 11.9, 12, 90, 12.2, 11.8, 12, 12.1}
	b := []float64{10, 10, 10, 10, 10, 10, 10, 10, 10}
	if ratio, interval := Ratio(one(a...), one(b...)); ratio < 1.18 || ratio > 1.22 || interval.High > 1.22 {
		t.Errorf("ratio %v %v, want about 1.2", ratio, interval)
	}
}

// TestCoverage: of many measurements with noise, the interval holds the true ratio
// in about as many as it says, also where sittings differ more than their rounds.
// Percentile intervals of the median of few are known to be a little too narrow or too
// wide, so a range is asked for.
func TestCoverage(t *testing.T) {
	const trials, truth = 200, 1.25
	tests := []struct {
		name             string
		sittings, rounds int
		between          float64 // sittings, the standard deviation of the ratio's logarithm
	}{
		{"one sitting", 1, 9, 0},
		{"sittings that are alike", 6, 2, 0},
		{"sittings that differ", 6, 2, .1},
	}
	for _, tt := range tests {
		r := rand.New(rand.NewPCG(7, 7))
		held := 0
		for range trials {
			a, b := make([][]float64, tt.sittings), make([][]float64, tt.sittings)
			for i := range a {
				ratio := truth * math.Exp(tt.between*r.NormFloat64())
				for range tt.rounds {
					drift := math.Exp(.3 * r.NormFloat64())
					a[i] = append(a[i], ratio*drift*math.Exp(.05*r.NormFloat64()))
					b[i] = append(b[i], drift*math.Exp(.05*r.NormFloat64()))
				}
			}
			if _, interval := Ratio(a, b); interval.Low <= truth && truth <= interval.High {
				held++
			}
		}
		if share := float64(held) / trials; share < .9 || share == 1 {
			t.Errorf("%s: the interval holds the truth in %.1f %% of the trials", tt.name, 100*share)
		}
	}
}

func TestSameRoundsSameInterval(t *testing.T) {
	a, b := [][]float64{{5, 6, 7, 5, 6}, {8, 5, 6, 7}}, [][]float64{{4, 5, 4, 4, 5}, {5, 4, 4, 5}}
	_, first := Ratio(a, b)
	if _, second := Ratio(a, b); first != second {
		t.Errorf("%v, then %v", first, second)
	}
}

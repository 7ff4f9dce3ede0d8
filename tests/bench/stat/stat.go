// Package stat summarises times that were measured in rounds of several sittings.
package stat

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Median is the middle of list, or the mean of the two in the middle. It is NaN
// without elements.
func Median(list []float64) float64 { return Quantile(list, .5) }

// Quantile is the value below which the share q of list lies, between elements
// in proportion.
func Quantile(list []float64, q float64) float64 {
	if len(list) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(list))
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// GeometricMean is NaN without elements.
func GeometricMean(list []float64) float64 {
	sum := 0.0
	for _, x := range list {
		sum += math.Log(x)
	}
	return math.Exp(sum / float64(len(list)))
}

// Interval is where a figure lies.
type Interval struct{ Low, High float64 }

// Overlaps reports whether a value may lie in both.
func (i Interval) Overlaps(j Interval) bool { return i.Low <= j.High && j.Low <= i.High }

// The bootstrap draws this often, and covers this share.
const (
	draws    = 4000
	coverage = .95
)

// Ratio estimates a / b, where a[i][j] and b[i][j] were measured in round j of sitting
// i: the median of the rounds' ratios, so that what slows a whole round down cancels.
// The interval is the percentile bootstrap in two stages, over sittings and over the
// rounds of each that is drawn (Davison and Hinkley, Bootstrap Methods, 3.8): rounds of
// one sitting resemble each other more than those of two. The seed is fixed: the same
// rounds give the same interval.
func Ratio(a, b [][]float64) (float64, Interval) {
	ratios := make([][]float64, len(a))
	for i := range a {
		for j := range a[i] {
			ratios[i] = append(ratios[i], a[i][j]/b[i][j])
		}
	}
	r := rand.New(rand.NewPCG(1, uint64(len(ratios))))
	medians := make([]float64, draws)
	var sample []float64
	for i := range medians {
		sample = sample[:0]
		for range ratios {
			sitting := ratios[r.IntN(len(ratios))]
			for range sitting {
				sample = append(sample, sitting[r.IntN(len(sitting))])
			}
		}
		medians[i] = Median(sample)
	}
	return Median(slices.Concat(ratios...)), Interval{Quantile(medians, (1-coverage)/2), Quantile(medians, (1+coverage)/2)}
}

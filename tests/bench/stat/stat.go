// Package stat summarises times that were measured in rounds.
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

// Width is the interval's width relative to x.
func (i Interval) Width(x float64) float64 { return (i.High - i.Low) / x }

// The bootstrap draws this often, and covers this share.
const (
	draws    = 4000
	coverage = .95
)

// Ratio estimates a / b, where a[i] and b[i] were measured in one round: the
// median of the rounds' ratios, so that what slows a whole round down cancels.
// The interval is the percentile bootstrap over rounds. The seed is fixed: the
// same rounds give the same interval.
func Ratio(a, b []float64) (float64, Interval) {
	ratios := make([]float64, len(a))
	for i := range ratios {
		ratios[i] = a[i] / b[i]
	}
	r := rand.New(rand.NewPCG(1, uint64(len(ratios))))
	medians, sample := make([]float64, draws), make([]float64, len(ratios))
	for i := range medians {
		for j := range sample {
			sample[j] = ratios[r.IntN(len(ratios))]
		}
		medians[i] = Median(sample)
	}
	return Median(ratios), Interval{Quantile(medians, (1-coverage)/2), Quantile(medians, (1+coverage)/2)}
}

package ref

import (
	"fmt"
	"math"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// MelWeightMatrix are weights [frequency, band] that gather the frequencies of a
// transform of length in bands: triangles that are equally wide on the mel scale,
// between the edges, which are in Hertz as the rate is.
func MelWeightMatrix(z *tensor.Tensor, a *attr.MelWeightMatrix, bands, length, rate, low, high *tensor.Tensor) error {
	var whole [3]int
	for i, t := range []*tensor.Tensor{bands, length, rate} {
		var err error
		if whole[i], err = scalarInt(t, fmt.Sprintf("operand %d", i)); err != nil {
			return err
		}
	}
	n, size, perSecond := whole[0], whole[1], whole[2]
	if n < 1 || size < 1 || perSecond < 1 || n > tensor.MaxElements || size > tensor.MaxElements {
		return fmt.Errorf("%d bands of a transform of length %d at a rate of %d", n, size, perSecond)
	}
	if !low.DType.IsFloat() || low.Len() != 1 || !high.DType.IsFloat() || high.Len() != 1 {
		return fmt.Errorf("the edges are %s and %s, want two numbers", low, high)
	}
	if !a.DType.IsFloat() && !a.DType.IsInt() {
		return fmt.Errorf("weights of type %s", a.DType)
	}
	if err := reset(z, a.DType, size/2+1, n); err != nil {
		return err
	}
	edges, err := melEdges(n, size, perSecond, low.FloatAt(0), high.FloatAt(0))
	if err != nil {
		return err
	}
	out := make([]float64, z.Len())
	for band := range n {
		left, centre, right := edges[band], edges[band+1], edges[band+2]
		if left == centre {
			out[centre*n+band] = 1
		}
		for k := left; k < centre; k++ {
			out[k*n+band] = float64(k-left) / float64(centre-left)
		}
		for k := centre; k < right; k++ {
			out[k*n+band] = float64(right-k) / float64(right-centre)
		}
		if left < centre {
			out[centre*n+band] = 1
		}
	}
	store(z, out)
	return nil
}

// melEdges are the frequencies where bands begin, have their middle, and end: those of
// a band are the next three.
func melEdges(n, size, rate int, low, high float64) ([]int, error) {
	mel := func(hertz float64) float64 { return 2595 * math.Log10(1+hertz/700) }
	step := (mel(high) - mel(low)) / float64(n+2)
	edges := make([]int, n+2)
	for i := range edges {
		hertz := 700 * (math.Pow(10, (mel(low)+float64(float64(i)*step))/2595) - 1)
		place := math.Floor(float64(size+1) * hertz / float64(rate))
		if !(place >= 0 && place <= float64(size/2)) || i > 0 && int(place) < edges[i-1] {
			return nil, fmt.Errorf("bands from %g to %g Hertz of a transform of length %d at a rate of %d", low, high, size, rate)
		}
		edges[i] = int(place)
	}
	return edges, nil
}

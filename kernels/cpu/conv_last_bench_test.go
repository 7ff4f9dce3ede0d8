package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// BenchmarkFusedConvLast has the layers of Segformer (3×3) and ConvNeXt (7×7).
func BenchmarkFusedConvLast(b *testing.B) {
	rng := rand.New(rand.NewPCG(44, 1))
	for _, l := range []struct{ size, channels, kernel int }{{56, 128, 3}, {14, 640, 3}, {7, 1024, 3}, {56, 96, 7}, {14, 384, 7}, {7, 768, 7}} {
		pad := l.kernel / 2
		a := attr.FusedConv{Group: l.channels, ChannelsLast: true, Activation: attr.ActivationNone, Pads: []int{pad, pad, pad, pad}}
		x, filters := normals(rng, tensor.Float32, 1, l.size, l.size, l.channels), normals(rng, tensor.Float32, l.channels, 1, l.kernel, l.kernel)
		var z, packed tensor.Tensor
		if err := PackTaps(nil, &packed, filters); err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%dx%dx%d by %d", l.size, l.size, l.channels, l.kernel), func(b *testing.B) {
			c := &Ctx{}
			for b.Loop() {
				if err := FusedConvLast(c, &z, &a, x, &packed); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*z.Len()*l.kernel*l.kernel)/b.Elapsed().Seconds()/1e9, "GMAC/s")
		})
	}
}

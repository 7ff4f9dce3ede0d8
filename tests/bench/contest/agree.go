package contest

import (
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/tests/bench/engine"
)

// usual is the difference of outputs that is allowed, relative to the largest
// number of the output: sums of a few thousand products in another order, through
// four layers.
const usual = 1e-4

// agree compares the outputs of each player with those of the first with the same
// model, and returns who can run it. Times of those that differ mean nothing.
func (a *Arena) agree(m *Measurement, players []*player) ([]*player, error) {
	reference := map[string]map[string]*tensor.Tensor{} // by model
	var fit []*player
	for i, p := range players {
		outputs, err := a.outputs(p, i)
		if err != nil {
			if p.Engine == engine.Name {
				return nil, fmt.Errorf("%s: %w", m.Case.Name, err)
			}
			a.fail(m, p.Name, err)
			continue
		}
		if reference[p.Setup.Model] == nil {
			reference[p.Setup.Model] = outputs
		} else if err := same(outputs, reference[p.Setup.Model], m.Case.Tolerance); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", m.Case.Name, p.Name, err)
		}
		fit = append(fit, p)
	}
	return fit, nil
}

func (a *Arena) outputs(p *player, i int) (map[string]*tensor.Tensor, error) {
	folder := filepath.Join(a.folder, fmt.Sprintf("outputs-%d", i))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	reply, err := p.worker.Ask(engine.Request{Do: "outputs", Session: p.session, Folder: folder})
	if err != nil {
		return nil, err
	}
	all := map[string]*tensor.Tensor{}
	for name, path := range reply.Outputs {
		if all[name], err = engine.ReadArray(path); err != nil {
			return nil, fmt.Errorf("output %s: %w", name, err)
		}
	}
	return all, nil
}

func same(got, want map[string]*tensor.Tensor, tolerance float64) error {
	if tolerance == 0 {
		tolerance = usual
	}
	if len(got) != len(want) {
		return fmt.Errorf("it has %d outputs, not %d", len(got), len(want))
	}
	for name, w := range want {
		g := got[name]
		if g == nil || g.DType != w.DType || !tensor.SameShape(g.Shape, w.Shape) {
			return fmt.Errorf("output %s is %v, not %v", name, g, w)
		}
		if d := difference(g, w); !(d <= tolerance) {
			return fmt.Errorf("output %s differs by %.2g of its largest element", name, d)
		}
	}
	return nil
}

// difference is the largest, relative to the largest element; NaN if there is a
// NaN on one side.
func difference(got, want *tensor.Tensor) float64 {
	worst, largest := 0.0, math.SmallestNonzeroFloat32
	for i := range want.Len() {
		x, y := got.FloatAt(i), want.FloatAt(i)
		if math.IsNaN(x) && math.IsNaN(y) || math.IsInf(y, 0) && x == y {
			continue
		}
		worst, largest = max(worst, math.Abs(x-y)), max(largest, math.Abs(y))
	}
	return worst / largest
}

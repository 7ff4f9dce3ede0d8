package cpu

import (
	"fmt"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// ParallaxAppend is [Parallax] on caches in place: past_k and past_v have room
// behind the past positions that they hold, [B, kv_heads, capacity, size], and get
// k and v appended there, so that nothing of the past is copied. The result has
// the bits that Parallax gives it.
func ParallaxAppend(c *Ctx, past int, o *tensor.Tensor, a *attr.Attention, in ...*tensor.Tensor) error {
	if err := c.attend.runAppending(c, a, past, nil, o, in); err != nil {
		return fmt.Errorf("ParallaxAppend: %w", err)
	}
	return nil
}

// runAppending computes a call that continues caches in place.
func (t *attend) runAppending(c *Ctx, a *attr.Attention, past int, pairs *simd.Pairs, o *tensor.Tensor, in []*tensor.Tensor) error {
	if past < 0 {
		return fmt.Errorf("%d positions kept", past)
	}
	if err := t.bind(c, a, past, pairs, in); err != nil {
		return err
	}
	b := &t.bound
	t.o = b.ResetOutputs(o, nil, nil)
	t.out = floatsOf(o)
	t.appendRows(b.PastK, b.K, b.D)
	t.appendRows(b.PastV, b.V, b.Dv)
	t.evaluate()
	return nil
}

// wholePast says that the past operands hold as many positions as they are long.
const wholePast = -1

func bindPast(a *attr.Attention, b *attr.Bound, past int, in []*tensor.Tensor) error {
	if past == wholePast {
		return a.Bind(b, in...)
	}
	return a.BindKept(b, past, in...)
}

// appendRows writes rows behind those that the cache holds.
func (t *attend) appendRows(cache, rows attr.View, size int) {
	unit := cache.DType.Bytes(1)
	for b := range t.bound.B {
		for h := range t.bound.KVHeads {
			storeRows(cache.Bytes()[cache.At(b, h, t.bound.Past)*unit:], rows, b, h, t.bound.S-t.bound.Past, size)
		}
	}
}

package ref

import (
	"fmt"
	"slices"

	"github.com/parallax-go/parallax/ir/attr"
	"github.com/parallax-go/parallax/ir/tensor"
)

// DFT is the discrete Fourier transform along an axis, the one before the last if none
// is given. The last axis holds real and imaginary parts, or real ones alone. Lines are
// cut or filled with zeros to length. OneSided are the first half and the middle of the
// result, which the rest mirrors; with Inverse, of the operand, whose result is real.
func DFT(z *tensor.Tensor, a *attr.DFT, x, length, axis *tensor.Tensor) error {
	at, n, err := planDFT(a, x, length, axis)
	if err != nil {
		return err
	}
	shape, last := slices.Clone(x.Shape), x.Rank()-1
	shape[at], shape[last] = n, 2
	switch {
	case a.OneSided && a.Inverse:
		shape[last] = 1
	case a.OneSided:
		shape[at] = n/2 + 1
	}
	if err := reset(z, x.DType, shape...); err != nil {
		return err
	}
	if z.Len() == 0 {
		return nil
	}
	t := newTransform(n, a.Inverse)
	from := complexLines{load(x), spanOf(x.Shape[:last], at), x.Shape[last]}
	to := complexLines{make([]float64, z.Len()), spanOf(shape[:last], at), shape[last]}
	to.s.lines(func(start int) {
		o, i := start/(to.s.n*to.s.inner), start%to.s.inner
		from.read(t.line, o*from.s.n*from.s.inner+i)
		if a.Inverse && a.OneSided {
			mirror(t.line)
		}
		to.write(t.run(), start)
	})
	store(z, to.data)
	return nil
}

// longestTransform bounds what a length that nothing else backs makes the work of a line
// take.
const longestTransform = maxBytes / 256

func planDFT(a *attr.DFT, x, length, axis *tensor.Tensor) (at, n int, err error) {
	if last := x.Rank() - 1; last < 1 || x.Shape[last] != 1 && x.Shape[last] != 2 || !x.DType.IsFloat() {
		return 0, 0, fmt.Errorf("operand is %s, want floats, of which the last axis has one or two", x)
	}
	at = -2
	if axis != nil {
		if at, err = scalarInt(axis, "the axis"); err != nil {
			return 0, 0, err
		}
	}
	if at, err = normalAxis(at, x.Rank()); err != nil {
		return 0, 0, err
	}
	if at == x.Rank()-1 {
		return 0, 0, fmt.Errorf("axis %d of %s holds real and imaginary parts", at, x)
	}
	n = x.Shape[at]
	if a.Inverse && a.OneSided {
		n = 2 * (n - 1)
	}
	if length != nil {
		if n, err = scalarInt(length, "the length"); err != nil {
			return 0, 0, err
		}
	}
	if n < 1 || n > longestTransform {
		return 0, 0, fmt.Errorf("a transform of length %d along axis %d of %s", n, at, x)
	}
	return at, n, nil
}

// transform is a Fourier transform of line, or its inverse.
type transform struct {
	*fft
	inverse      bool
	line, result []complex128
}

func newTransform(n int, inverse bool) *transform {
	return &transform{newFFT(n), inverse, make([]complex128, n), make([]complex128, n)}
}

func (t *transform) run() []complex128 {
	t.transform(t.result, t.line)
	if t.inverse {
		// The same sums, counted backwards.
		slices.Reverse(t.result[1:])
		scale := complex(1/float64(t.n), 0)
		for i := range t.result {
			t.result[i] *= scale
		}
	}
	return t.result
}

// mirror makes the second half of a line the conjugate of the first.
func mirror(line []complex128) {
	n := len(line)
	for k := range n/2 + 1 {
		v := line[k]
		if k == (n-k)%n {
			v = complex(real(v), 0)
		}
		line[k], line[(n-k)%n] = v, complex(real(v), -imag(v))
	}
}

// complexLines are lines along an axis of numbers of one or two parts.
type complexLines struct {
	data  []float64
	s     span
	parts int
}

// read fills line from the one that begins at start, and with zeros.
func (c *complexLines) read(line []complex128, start int) {
	clear(line)
	for k := range min(len(line), c.s.n) {
		v := c.data[(start+k*c.s.inner)*c.parts:][:c.parts]
		line[k] = complex(v[0], 0)
		if c.parts == 2 {
			line[k] = complex(v[0], v[1])
		}
	}
}

func (c *complexLines) write(line []complex128, start int) {
	for k := range c.s.n {
		v := c.data[(start+k*c.s.inner)*c.parts:][:c.parts]
		v[0] = real(line[k])
		if c.parts == 2 {
			v[1] = imag(line[k])
		}
	}
}

// STFT are Fourier transforms of frames of a signal [batch, length, part], step apart
// and weighted by a window: [batch, frame, frequency, part].
func STFT(z *tensor.Tensor, a *attr.STFT, signal, step, window, length *tensor.Tensor) error {
	by, n, err := planSTFT(signal, step, window, length)
	if err != nil {
		return err
	}
	frames, bins := (signal.Shape[1]-n)/by+1, n
	if a.OneSided {
		bins = n/2 + 1
	}
	if err := reset(z, signal.DType, signal.Shape[0], frames, bins, 2); err != nil {
		return err
	}
	all, err := loadAll(signal, window)
	if err != nil {
		return err
	}
	t := newTransform(n, false)
	from := complexLines{all[0], span{n: n, inner: 1}, signal.Shape[2]}
	to := complexLines{make([]float64, z.Len()), span{n: bins, inner: 1}, 2}
	for i := range signal.Shape[0] * frames {
		from.read(t.line, i/frames*signal.Shape[1]+i%frames*by)
		for k, w := range all[1] {
			t.line[k] *= complex(w, 0)
		}
		to.write(t.run(), i*bins)
	}
	store(z, to.data)
	return nil
}

func planSTFT(signal, step, window, length *tensor.Tensor) (by, n int, err error) {
	if signal.Rank() != 3 || signal.Shape[2] != 1 && signal.Shape[2] != 2 || !signal.DType.IsFloat() {
		return 0, 0, fmt.Errorf("the signal is %s, want floats [batch, length, 1 or 2]", signal)
	}
	if by, err = scalarInt(step, "the step"); err != nil {
		return 0, 0, err
	}
	if window != nil && window.Rank() != 1 {
		return 0, 0, fmt.Errorf("the window is %s, want a vector", window)
	}
	switch {
	case length != nil:
		if n, err = scalarInt(length, "the length of frames"); err != nil {
			return 0, 0, err
		}
	case window != nil:
		n = window.Len()
	default:
		return 0, 0, fmt.Errorf("neither a window nor the length of frames is given")
	}
	if window != nil && window.Len() != n {
		return 0, 0, fmt.Errorf("the window is %s for frames of %d", window, n)
	}
	if by < 1 || n < 1 || n > signal.Shape[1] {
		return 0, 0, fmt.Errorf("frames of %d, %d apart, of %s", n, by, signal)
	}
	return by, n, nil
}

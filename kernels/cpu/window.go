package cpu

import "github.com/parallax-go/parallax/kernels/cpu/simd"

// window is a right operand of which row p, a channel and a tap, is what that tap
// sees from place to place: a run of data that begins at an offset.
type window struct {
	data    []float32 // planes, pitch apart
	pitch   int
	slack   int     // elements that may be read behind the planes
	taps    []int32 // where they begin in a plane
	offsets []int32 // [channel, tap]
	raster  *raster // that knows the places
	run     int     // elements from the first place to the last
}

// read sets the planes; the window has one tap, at their beginning.
func (w *window) read(data []float32, pitch, slack int) {
	w.data, w.pitch, w.slack = data, pitch, slack
	w.taps = append(w.taps[:0], 0)
}

// spread makes the offsets of all rows.
func (w *window) spread(channels int) {
	w.offsets = w.offsets[:0]
	for i := range channels {
		for _, t := range w.taps {
			w.offsets = append(w.offsets, int32(i*w.pitch)+t)
		}
	}
}

// mostDirect is up to how many tiles read a panel where it lies, if its rows share
// lines, as taps of a plane do: its copy is read from whole lines, which many tiles
// gain more by than the copy takes. Measured on layers of ResNet: with 5 tiles the
// copy takes 1.05 of the time, with 10 it takes 0.92, and 0.75 with one tap, the rows
// of which are a page or more apart.
const mostDirect = 5

// direct reports whether that many tiles read the panel at column j in place.
func (w *window) direct(tiles, j int) bool {
	return tiles <= mostDirect && len(w.taps) > 1 && w.mayRead(j)
}

// mayRead reports whether there is a whole panel from column j on.
func (w *window) mayRead(j int) bool {
	columns := simd.Active.Columns
	return j+columns <= w.run || w.slack >= columns
}

// panel copies kc rows from k0 on of the panel at column j, padded to its full width.
func (w *window) panel(dst []float32, offset, j, k0, kc int) []float32 {
	columns := simd.Active.Columns
	width := min(columns, w.run-j)
	if w.mayRead(j) {
		vec.GatherRows(kc, ptr(dst), &w.data[offset+j], &w.offsets[k0])
		return dst
	}
	for p, at := range w.offsets[k0:][:kc] {
		copy(dst[p*columns:][:width], w.data[offset+int(at)+j:])
	}
	return dst
}

// finishPlanes does what a convolution does to elements once they are stored.
func (b *block) finishPlanes(r *raster) {
	lo, hi := r.before(b.j0), r.before(b.j1)
	for i := b.i0; i < b.i1; i++ {
		plane := b.then.tailFrom + (b.entry*b.m+i)*r.places
		b.then.tail.finish(plane+lo, plane+hi)
	}
}

// windowTiles multiplies the tiles with a panel that is read where it lies.
func (b *block) windowTiles(w *window, j, k0, kc, add int) {
	data, offsets := &w.data[b.b+j], &w.offsets[k0:][:kc][0]
	for t := b.tile0; t < b.tile1; t++ {
		i, rows := b.rowOf(t), b.rowOf(t+1)-b.rowOf(t)
		simd.Active.ProductWindow[rows](kc, &b.near[(i-b.i0)*b.nearPitch], b.nearPitch, data, offsets, &b.dst[(i-b.i0)*b.pitch+j-b.j0], b.pitch, add)
	}
}

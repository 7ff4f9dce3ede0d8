package cpu

// nr is the number of columns of a panel: with two rows, the eight sums that Go
// keeps in registers on amd64 without spilling (2×4 measured twice as fast as
// 4×4).
const nr = 4

// unroll is how many steps along k the tiles take at once.
const unroll = 4

// tile2 multiplies two rows with a panel, laid out [k, nr]: out holds a0·b, then
// a1·b. Each element is one chain of sums along k, whatever tile computes it.
func tile2(a0, a1, b []float32, out *[2 * nr]float32) {
	var c00, c01, c02, c03, c10, c11, c12, c13 float32
	a1 = a1[:len(a0)]
	for len(a0) >= unroll && len(a1) >= unroll {
		x, y, z := (*[unroll]float32)(a0), (*[unroll]float32)(a1), (*[unroll * nr]float32)(b)
		c00 += float32(x[0] * z[0])
		c10 += float32(y[0] * z[0])
		c01 += float32(x[0] * z[1])
		c11 += float32(y[0] * z[1])
		c02 += float32(x[0] * z[2])
		c12 += float32(y[0] * z[2])
		c03 += float32(x[0] * z[3])
		c13 += float32(y[0] * z[3])
		c00 += float32(x[1] * z[4])
		c10 += float32(y[1] * z[4])
		c01 += float32(x[1] * z[5])
		c11 += float32(y[1] * z[5])
		c02 += float32(x[1] * z[6])
		c12 += float32(y[1] * z[6])
		c03 += float32(x[1] * z[7])
		c13 += float32(y[1] * z[7])
		c00 += float32(x[2] * z[8])
		c10 += float32(y[2] * z[8])
		c01 += float32(x[2] * z[9])
		c11 += float32(y[2] * z[9])
		c02 += float32(x[2] * z[10])
		c12 += float32(y[2] * z[10])
		c03 += float32(x[2] * z[11])
		c13 += float32(y[2] * z[11])
		c00 += float32(x[3] * z[12])
		c10 += float32(y[3] * z[12])
		c01 += float32(x[3] * z[13])
		c11 += float32(y[3] * z[13])
		c02 += float32(x[3] * z[14])
		c12 += float32(y[3] * z[14])
		c03 += float32(x[3] * z[15])
		c13 += float32(y[3] * z[15])
		a0, a1, b = a0[unroll:], a1[unroll:], b[unroll*nr:]
	}
	for p := range a0 {
		x, y, z := a0[p], a1[p], (*[nr]float32)(b[p*nr:])
		c00 += float32(x * z[0])
		c10 += float32(y * z[0])
		c01 += float32(x * z[1])
		c11 += float32(y * z[1])
		c02 += float32(x * z[2])
		c12 += float32(y * z[2])
		c03 += float32(x * z[3])
		c13 += float32(y * z[3])
	}
	*out = [2 * nr]float32{c00, c01, c02, c03, c10, c11, c12, c13}
}

// tile1 is tile2 for one row.
func tile1(a, b []float32, out *[2 * nr]float32) {
	var c00, c01, c02, c03 float32
	for len(a) >= unroll {
		x, z := (*[unroll]float32)(a), (*[unroll * nr]float32)(b)
		c00 += float32(x[0] * z[0])
		c01 += float32(x[0] * z[1])
		c02 += float32(x[0] * z[2])
		c03 += float32(x[0] * z[3])
		c00 += float32(x[1] * z[4])
		c01 += float32(x[1] * z[5])
		c02 += float32(x[1] * z[6])
		c03 += float32(x[1] * z[7])
		c00 += float32(x[2] * z[8])
		c01 += float32(x[2] * z[9])
		c02 += float32(x[2] * z[10])
		c03 += float32(x[2] * z[11])
		c00 += float32(x[3] * z[12])
		c01 += float32(x[3] * z[13])
		c02 += float32(x[3] * z[14])
		c03 += float32(x[3] * z[15])
		a, b = a[unroll:], b[unroll*nr:]
	}
	for p, x := range a {
		z := (*[nr]float32)(b[p*nr:])
		c00 += float32(x * z[0])
		c01 += float32(x * z[1])
		c02 += float32(x * z[2])
		c03 += float32(x * z[3])
	}
	out[0], out[1], out[2], out[3] = c00, c01, c02, c03
}

// dots multiplies a with the nr rows of b that lie stride apart: a panel of a
// transposed operand, read in place.
func dots(a, b []float32, stride int, out *[2 * nr]float32) {
	k := len(a)
	b0, b1, b2, b3 := b[:k], b[stride:][:k], b[2*stride:][:k], b[3*stride:][:k]
	var c0, c1, c2, c3 float32
	for p, x := range a {
		c0 += float32(x * b0[p])
		c1 += float32(x * b1[p])
		c2 += float32(x * b2[p])
		c3 += float32(x * b3[p])
	}
	out[0], out[1], out[2], out[3] = c0, c1, c2, c3
}

// addScaled adds x·b to sums, element by element.
func addScaled(sums []float32, x float32, b []float32) {
	b = b[:len(sums)]
	for i := range sums {
		sums[i] += float32(x * b[i])
	}
}

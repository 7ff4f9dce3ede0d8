package wire

import (
	"encoding/binary"
	"math"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// Fixed is a packed list of floats as on the wire: little-endian, without
// padding, hence the very bytes that raw_data would hold.
type Fixed[T float32 | float64] []byte

// PackFixed gives the packed form of values.
func PackFixed[T float32 | float64](values []T) Fixed[T] {
	p := make(Fixed[T], 0, len(values)*fixedSize[T]())
	for _, v := range values {
		if fixedSize[T]() == 4 {
			p = binary.LittleEndian.AppendUint32(p, math.Float32bits(float32(v)))
		} else {
			p = binary.LittleEndian.AppendUint64(p, math.Float64bits(float64(v)))
		}
	}
	return p
}

// Len gives the number of values.
func (p Fixed[T]) Len() int { return len(p) / fixedSize[T]() }

// At gives value i.
func (p Fixed[T]) At(i int) T {
	if fixedSize[T]() == 4 {
		return T(math.Float32frombits(binary.LittleEndian.Uint32(p[4*i:])))
	}
	return T(math.Float64frombits(binary.LittleEndian.Uint64(p[8*i:])))
}

// Values decodes all values into a new slice.
func (p Fixed[T]) Values() []T {
	values := make([]T, p.Len())
	for i := range values {
		values[i] = p.At(i)
	}
	return values
}

func fixedSize[T float32 | float64]() int { return int(unsafe.Sizeof(T(0))) }

// Varints is a packed list of integers as on the wire: concatenated varints.
// Those of a decoded message are well-formed.
type Varints[T int32 | int64 | uint64] []byte

// PackVarints gives the packed form of values. Negative numbers take ten bytes
// each, as protobuf sign-extends them.
func PackVarints[T int32 | int64 | uint64](values []T) Varints[T] {
	size := 0
	for _, v := range values {
		size += protowire.SizeVarint(uint64(v))
	}
	p := make(Varints[T], 0, size)
	for _, v := range values {
		p = protowire.AppendVarint(p, uint64(v))
	}
	return p
}

// Len gives the number of values. It reads all bytes.
func (p Varints[T]) Len() int { return countVarints(p) }

// Values decodes all values into a new slice, up to the first malformed one.
func (p Varints[T]) Values() []T { return appendVarints(make([]T, 0, p.Len()), p) }

func appendVarints[T int32 | int64 | uint64](dst []T, p []byte) []T {
	for len(p) > 0 {
		u, n := protowire.ConsumeVarint(p)
		if n < 0 {
			break
		}
		dst = append(dst, T(u))
		p = p[n:]
	}
	return dst
}

// countVarints counts the bytes that end a varint: those without the top bit.
func countVarints(p []byte) int {
	n := 0
	for _, c := range p {
		n += int(^c >> 7)
	}
	return n
}

// badVarint gives the offset of the first malformed varint, or -1.
func badVarint(p []byte) int {
	for i := 0; i < len(p); {
		if p[i] < 0x80 {
			i++
			continue
		}
		_, n := protowire.ConsumeVarint(p[i:])
		if n < 0 {
			return i
		}
		i += n
	}
	return -1
}

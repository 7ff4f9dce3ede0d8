package onnx

import (
	"encoding/binary"
	"fmt"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/onnx/wire"
)

// typedField names the field of TensorProto that holds the elements of a type
// where raw_data doesn't.
type typedField uint8

const (
	floatData typedField = iota + 1
	doubleData
	int32Data
	int64Data
	uint64Data
)

// typedFields is the assignment in onnx.proto. Complex numbers are two floats;
// elements of less than a byte are packed, a byte to an entry.
var typedFields = map[tensor.DType]typedField{
	tensor.Float32:        floatData,
	tensor.Complex64:      floatData,
	tensor.Float64:        doubleData,
	tensor.Complex128:     doubleData,
	tensor.Int64:          int64Data,
	tensor.Uint32:         uint64Data,
	tensor.Uint64:         uint64Data,
	tensor.Int32:          int32Data,
	tensor.Int16:          int32Data,
	tensor.Int8:           int32Data,
	tensor.Int4:           int32Data,
	tensor.Int2:           int32Data,
	tensor.Uint16:         int32Data,
	tensor.Uint8:          int32Data,
	tensor.Uint4:          int32Data,
	tensor.Uint2:          int32Data,
	tensor.Bool:           int32Data,
	tensor.Float16:        int32Data,
	tensor.BFloat16:       int32Data,
	tensor.Float8E4M3FN:   int32Data,
	tensor.Float8E4M3FNUZ: int32Data,
	tensor.Float8E5M2:     int32Data,
	tensor.Float8E5M2FNUZ: int32Data,
	tensor.Float8E8M0:     int32Data,
	tensor.Float4E2M1:     int32Data,
}

// readTyped takes n elements from the typed field of d. The number of entries is
// checked before anything is made of them.
func readTyped(t *wire.Tensor, d tensor.DType, shape []int, n int) (*tensor.Tensor, error) {
	size := d.Bytes(n)
	switch typedFields[d] {
	case floatData:
		return fromTyped(d, shape, t.FloatData, "float_data")
	case doubleData:
		return fromTyped(d, shape, t.DoubleData, "double_data")
	case int64Data:
		return unpacked(t.Int64Data, "int64_data", d, shape, size)
	case uint64Data:
		return unpacked(t.Uint64Data, "uint64_data", d, shape, size)
	case int32Data:
		return unpacked(t.Int32Data, "int32_data", d, shape, size)
	}
	panic("BUG: no typed field for " + d.Long())
}

// fromTyped shares a field of floats, which is laid out like raw_data.
func fromTyped(d tensor.DType, shape []int, data []byte, field string) (*tensor.Tensor, error) {
	t, err := fromRaw(d, shape, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	return t, nil
}

// unpacked writes each entry of a field of integers in the width of d, or as a
// byte of packed elements.
func unpacked[T int32 | int64 | uint64](entries wire.Varints[T], field string, d tensor.DType, shape []int, size int) (*tensor.Tensor, error) {
	width := max(d.Bits()/8, 1)
	if got := entries.Len(); got != size/width {
		return nil, fmt.Errorf("shape %v of %s needs %d entries in %s, there are %d", shape, d.Long(), size/width, field, got)
	}
	data := tensor.Buffer(size)
	for i, v := range entries.Values() {
		if width < 8 && int64(v)>>(8*width) != 0 && int64(v)>>(8*width-1) != -1 {
			return nil, fmt.Errorf("entry %d of %s is %d, which is no %s", i, field, v, d.Long())
		}
		switch width {
		case 1:
			data[i] = byte(v)
		case 2:
			binary.LittleEndian.PutUint16(data[2*i:], uint16(v))
		case 4:
			binary.LittleEndian.PutUint32(data[4*i:], uint32(v))
		case 8:
			binary.LittleEndian.PutUint64(data[8*i:], uint64(v))
		}
	}
	if d == tensor.Bool {
		normaliseBools(data)
	}
	return tensor.FromBytes(d, shape, data)
}

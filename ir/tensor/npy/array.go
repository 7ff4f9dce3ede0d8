package npy

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/parallax-go/parallax/ir/tensor"
)

const magic = "\x93NUMPY"

// maxHeader is far above any dictionary; NumPy itself refuses more than 10000.
const maxHeader = 1 << 16

// Read reads one array.
func Read(r io.Reader) (*tensor.Tensor, error) {
	t, err := read(r)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	return t, nil
}

func read(r io.Reader) (*tensor.Tensor, error) {
	text, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	h, err := parse(text)
	if err != nil {
		return nil, err
	}
	n, _ := tensor.Elements(h.shape)
	data, err := readData(r, h.dtype.Bytes(n))
	if err != nil {
		return nil, fmt.Errorf("%s%s: %w", h.dtype, tensor.ShapeString(h.shape), err)
	}
	if h.bigEndian {
		swap(data, h.dtype)
	}
	if h.fortran && len(h.shape) > 1 {
		data = toRowMajor(data, h.shape, h.dtype.Bytes(1))
	}
	if h.dtype == tensor.Bool {
		normalise(data)
	}
	return tensor.FromBytes(h.dtype, h.shape, data)
}

func readHeader(r io.Reader) (string, error) {
	var lead [8]byte
	if _, err := io.ReadFull(r, lead[:]); err != nil || string(lead[:6]) != magic {
		return "", fmt.Errorf("the file doesn't start with NumPy's magic string")
	}
	var size uint32
	switch lead[6] {
	case 1:
		var short uint16
		if err := binary.Read(r, binary.LittleEndian, &short); err != nil {
			return "", fmt.Errorf("header: %w", err)
		}
		size = uint32(short)
	case 2, 3:
		if err := binary.Read(r, binary.LittleEndian, &size); err != nil {
			return "", fmt.Errorf("header: %w", err)
		}
	default:
		return "", fmt.Errorf("format version %d.%d is not known", lead[6], lead[7])
	}
	if size > maxHeader {
		return "", fmt.Errorf("header of %d bytes is above %d", size, maxHeader)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return "", fmt.Errorf("header: %w", err)
	}
	return string(text), nil
}

// readData reads exactly size bytes; the buffer grows with what arrives.
func readData(r io.Reader, size int) ([]byte, error) {
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(r, int64(size)))
	if err != nil {
		return nil, err
	}
	if n != int64(size) {
		return nil, fmt.Errorf("%d bytes of data, want %d", n, size)
	}
	aligned := tensor.Buffer(size)
	copy(aligned, b.Bytes())
	return aligned, nil
}

// swap reverses the bytes of every number; a complex one has two.
func swap(data []byte, d tensor.DType) {
	size := d.Bytes(1)
	if d.IsComplex() {
		size /= 2
	}
	for ; len(data) > 0; data = data[size:] {
		slices.Reverse(data[:size])
	}
}

// normalise makes every true byte 1.
func normalise(data []byte) {
	for i, b := range data {
		if b != 0 {
			data[i] = 1
		}
	}
}

// toRowMajor reorders elements stored with the first axis fastest.
func toRowMajor(data []byte, shape []int, size int) []byte {
	out := tensor.Buffer(len(data))
	index := make([]int, len(shape))
	for at := 0; at < len(out); at += size {
		from, stride := 0, size
		for axis, n := range shape {
			from += index[axis] * stride
			stride *= n
		}
		copy(out[at:at+size], data[from:from+size])
		for axis := len(shape) - 1; axis >= 0; axis-- {
			if index[axis]++; index[axis] < shape[axis] {
				break
			}
			index[axis] = 0
		}
	}
	return out
}

// Write writes t in format version 1.0, row-major and little-endian.
func Write(w io.Writer, t *tensor.Tensor) error {
	d := widened(t.DType)
	descr, ok := descrOf(d)
	if !ok {
		return fmt.Errorf("npy: elements of type %s can't be written", t.DType.Long())
	}
	text := format(descr, t.Shape)
	// The data begins at a multiple of 64 bytes; a newline ends the padding.
	const lead = len(magic) + 4
	text += strings.Repeat(" ", 63-(lead+len(text))%64) + "\n"
	b := bufio.NewWriter(w)
	b.WriteString(magic + "\x01\x00")
	b.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(text))))
	b.WriteString(text)
	b.Write(widen(t, d).Bytes())
	if err := b.Flush(); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return nil
}

func widen(t *tensor.Tensor, d tensor.DType) *tensor.Tensor {
	if t.DType == d {
		return t
	}
	out := tensor.New(d, t.Shape...)
	for i := range t.Len() {
		out.SetFloat(i, t.FloatAt(i))
	}
	return out
}

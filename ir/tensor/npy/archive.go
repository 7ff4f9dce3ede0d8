package npy

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/parallax-go/parallax/ir/tensor"
)

// Array is one member of an archive.
type Array struct {
	Name   string // without the extension
	Tensor *tensor.Tensor
}

// ReadArchive reads a .npz archive; the arrays come in the archive's order.
func ReadArchive(r io.ReaderAt, size int64) ([]Array, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	arrays := make([]Array, 0, len(z.File))
	seen := map[string]bool{}
	for _, f := range z.File {
		name := strings.TrimSuffix(f.Name, ".npy")
		if seen[name] {
			return nil, fmt.Errorf("npy: the archive has %q twice", name)
		}
		seen[name] = true
		t, err := readMember(f)
		if err != nil {
			return nil, fmt.Errorf("npy: array %q: %w", name, err)
		}
		arrays = append(arrays, Array{name, t})
	}
	return arrays, nil
}

func readMember(f *zip.File) (*tensor.Tensor, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	t, err := read(r)
	if err != nil {
		return nil, err
	}
	// The checksum is compared when the end is reached.
	if n, err := io.Copy(io.Discard, r); err != nil || n > 0 {
		return nil, fmt.Errorf("%d bytes after the data: %w", n, orTrailing(err))
	}
	return t, nil
}

func orTrailing(err error) error {
	if err == nil {
		return fmt.Errorf("the member is too long")
	}
	return err
}

// ReadArchiveFile is [ReadArchive] of a file, by name.
func ReadArchiveFile(path string) (map[string]*tensor.Tensor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	arrays, err := ReadArchive(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	byName := make(map[string]*tensor.Tensor, len(arrays))
	for _, a := range arrays {
		byName[a.Name] = a.Tensor
	}
	return byName, nil
}

// WriteArchive writes the arrays as a compressed .npz archive. Equal arrays give
// equal bytes.
func WriteArchive(w io.Writer, arrays []Array) error {
	z := zip.NewWriter(w)
	for _, a := range arrays {
		m, err := z.Create(a.Name + ".npy")
		if err != nil {
			return fmt.Errorf("npy: array %q: %w", a.Name, err)
		}
		if err := Write(m, a.Tensor); err != nil {
			return fmt.Errorf("array %q: %w", a.Name, err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return nil
}

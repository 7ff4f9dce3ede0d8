package onnx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/parallax-go/parallax/onnx/wire"
)

// mapper is a file system whose files can be used where they lie, as those of
// [Dir].
type mapper interface {
	mapped(name string) ([]byte, error)
}

// readExternal returns the size bytes that t keeps in another file.
func readExternal(t *wire.Tensor, files fs.FS, size int64) ([]byte, error) {
	x, err := t.External()
	if err != nil {
		return nil, err
	}
	if x.Length >= 0 && x.Length != size {
		return nil, fmt.Errorf("external data of %d bytes, the shape needs %d", x.Length, size)
	}
	name, err := externalName(x.Location)
	if err != nil {
		return nil, err
	}
	if files == nil {
		return nil, fmt.Errorf("the elements are in the file %q, and no folder was given to find it in", x.Location)
	}
	data, err := readRange(files, name, x.Offset, size)
	if err != nil {
		return nil, fmt.Errorf("external data in %q: %w", x.Location, err)
	}
	return data, nil
}

// externalName checks that a location names a file below the model's folder.
// Links are the file system's to refuse.
func externalName(location string) (string, error) {
	name := path.Clean(location)
	if strings.HasPrefix(location, "/") || slices.Contains(strings.Split(location, "/"), "..") || !fs.ValidPath(name) || name == "." {
		return "", fmt.Errorf("external data in %q: want a path below the model's folder", location)
	}
	return name, nil
}

// readRange returns size bytes at offset of a file, after a look at its size.
func readRange(files fs.FS, name string, offset, size int64) ([]byte, error) {
	if m, ok := files.(mapper); ok {
		data, err := m.mapped(name)
		if err != nil {
			return nil, err
		}
		if err := inFile(int64(len(data)), offset, size); err != nil {
			return nil, err
		}
		return data[offset : offset+size : offset+size], nil
	}
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	if err := inFile(info.Size(), offset, size); err != nil {
		return nil, err
	}
	if err := skip(f, offset); err != nil {
		return nil, err
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, err
	}
	return data, nil
}

// inFile checks a range; offset + size does not overflow, as both were checked
// when they were read.
func inFile(length, offset, size int64) error {
	if offset > length || size > length-offset {
		return fmt.Errorf("%d bytes at %d are wanted, the file has %d", size, offset, length)
	}
	return nil
}

func skip(f fs.File, n int64) error {
	if s, ok := f.(io.Seeker); ok {
		_, err := s.Seek(n, io.SeekStart)
		return err
	}
	_, err := io.CopyN(io.Discard, f, n)
	return err
}

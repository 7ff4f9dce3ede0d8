package onnx

import (
	"errors"
	"io/fs"
	"os"
	"sync"

	"github.com/parallax-go/parallax/onnx/wire"
)

// Dir is a folder as the file system of a model's external data: it refuses
// links that leave it, and files are mapped rather than read. Tensors imported
// through it are valid until Close.
type Dir struct {
	root *os.Root

	mu    sync.Mutex
	files map[string]*wire.File
}

// DirFS opens the folder at path.
func DirFS(path string) (*Dir, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return &Dir{root: root, files: map[string]*wire.File{}}, nil
}

// Open opens a file of the folder.
func (d *Dir) Open(name string) (fs.File, error) { return d.root.FS().Open(name) }

// mapped returns the content of a file, mapped once.
func (d *Dir) mapped(name string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f, ok := d.files[name]; ok {
		return f.Bytes(), nil
	}
	info, err := d.root.Stat(name) // before opening: that of a pipe waits
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "map", Path: name, Err: fs.ErrInvalid}
	}
	f, err := d.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := wire.FromFile(f)
	if err != nil {
		return nil, err
	}
	d.files[name] = m
	return m.Bytes(), nil
}

// Release is [wire.File.Release] of the file that data is a part of, if any is.
func (d *Dir) Release(data []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.files {
		if at, ok := f.Offset(data); ok {
			return f.Release(at, len(data))
		}
	}
	return nil
}

// ReleaseAll is [wire.File.Release] of all files.
func (d *Dir) ReleaseAll() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for _, f := range d.files {
		errs = append(errs, f.Release(0, len(f.Bytes())))
	}
	return errors.Join(errs...)
}

// Close ends the mappings.
func (d *Dir) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.root.Close()
	for _, f := range d.files {
		if e := f.Close(); err == nil {
			err = e
		}
	}
	clear(d.files)
	return err
}

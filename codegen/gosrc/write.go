package gosrc

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// runtimeFolder holds the copies of the runtime's sources; it is ours alone.
const runtimeFolder = "internal/parallax"

// Write puts the files into dir. They are written beside it first, so that a
// failure leaves dir as it was. Files of an earlier generation are replaced;
// others stay, and a file that parallax has not written is not replaced.
func Write(dir string, files []File) error {
	dir = filepath.Clean(dir)
	if err := checkTargets(dir, files); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	staged, err := os.MkdirTemp(filepath.Dir(dir), ".parallax-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(staged)
	if err := os.Chmod(staged, 0o755); err != nil { // MkdirTemp's is private
		return err
	}
	for _, f := range files {
		path := within(staged, f)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			return err
		}
	}
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return os.Rename(staged, dir)
	}
	for _, f := range files {
		path := within(dir, f)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.Rename(within(staged, f), path); err != nil {
			return err
		}
	}
	return removeStale(dir, files)
}

func within(dir string, f File) string { return filepath.Join(dir, filepath.FromSlash(f.Name)) }

// checkTargets finds out what could not be replaced, before anything is.
func checkTargets(dir string, files []File) error {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is not a folder", dir)
	}
	for _, f := range files {
		path := within(dir, f)
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		if info.IsDir() {
			return fmt.Errorf("%s is a folder, and a file is to be there", path)
		}
		if strings.Contains(f.Name, "/") || filepath.Ext(path) != ".go" {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.HasPrefix(data, []byte(generated)) {
			return fmt.Errorf("%s is there already, and is not generated", path)
		}
	}
	return nil
}

// removeStale deletes the copies of sources that the runtime no longer has.
func removeStale(dir string, files []File) error {
	current := map[string]bool{}
	for _, f := range files {
		current[within(dir, f)] = true
	}
	err := filepath.WalkDir(filepath.Join(dir, filepath.FromSlash(runtimeFolder)), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || current[path] {
			return err
		}
		return os.Remove(path)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

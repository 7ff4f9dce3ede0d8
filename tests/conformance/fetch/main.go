// Fetch gets the ONNX node tests: it downloads the pinned wheel through pip,
// checks its hash and unpacks its test folder into the user's cache. It does
// nothing if they are there already.
package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parallax-go/parallax/tests/conformance/nodetests"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("fetch: ")
	dir, err := nodetests.Dir()
	if err != nil {
		log.Fatal(err)
	}
	if _, err := os.Stat(dir); err == nil {
		return
	}
	if err := fetch(dir); err != nil {
		log.Fatal(err)
	}
	log.Printf("node tests of %s are in %s", nodetests.Requirement, dir)
}

// fetch unpacks beside dir and renames, so that dir is either whole or not there.
func fetch(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	stage, err := os.MkdirTemp(filepath.Dir(dir), "fetch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	wheel, err := download(stage)
	if err != nil {
		return err
	}
	if err := checkHash(wheel); err != nil {
		return err
	}
	tests := filepath.Join(stage, "node")
	if err := unpack(wheel, tests); err != nil {
		return err
	}
	return os.Rename(tests, dir)
}

func download(stage string) (string, error) {
	args := slices.Concat([]string{"-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest", stage},
		nodetests.Tags, []string{nodetests.Requirement})
	cmd := exec.Command("python3", args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.Dir = stage // pip must not see packages in the folder it is called from
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("pip download of %s: %w", nodetests.Requirement, err)
	}
	wheels, err := filepath.Glob(filepath.Join(stage, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return "", fmt.Errorf("pip left %d wheels, want one", len(wheels))
	}
	return wheels[0], nil
}

func checkHash(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != nodetests.SHA256 {
		return fmt.Errorf("%s has SHA-256 %s, want %s", filepath.Base(path), got, nodetests.SHA256)
	}
	return nil
}

// unpack writes the test folder of a wheel to dir.
func unpack(wheel, dir string) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, f := range z.File {
		name, ok := strings.CutPrefix(f.Name, nodetests.Folder+"/")
		if !ok || f.FileInfo().IsDir() {
			continue
		}
		if !filepath.IsLocal(name) {
			return fmt.Errorf("%s leaves the archive", f.Name)
		}
		if err := extract(f, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	return nil
}

func extract(f *zip.File, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, r); err != nil {
		w.Close()
		return err
	}
	return w.Close()
}

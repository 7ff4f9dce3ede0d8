package parallax_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/parallax-go/parallax"
)

func TestWriteFileNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "model.onnx")
	err := parallax.WriteFile(path, nil)
	if err == nil || !strings.Contains(err.Error(), path+":") {
		t.Errorf("got %v, want an error that names %s", err, path)
	}
}

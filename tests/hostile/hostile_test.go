package hostile

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/parallax-go/parallax/cmd/cli"
	"github.com/parallax-go/parallax/onnx/wire"
)

// memory is what a command may allocate for a bad input, all in all. Reading,
// the tables of operators and the passes come to a few MB.
const memory = 64 << 20

// patience is how long a command may take; most are done in milliseconds.
const patience = 20 * time.Second

// outcome is how a command ended.
type outcome struct {
	code           int
	stdout, stderr string
	allocated      uint64
	took           time.Duration
}

// parallax runs the command in this process.
func parallax(stdin []byte, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	code := cli.Main(args, bytes.NewReader(stdin), &stdout, &stderr)
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	return outcome{code, stdout.String(), stderr.String(), after.TotalAlloc - before.TotalAlloc, took}
}

// refused checks that a command ended with code, soon, cheaply, and with a
// message that holds all of want.
func (o outcome) refused(t *testing.T, code int, want ...string) {
	t.Helper()
	if o.code != code {
		t.Errorf("exit code %d, want %d\n%s", o.code, code, o.stderr)
	}
	if o.stdout != "" {
		t.Errorf("it printed a result:\n%.400s", o.stdout)
	}
	for _, w := range want {
		if !strings.Contains(o.stderr, w) {
			t.Errorf("the message does not say %q:\n%.400s", w, o.stderr)
		}
	}
	if len(o.stderr) > 4<<10 || strings.Contains(o.stderr, "goroutine ") {
		t.Errorf("this is no message for a user:\n%.400s", o.stderr)
	}
	if o.allocated > memory {
		t.Errorf("it allocated %d MiB", o.allocated>>20)
	}
	if o.took > patience {
		t.Errorf("it took %s", o.took)
	}
}

// write puts a model into the folder of the test.
func write(t *testing.T, m *wire.Model) string {
	t.Helper()
	data, err := wire.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "model.onnx", data)
}

func writeFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// fixture is the model of a fixture.
func fixture(name string) string {
	return filepath.Join("..", "testdata", "models", name, "model.onnx")
}

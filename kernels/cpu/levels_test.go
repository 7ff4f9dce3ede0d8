//go:build levels

package cpu

import (
	"os"
	"os/exec"
	"testing"

	"github.com/parallax-go/parallax/kernels/cpu/simd"
)

// TestEveryLevel runs the tests of this package once for each level that the
// processor has. The level is chosen at start, so each is a process of its own.
func TestEveryLevel(t *testing.T) {
	if os.Getenv(simd.LevelVariable) != "" {
		t.Skip("this is one of those processes")
	}
	for _, k := range simd.Levels() {
		t.Run(k.Level, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.count=1")
			cmd.Env = append(os.Environ(), simd.LevelVariable+"="+k.Level)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

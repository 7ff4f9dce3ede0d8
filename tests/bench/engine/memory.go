package engine

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// residentMemory reads what Linux says of this process: its memory, and the most
// that it has had.
func residentMemory() (now, peak int64, err error) {
	if now, err = Memory("VmRSS"); err != nil {
		return 0, 0, err
	}
	peak, err = Memory("VmHWM")
	return now, peak, err
}

// Memory reads a field of /proc/self/status in bytes.
func Memory(field string) (int64, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("memory is measured on Linux only: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), field+":"); ok {
			kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no %s", field)
}

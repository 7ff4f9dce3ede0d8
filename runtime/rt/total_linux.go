package rt

import (
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// limits are where the kernel says what a container may use: control groups of
// version 2 and 1.
var limits = []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}

// totalMemory is what the machine or the container has, in bytes.
func totalMemory() int64 {
	total := int64(math.MaxInt64)
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err == nil {
		total = int64(uint64(info.Totalram) * uint64(info.Unit))
	}
	for _, name := range limits {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 {
			total = min(total, n)
		}
	}
	return total
}

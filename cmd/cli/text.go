package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// errorf makes a usage error.
func errorf(format string, args ...any) error { return fail(exitUsage, fmt.Errorf(format, args...)) }

// bytesText prints a size as people read it.
func bytesText(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.2f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}

// byteCount is a flag of bytes: a number, or one with a unit.
type byteCount int64

// byteUnits are the suffixes, those that end like others first.
var byteUnits = []struct {
	suffix string
	bytes  float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
}

// String, Set and Type make byteCount a flag.
func (b *byteCount) String() string {
	if *b == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*b), 10)
}

// Set reads a number of bytes.
func (b *byteCount) Set(text string) error {
	unit := 1.0
	for _, u := range byteUnits {
		if number, found := strings.CutSuffix(text, u.suffix); found {
			text, unit = strings.TrimSpace(number), u.bytes
			break
		}
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 && unit == 1 {
		*b = byteCount(n)
		return nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n*unit >= 1 && n*unit < math.MaxInt64) {
		return fmt.Errorf("want a number of bytes, such as 500000000, 500MB or 2GiB")
	}
	*b = byteCount(n * unit)
	return nil
}

// Type names the kind of flag.
func (*byteCount) Type() string { return "bytes" }

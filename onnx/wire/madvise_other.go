//go:build !linux

package wire

const (
	adviseRelease = iota
	advisePrefetch
)

func madvise([]byte, int) error { return nil }

package wire

import "syscall"

const (
	adviseRelease  = syscall.MADV_DONTNEED
	advisePrefetch = syscall.MADV_WILLNEED
)

func madvise(b []byte, advice int) error { return syscall.Madvise(b, advice) }

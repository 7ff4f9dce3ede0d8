//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package wire

import (
	"os"
	"syscall"
)

const canMap = true

func mapFile(f *os.File, size int) ([]byte, error) {
	return syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ, syscall.MAP_SHARED)
}

func unmapFile(data []byte) error {
	return os.NewSyscallError("munmap", syscall.Munmap(data))
}

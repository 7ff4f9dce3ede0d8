//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package rt

import "syscall"

// mapMemory returns zeroed memory outside the Go heap, or nil.
func mapMemory(size int) []byte {
	data, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	return data
}

// freeMemory gives back what mapMemory returned.
func freeMemory(data []byte) {
	if data == nil {
		return
	}
	if err := syscall.Munmap(data); err != nil {
		panic("BUG: rt: munmap of mapped memory: " + err.Error())
	}
}

package wire

import (
	"os"
	"syscall"
	"unsafe"
)

const canMap = true

func mapFile(f *os.File, size int) ([]byte, error) {
	// Size zero stands for the whole file; the view keeps the mapping alive
	// after its handle is closed.
	mapping, err := syscall.CreateFileMapping(syscall.Handle(f.Fd()), nil, syscall.PAGE_READONLY, 0, 0, nil)
	if err != nil {
		return nil, os.NewSyscallError("CreateFileMapping", err)
	}
	defer syscall.CloseHandle(mapping)
	addr, err := syscall.MapViewOfFile(mapping, syscall.FILE_MAP_READ, 0, 0, uintptr(size))
	if err != nil {
		return nil, os.NewSyscallError("MapViewOfFile", err)
	}
	// The address is no Go memory, so the conversion can't race with the
	// collector; going through &addr says so to vet.
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&addr)), size), nil
}

func unmapFile(data []byte) error {
	addr := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
	return os.NewSyscallError("UnmapViewOfFile", syscall.UnmapViewOfFile(addr))
}

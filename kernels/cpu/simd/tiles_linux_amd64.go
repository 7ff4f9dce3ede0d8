package simd

import (
	"sync"
	"syscall"
)

// tilesGranted asks the system, once, for the use of the tile registers, which it
// saves for processes alone that have asked (arch_prctl, since Linux 5.16). It
// refuses if a thread's signal stack is too small to save them.
var tilesGranted = sync.OnceValue(func() bool {
	const request, tileData = 0x1023, 18 // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
	_, _, errno := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, request, tileData, 0)
	return errno == 0
})

// mayHaveTiles says that the system can be asked.
const mayHaveTiles = true

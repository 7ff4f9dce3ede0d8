package rt

import "syscall"

// The numbers are the kernel's; the syscall package has them under these names
// for some architectures only.
const (
	madvDontNeed = 4
	madvHugePage = 14
)

// adviseLarge asks for large pages: providing 113 MB of weights takes half the
// time, and their reading misses fewer translations. The kernel may refuse.
func adviseLarge(memory []byte) { _ = syscall.Madvise(memory, madvHugePage) }

// adviseUnused gives whole pages back; if they are read again they are zero.
func adviseUnused(memory []byte) { _ = syscall.Madvise(memory, madvDontNeed) }

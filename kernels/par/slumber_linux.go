//go:build amd64 || arm64

package par

import (
	"math/bits"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// slumber is a worker's sleep in a call to the system, so that who wakes it wakes its
// thread. Through a channel, Go's scheduler would wake any thread to look for work, and
// Linux often begins that on the processor of the waker: a virtual one that is halted
// counts as preempted there, and not as free. Both then share a processor for 10 to 20 ms,
// until the load is balanced.
type slumber struct {
	word   atomic.Uint32 // 1: it is time to wake
	thread atomic.Int32
	where  atomic.Int32 // the processor that it lay down on
	moved  atomic.Bool  // the thread was kept off the waker's processor
	may    processors   // what it may run on otherwise
}

// processors is a set, as the system takes it: a bit each, of up to 1024.
type processors [1024 / 64]uint64

const (
	futexWait = 0 | 128 // of this process alone
	futexWake = 1 | 128
)

func (*slumber) prepare() {}

// lieDown is to be called before anyone may wake the worker. The thread is the worker's
// until it gets up.
func (s *slumber) lieDown() {
	runtime.LockOSThread()
	thread, _, _ := syscall.RawSyscall(syscall.SYS_GETTID, 0, 0, 0)
	s.thread.Store(int32(thread))
	s.where.Store(processor())
}

// sleep returns when wake has been called, at once if it was before.
func (s *slumber) sleep() {
	for s.word.Load() == 0 {
		syscall.Syscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(&s.word)), futexWait, 0, 0, 0, 0)
	}
}

func (s *slumber) getUp() {
	s.word.Store(0)
	if s.moved.Swap(false) {
		s.may.confine(0)
	}
	runtime.UnlockOSThread()
}

// wake wakes the worker, on a processor other than the caller's if it may run on any.
func (s *slumber) wake() {
	if here := processor(); here >= 0 && here == s.where.Load() {
		s.keepOff(int(here))
	}
	s.word.Store(1)
	syscall.RawSyscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(&s.word)), futexWake, 1, 0, 0, 0)
}

// keepOff takes a processor from those that the sleeping thread may run on.
func (s *slumber) keepOff(here int) {
	thread := int(s.thread.Load())
	size, _, err := syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, uintptr(thread), unsafe.Sizeof(s.may), uintptr(unsafe.Pointer(&s.may)))
	if err != 0 || here >= 8*int(size) {
		return
	}
	rest := s.may
	rest[here/64] &^= 1 << (here % 64)
	if rest.count() > 0 && rest.confine(thread) {
		s.moved.Store(true)
	}
}

func (p *processors) count() (n int) {
	for _, x := range p {
		n += bits.OnesCount64(x)
	}
	return n
}

// confine lets a thread, 0: the caller's, run on p alone.
func (p *processors) confine(thread int) bool {
	_, _, err := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, uintptr(thread), unsafe.Sizeof(*p), uintptr(unsafe.Pointer(p)))
	return err == 0
}

// processor is the one that the caller runs on; −1: nobody knows.
func processor() int32 {
	var cpu uint32
	if _, _, err := syscall.RawSyscall(sysGetCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); err != 0 {
		return -1
	}
	return int32(cpu)
}

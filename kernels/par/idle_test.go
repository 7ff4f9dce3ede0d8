//go:build unix

package par_test

import (
	"syscall"
	"testing"
	"time"
)

// used is the processor time of the process.
func used(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestIdleUsesNoProcessor: one worker that never slept would take 300 ms; the
// limit leaves room for the runtime's own threads.
func TestIdleUsesNoProcessor(t *testing.T) {
	procs(t, 4)
	p := newPool(t, 4)
	tasks := &sums{n: 1000}
	p.Enter()
	for range 100 {
		p.Do(16, 1, tasks)
	}
	p.Leave()
	time.Sleep(20 * time.Millisecond)
	before := used(t)
	time.Sleep(300 * time.Millisecond)
	if took := used(t) - before; took > 10*time.Millisecond {
		t.Errorf("an idle pool used %v of processor time in 300 ms", took)
	}
}

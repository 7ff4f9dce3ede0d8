//go:build amd64 || arm64

package par

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

var allowedList = regexp.MustCompile(`Cpus_allowed:\s*(\S+)`)

// allowed are the sets of processors that the threads of the process may run on.
func allowed(t *testing.T) map[string]bool {
	files, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil || len(files) == 0 {
		t.Fatalf("no threads: %v", err)
	}
	sets := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if m := allowedList.FindSubmatch(text); err == nil && m != nil { // or the thread has ended
			sets[string(m[1])] = true
		}
	}
	return sets
}

// TestAffinityIsGivenBack: threads that were kept off a processor when they were woken may
// run on all again.
func TestAffinityIsGivenBack(t *testing.T) {
	before := allowed(t)
	if len(before) != 1 {
		t.Skipf("threads are confined already: %v", before)
	}
	p := New(4)
	defer p.Close()
	p.procs.Store(4)
	for range 200 {
		p.Run(8, 1, func(int, int) { time.Sleep(10 * time.Microsecond) })
		for i := range p.beds { // as if each had lain down where the caller is
			p.beds[i].where.Store(processor())
		}
		time.Sleep(300 * time.Microsecond)
	}
	for end := time.Now().Add(10 * time.Second); len(allowed(t)) > 1; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("threads may run on %v, before on %v", allowed(t), before)
		}
	}
	for set := range allowed(t) {
		if !before[set] {
			t.Errorf("threads may run on %s, before on %v", set, before)
		}
	}
}

// TestKeepOff: a thread that may run on more than one processor is kept off one, and one
// that may not stays where it is.
func TestKeepOff(t *testing.T) {
	var s slumber
	s.lieDown()
	here := int(processor())
	if here < 0 {
		t.Skip("the system does not tell processors")
	}
	s.keepOff(here)
	if n := s.may.count(); s.moved.Load() != (n > 1) {
		t.Errorf("of %d processors, moved: %t", n, s.moved.Load())
	}
	if s.moved.Load() && int(processor()) == here {
		t.Errorf("still on processor %d", here)
	}
	s.getUp()
}

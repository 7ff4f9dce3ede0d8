package contest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// tolerable is the share of a block that threads may wait for a processor. A
// block that waited longer says more of what else the machine does, and is
// measured again, up to tries times; the one that waited least counts. That is
// no choice by time, so it favours nobody.
const (
	tolerable = .03
	tries     = 4
)

// extra is the time that a case may spend on repeated blocks in a sitting: on a machine
// that is never quiet they help little.
const extra = time.Second

// waited is how long the threads of a process were ready to run and did not: the
// second field of Linux's schedstat. Elsewhere it is 0.
func waited(pid int) time.Duration {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	total := time.Duration(0)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		var running, waiting int64
		if _, err := fmt.Fscan(strings.NewReader(string(data)), &running, &waiting); err == nil {
			total += time.Duration(waiting)
		}
	}
	return total
}

// block measures a block, which it repeats while left lasts, and tells whether it
// was disturbed all the same.
func (p *player) block(left *time.Duration) (times Block, disturbed bool, err error) {
	least := 0.0
	for try := range tries {
		begin := time.Now()
		time.Sleep(pause)
		before, start := waited(p.worker.PID()), time.Now()
		ns, err := p.time(p.warm, p.runs)
		if err != nil {
			return nil, false, err
		}
		share := float64(waited(p.worker.PID())-before) / float64(time.Since(start))
		if try == 0 || share < least {
			times, least = ns, share
		}
		if try > 0 {
			*left -= time.Since(begin)
		}
		if least <= tolerable || *left < 0 {
			break
		}
	}
	return times, least > tolerable, nil
}

package par

import "sync/atomic"

// bed is where a worker sleeps. Who makes it waking wakes the worker, and nobody else.
type bed struct {
	state atomic.Uint32
	slumber
	_ line
}

// The states of a bed.
const (
	unborn  = iota // its worker has never been called
	waking         // or awake
	resting        // asleep, or about to be
)

// call makes one more worker serve: one that sleeps, or else a new one. If there is
// neither, one is about to sleep, and will see that it is called.
func (p *Pool) call() {
	p.calls.Add(1)
	for i := range p.beds {
		if b := &p.beds[i]; b.state.Load() == resting && b.state.CompareAndSwap(resting, waking) {
			b.wake()
			return
		}
	}
	for i := range p.beds {
		if b := &p.beds[i]; b.state.Load() == unborn && b.state.CompareAndSwap(unborn, waking) {
			p.bear(i + 1)
			return
		}
	}
}

// bear starts a worker, unless the pool is being closed.
func (p *Pool) bear(id int) {
	p.births.Lock()
	defer p.births.Unlock()
	if !p.closed.Load() {
		p.workers.Go(func() { p.work(id) })
	}
}

// called takes a call, if there is one.
func (p *Pool) called() bool {
	for n := p.calls.Load(); n > 0; n = p.calls.Load() {
		if p.calls.CompareAndSwap(n, n-1) {
			return true
		}
	}
	return false
}

// work is the life of a worker.
func (p *Pool) work(id int) {
	b := &p.beds[id-1]
	for {
		for p.called() {
			p.serve(id)
		}
		if p.closed.Load() {
			return
		}
		b.lieDown()
		b.state.Store(resting)
		idle := p.calls.Load() == 0 && !p.closed.Load()
		if idle || !b.state.CompareAndSwap(resting, waking) {
			b.sleep()
		}
		b.getUp()
	}
}

// dismiss wakes all workers of a pool that is being closed.
func (p *Pool) dismiss() {
	p.births.Lock()
	p.closed.Store(true)
	p.births.Unlock()
	for i := range p.beds {
		if b := &p.beds[i]; b.state.CompareAndSwap(resting, waking) {
			b.wake()
		}
	}
}

package contest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/tests/bench/engine"
	"github.com/parallax-go/parallax/tests/bench/stat"
	"github.com/parallax-go/parallax/tests/bench/zoo"
	"github.com/parallax-go/parallax/tests/onnxtest"
)

// Options say how thoroughly to measure.
type Options struct {
	Rounds int
	Block  time.Duration // that one contestant's runs of a round should take
	Log    io.Writer     // what goes on, and who fell out
}

const (
	// pause comes before every block: ONNX Runtime's threads spin for 36 ms after
	// a run, and would take a core from the next.
	pause = 60 * time.Millisecond
	// most bounds the runs of a block, and least asks for a few of those that are
	// no longer than short.
	most  = 200
	least = 3
	short = 60 * time.Millisecond
	// settled is a time after which a run needs no other to warm up for it.
	settled = 300 * time.Millisecond
	// wide is the width of an interval, relative to the figure, that asks for
	// more rounds, up to patience times as many.
	wide     = .08
	patience = 2
	// memories is how many processes are started to measure memory.
	memories = 3
)

// Measurement is what was measured of a case.
type Measurement struct {
	Case    *Case
	Threads int
	// NS are by contestant, round, run of the block, and phase; of memory they are
	// bytes.
	NS map[string][][][]int64
	// Blocks were measured, and Disturbed of them shared the processors with others.
	Blocks, Disturbed int
	// Failed says why a contestant is missing.
	Failed map[string]string
}

// rounds are the medians of a contestant's blocks.
func (m *Measurement) rounds(name string, phase int) []float64 {
	var list []float64
	for _, block := range m.NS[name] {
		var runs []float64
		for _, run := range block {
			runs = append(runs, float64(run[phase]))
		}
		list = append(list, stat.Median(runs))
	}
	return list
}

// Arena holds the workers and the files that they read.
type Arena struct {
	Options
	launcher engine.Launcher
	workers  map[string]*engine.Worker
	folder   string
	real     string // the folder of the real model
}

// NewArena makes an arena whose peers python has; real is the folder of files
// that are no models of the zoo. Close removes its files.
func NewArena(python, real string, o Options) (*Arena, error) {
	folder, err := os.MkdirTemp("", "parallax-bench")
	if err != nil {
		return nil, err
	}
	return &Arena{
		Options: o, folder: folder, real: real, workers: map[string]*engine.Worker{},
		launcher: engine.Launcher{Python: python, Folder: folder},
	}, nil
}

// Close ends the workers.
func (a *Arena) Close() error {
	var errs []error
	for _, w := range a.workers {
		errs = append(errs, w.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(a.folder))...)
}

// worker returns the process of an engine, which it starts if need be.
func (a *Arena) worker(name string) (*engine.Worker, error) {
	if a.workers[name] == nil {
		w, err := a.launcher.Start(name)
		if err != nil {
			return nil, err
		}
		a.workers[name] = w
	}
	return a.workers[name], nil
}

// Versions are those of the engines that have run.
func (a *Arena) Versions() map[string]string {
	all := map[string]string{}
	for name, w := range a.workers {
		all[name] = w.Version
	}
	return all
}

// Measure measures a case and compares the outputs of the contestants.
func (a *Arena) Measure(c *Case, threads int) (*Measurement, error) {
	m := &Measurement{Case: c, Threads: threads, NS: map[string][][][]int64{}, Failed: map[string]string{}}
	setups, err := a.setups(c, threads)
	if err != nil {
		return nil, err
	}
	defer a.removeInputs()
	if c.Fresh {
		return m, a.memory(m, setups)
	}
	var players []*player
	defer func() {
		for _, p := range players {
			p.worker.Ask(engine.Request{Do: "close", Session: p.session})
		}
	}()
	for _, s := range setups {
		p, err := a.open(s)
		if err != nil {
			if s.Engine == engine.Name {
				return nil, fmt.Errorf("%s: %w", c.Name, err)
			}
			a.fail(m, s.Name, err)
			continue
		}
		players = append(players, p)
	}
	if players, err = a.agree(m, players); err != nil {
		return nil, err
	}
	return m, a.rounds(m, players)
}

func (a *Arena) fail(m *Measurement, name string, err error) {
	m.Failed[name] = err.Error()
	fmt.Fprintf(a.Log, "%s falls out of %s: %v\n", name, m.Case.Name, err)
}

// setup is a contestant with its files.
type setup struct {
	Contestant
	engine.Setup
}

// setups writes the files of a case.
func (a *Arena) setups(c *Case, threads int) ([]setup, error) {
	first, steps, err := c.tensors()
	if err != nil {
		return nil, err
	}
	common := engine.Setup{Mode: c.Mode, Threads: threads, Pasts: c.Pasts}
	if c.Mode == "" {
		common.Mode = engine.Run
	}
	if common.Inputs, err = a.write("input", first); err != nil {
		return nil, err
	}
	if common.Steps, err = a.write("step", steps); err != nil {
		return nil, err
	}
	var list []setup
	for i, who := range c.contestants() {
		s := setup{who, common}
		s.Setup.Variant = who.Variant
		switch {
		case who.Model != nil:
			s.Setup.Model = filepath.Join(a.folder, fmt.Sprintf("model-%d.onnx", i))
			s.Setup.Inputs = only(common.Inputs, who.Model)
			err = who.Model.Write(s.Setup.Model)
		case i > 0:
			s.Setup.Model = list[0].Setup.Model
		default:
			s.Setup.Model, err = a.model(c)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// only is those of the inputs that g reads.
func only(inputs map[string]string, g *zoo.Graph) map[string]string {
	some := map[string]string{}
	for _, in := range onnxtest.Values(g.Inputs) {
		some[in.Name] = inputs[in.Name]
	}
	return some
}

func (a *Arena) model(c *Case) (string, error) {
	if c.File != "" {
		return filepath.Join(a.real, c.File), nil
	}
	path := filepath.Join(a.folder, "model.onnx")
	return path, c.Model.Write(path)
}

func (a *Arena) write(kind string, all map[string]*tensor.Tensor) (map[string]string, error) {
	files := map[string]string{}
	for name, t := range all {
		files[name] = filepath.Join(a.folder, kind+"-"+name+".npy")
		if err := engine.WriteArray(files[name], t); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func (a *Arena) removeInputs() {
	for _, pattern := range []string{"*.npy", "*.onnx"} {
		files, _ := filepath.Glob(filepath.Join(a.folder, pattern))
		for _, f := range files {
			os.Remove(f)
		}
	}
}

// player is a contestant's session.
type player struct {
	setup
	worker  *engine.Worker
	session int
	runs    int // of a block
	warm    int
}

func (a *Arena) open(s setup) (*player, error) {
	w, err := a.worker(s.Engine)
	if err != nil {
		return nil, err
	}
	reply, err := w.Ask(engine.Request{Do: "open", Setup: &s.Setup})
	if err != nil {
		return nil, err
	}
	return &player{setup: s, worker: w, session: reply.Session}, nil
}

func (p *player) time(warm, runs int) ([][]int64, error) {
	reply, err := p.worker.Ask(engine.Request{Do: "time", Session: p.session, Warm: warm, Runs: runs})
	if err != nil {
		return nil, err
	}
	return reply.NS, nil
}

// rounds runs the blocks in alternation. Who begins changes from round to round.
func (a *Arena) rounds(m *Measurement, players []*player) error {
	for _, p := range players {
		if err := p.calibrate(a.Block); err != nil {
			return err
		}
	}
	left := extra
	for round := 0; round < a.Rounds || round < patience*a.Rounds && left > 0 && m.wide(players); round++ {
		begin := time.Now()
		for i := range players {
			p := players[(round+i)%len(players)]
			block, disturbed, err := p.block(&left)
			if err != nil {
				return fmt.Errorf("%s: %w", m.Case.Name, err)
			}
			m.Blocks++
			if disturbed {
				m.Disturbed++
			}
			m.NS[p.Name] = append(m.NS[p.Name], block)
		}
		if round >= a.Rounds {
			left -= time.Since(begin)
		}
	}
	return nil
}

// calibrate chooses how many runs make a block.
func (p *player) calibrate(block time.Duration) error {
	times, err := p.time(1, 1)
	if err != nil {
		return err
	}
	total := int64(0)
	for _, ns := range times[0] {
		total += ns
	}
	once := time.Duration(max(total, 1))
	p.runs = int(min(max(block/once, 1), most))
	if once < short {
		p.runs = max(p.runs, least)
	}
	if once < settled && p.Mode != engine.Load {
		p.warm = 1
	}
	return nil
}

// wide reports whether some ratio to the first player is not known well.
func (m *Measurement) wide(players []*player) bool {
	return slices.ContainsFunc(players[1:], func(p *player) bool {
		for phase := range engine.Phases[p.Mode] {
			ratio, interval := stat.Ratio(m.rounds(p.Name, phase), m.rounds(players[0].Name, phase))
			if interval.Width(ratio) > wide {
				return true
			}
		}
		return false
	})
}

// memory measures what a run adds to the memory of a new process: the most that
// it has had, less what it had when the engine was ready.
func (a *Arena) memory(m *Measurement, setups []setup) error {
	for range memories {
		for _, s := range setups {
			bytes, err := a.added(s)
			if err != nil {
				return fmt.Errorf("%s: %w", m.Case.Name, err)
			}
			m.NS[s.Name] = append(m.NS[s.Name], [][]int64{{bytes}})
		}
	}
	return nil
}

func (a *Arena) added(s setup) (int64, error) {
	w, err := a.launcher.Start(s.Engine)
	if err != nil {
		return 0, err
	}
	defer w.Close()
	opened, err := w.Ask(engine.Request{Do: "open", Setup: &s.Setup})
	if err != nil {
		return 0, err
	}
	if _, err := w.Ask(engine.Request{Do: "time", Session: opened.Session, Runs: 2}); err != nil {
		return 0, err
	}
	reply, err := w.Ask(engine.Request{Do: "memory"})
	if err != nil {
		return 0, err
	}
	return reply.Peak - reply.Before, nil
}

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
	"github.com/parallax-go/parallax/tests/models"
	"github.com/parallax-go/parallax/tests/onnxtest"
)

// Options say how thoroughly to measure.
type Options struct {
	// Sittings of all cases, each with new processes, follow one another, so that
	// those of a case lie minutes apart: the speed of a machine that is shared
	// changes meanwhile, for one kind of work more than for another.
	Sittings int
	Rounds   int           // of a case in each sitting
	Block    time.Duration // that one contestant's runs of a round should take
	Log      io.Writer     // what goes on, and who fell out
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
)

// Block are the runs of one contestant in a round: by run and phase, in ns; of memory
// they are bytes.
type Block [][]int64

// median is that of a phase.
func (b Block) median(phase int) float64 {
	var runs []float64
	for _, run := range b {
		runs = append(runs, float64(run[phase]))
	}
	return stat.Median(runs)
}

// Measurement is what was measured of a case.
type Measurement struct {
	Case    *Case
	Threads int
	// NS are by contestant, sitting and round.
	NS map[string][][]Block
	// Blocks were measured, and Disturbed of them shared the processors with others.
	Blocks, Disturbed int
	// Failed says why a contestant is missing.
	Failed map[string]string
}

// NewMeasurement is one without sittings.
func NewMeasurement(c *Case, threads int) *Measurement {
	return &Measurement{Case: c, Threads: threads, NS: map[string][][]Block{}, Failed: map[string]string{}}
}

// medians are those of a contestant's blocks, by sitting and round; nil if it is
// missing.
func (m *Measurement) medians(name string, phase int) [][]float64 {
	var all [][]float64
	for _, sitting := range m.NS[name] {
		var rounds []float64
		for _, block := range sitting {
			rounds = append(rounds, block.median(phase))
		}
		all = append(all, rounds)
	}
	return all
}

// Arena holds the workers and the files that they read.
type Arena struct {
	Options
	launcher engine.Launcher
	workers  map[string]*engine.Worker
	versions map[string]string
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
		Options: o, folder: folder, real: real, workers: map[string]*engine.Worker{}, versions: map[string]string{},
		launcher: engine.Launcher{Python: python, Folder: folder, Root: models.Root()},
	}, nil
}

// Close ends the workers.
func (a *Arena) Close() error {
	return errors.Join(a.Rest(), os.RemoveAll(a.folder))
}

// Rest ends the workers between sittings: where the memory of a process lies changes
// its times.
func (a *Arena) Rest() error {
	var errs []error
	for name, w := range a.workers {
		errs = append(errs, w.Close())
		delete(a.workers, name)
	}
	return errors.Join(errs...)
}

// worker returns the process of an engine, which it starts if need be. That of a
// generated package has one case alone.
func (a *Arena) worker(c *Case, s setup) (*engine.Worker, error) {
	name, start := s.Engine, a.launcher.Start
	if name == engine.Generated {
		name += ", " + c.Name
		start = func(name string) (*engine.Worker, error) { return a.launcher.StartGenerated(name, s.Setup.Model) }
	}
	if a.workers[name] == nil {
		w, err := start(name)
		if err != nil {
			return nil, err
		}
		a.workers[name] = w
		a.versions[s.Engine] = w.Version
	}
	return a.workers[name], nil
}

// Versions are those of the engines that have run.
func (a *Arena) Versions() map[string]string { return a.versions }

// Sit adds a sitting to the measurement of a case, in which the outputs of the
// contestants are compared first.
func (a *Arena) Sit(m *Measurement) error {
	c := m.Case
	setups, err := a.setups(c, m.Threads)
	if err != nil {
		return err
	}
	defer a.removeInputs()
	setups = slices.DeleteFunc(setups, func(s setup) bool { return m.Failed[s.Name] != "" })
	if c.Fresh {
		return a.memory(m, setups)
	}
	var players []*player
	defer func() {
		for _, p := range players {
			p.worker.Ask(engine.Request{Do: "close", Session: p.session})
		}
	}()
	for _, s := range setups {
		p, err := a.open(c, s)
		if err != nil {
			if s.Engine == engine.Name {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
			a.fail(m, s.Name, err)
			continue
		}
		players = append(players, p)
	}
	if players, err = a.agree(m, players); err != nil {
		return err
	}
	return a.rounds(m, players)
}

// fail leaves a contestant out, with what earlier sittings measured of it.
func (a *Arena) fail(m *Measurement, name string, err error) {
	m.Failed[name] = err.Error()
	delete(m.NS, name)
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
	common := engine.Setup{Mode: c.mode(), Threads: threads, Pasts: c.Pasts}
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

func (a *Arena) open(c *Case, s setup) (*player, error) {
	w, err := a.worker(c, s)
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

// rounds runs the blocks in alternation. Who begins changes from round to round, and
// from sitting to sitting.
func (a *Arena) rounds(m *Measurement, players []*player) error {
	for _, p := range players {
		if err := p.calibrate(a.Block); err != nil {
			return err
		}
	}
	left := extra
	sitting := map[string][]Block{}
	first := len(m.NS[players[0].Name])
	for round := range a.Rounds {
		for i := range players {
			p := players[(first+round+i)%len(players)]
			block, disturbed, err := p.block(&left)
			if err != nil {
				return fmt.Errorf("%s: %w", m.Case.Name, err)
			}
			m.Blocks++
			if disturbed {
				m.Disturbed++
			}
			sitting[p.Name] = append(sitting[p.Name], block)
		}
	}
	for name, blocks := range sitting {
		m.NS[name] = append(m.NS[name], blocks)
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

// memory measures what a run adds to the memory of a new process: the most that
// it has had, less what it had when the engine was ready.
func (a *Arena) memory(m *Measurement, setups []setup) error {
	for _, s := range setups {
		bytes, err := a.added(s)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Case.Name, err)
		}
		m.NS[s.Name] = append(m.NS[s.Name], []Block{{{bytes}}})
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

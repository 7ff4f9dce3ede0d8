package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/std"
	"github.com/parallax-go/parallax/tests/bench/contest"
	"github.com/parallax-go/parallax/tests/bench/engine"
	"github.com/parallax-go/parallax/tests/bench/report"
	"github.com/parallax-go/parallax/tests/models"
)

// against is what measurements against other engines are asked for by.
type against struct {
	python  string
	rows    string
	threads string
}

func (a *against) flags(f *flag.FlagSet, threads string) {
	f.StringVar(&a.python, "peer", os.Getenv("PARALLAX_BENCH_PYTHON"), "a Python `interpreter` that has onnxruntime and openvino; without it they are installed")
	f.StringVar(&a.rows, "rows", "", "measure only the rows that match `REGEXP`")
	f.StringVar(&a.threads, "threads", threads, "numbers of threads")
}

// arena makes the arena, with the peers, for models in a folder.
func (a *against) arena(folder string, o contest.Options) (*contest.Arena, error) {
	if a.python == "" {
		var err error
		if a.python, err = engine.Python(); err != nil {
			return nil, err
		}
	}
	return contest.NewArena(a.python, folder, o)
}

// peers is the measurement against other engines.
type peers struct {
	against
	sittings int
	rounds   int
	quick    bool
	json     string
	doc      bool
	again    bool
	ablate   bool
	list     bool
	real     bool
}

func (p *peers) flags(f *flag.FlagSet) {
	p.against.flags(f, "1,2")
	f.IntVar(&p.sittings, "sittings", 6, "sittings of all rows, one after the other")
	f.IntVar(&p.rounds, "rounds", 2, "rounds of each row in a sitting")
	f.BoolVar(&p.quick, "quick", false, "one sitting of 5 rounds, and without what takes long")
	f.StringVar(&p.json, "json", "", "write all times to `FILE`")
	f.BoolVar(&p.doc, "doc", false, "write the tables of docs/performance.md")
	f.BoolVar(&p.again, "again", false, "measure twice, write the first, and report rows whose intervals don't overlap")
	f.BoolVar(&p.ablate, "ablate", false, "also measure the encoder without each pass")
	f.BoolVar(&p.list, "list", false, "only print the rows")
	f.BoolVar(&p.real, "real", true, "also measure the real model, which is fetched through Maven")
}

func (p *peers) run([]string) error {
	counts, err := numbers(p.threads)
	if err != nil {
		return err
	}
	rows, folder, err := p.choose()
	if err != nil {
		return err
	}
	if p.list {
		for _, r := range rows {
			fmt.Println(r.Title())
		}
		return nil
	}
	o := contest.Options{Sittings: p.sittings, Rounds: p.rounds, Block: 30 * time.Millisecond, Log: os.Stderr}
	if p.quick {
		o.Sittings, o.Rounds, o.Block = 1, 5, 10*time.Millisecond
	}
	arena, err := p.arena(folder, o)
	if err != nil {
		return err
	}
	defer arena.Close()
	first := measureAll(arena, rows, counts)
	if err := errors.Join(first.err, p.write(arena, first)); err != nil || !p.again {
		return err
	}
	return compare(first, measureAll(arena, rows, counts))
}

// choose lists the rows to measure, and gives the folder of the real model.
func (p *peers) choose() ([]contest.Row, string, error) {
	folder := ""
	if p.real {
		var err error
		if folder, err = fetch(); err != nil {
			return nil, "", err
		}
	}
	rows, err := contest.Rows(folder, p.quick)
	if err != nil {
		return nil, "", err
	}
	if p.ablate {
		rows = append(rows, contest.Ablations(exists)...)
	}
	pattern, err := regexp.Compile(p.rows)
	if err != nil {
		return nil, "", err
	}
	rows = slices.DeleteFunc(rows, func(r contest.Row) bool { return !pattern.MatchString(r.Title()) })
	if len(rows) == 0 {
		return nil, "", fmt.Errorf("no row matches %q", p.rows)
	}
	return rows, folder, nil
}

func exists(pass string) bool {
	return slices.ContainsFunc(std.Passes(), func(p passes.Pass) bool { return p.Name == pass })
}

func numbers(list string) ([]int, error) {
	var out []int
	for _, word := range strings.Split(list, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-threads %q is no list of numbers", list)
		}
		if n > runtime.NumCPU() {
			fmt.Fprintf(os.Stderr, "%d threads are left out: there are %d processors\n", n, runtime.NumCPU())
			continue
		}
		out = append(out, n)
	}
	return out, nil
}

// results are those of all rows.
type results struct {
	measured []*contest.Measurement
	verdicts []*contest.Verdict
	err      error // of the cases that failed
}

// measureAll measures the cases of the rows, in several sittings, and prints the
// verdicts as the last one gives them. What fails is reported at the end.
func measureAll(arena *contest.Arena, rows []contest.Row, threads []int) *results {
	all := &results{measured: measurements(rows, threads)}
	for sitting := range arena.Sittings {
		fmt.Fprintf(os.Stderr, "sitting %d of %d\n", sitting+1, arena.Sittings)
		var good []*contest.Measurement
		for _, m := range all.measured {
			if err := arena.Sit(m); err != nil {
				fmt.Fprintln(os.Stderr, err)
				all.err = errors.Join(all.err, err)
				continue
			}
			good = append(good, m)
			if sitting == arena.Sittings-1 {
				all.judge(rows, m)
			}
		}
		all.measured = good
		all.err = errors.Join(all.err, arena.Rest())
	}
	for _, m := range report.Means(all.verdicts) {
		fmt.Printf("geometric mean of %s, %d rows, %dT: %.3f, target ≥ %.3g\n", m.Name, m.Rows, m.Threads, m.Figure, m.Target)
	}
	return all
}

// measurements are to be made, one of each case and number of threads.
func measurements(rows []contest.Row, threads []int) []*contest.Measurement {
	var list []*contest.Measurement
	for _, n := range threads {
		for i, r := range rows {
			if i > 0 && rows[i-1].Case == r.Case || r.Case.Fresh && n != threads[0] {
				continue
			}
			list = append(list, contest.NewMeasurement(r.Case, n))
		}
	}
	return list
}

// judge adds and prints the verdicts of a case's rows.
func (all *results) judge(rows []contest.Row, m *contest.Measurement) {
	for i := range rows {
		if rows[i].Case != m.Case {
			continue
		}
		if v := rows[i].Judge(m); v != nil {
			fmt.Println(report.Line(v))
			all.verdicts = append(all.verdicts, v)
		}
	}
}

func (p *peers) write(arena *contest.Arena, all *results) error {
	machine := report.ThisMachine(arena.Versions())
	fmt.Println(machine)
	var errs []error
	if p.json != "" {
		errs = append(errs, report.WriteJSON(p.json, machine, all.measured, all.verdicts))
	}
	if p.doc {
		errs = append(errs, report.Write(filepath.Join(models.Root(), "docs", "performance.md"), machine, all.verdicts))
	}
	return errors.Join(errs...)
}

// compare reports the rows that two measurements disagree on.
func compare(first, second *results) error {
	type key struct {
		row     *contest.Row
		threads int
	}
	other := map[key]*contest.Verdict{}
	for _, w := range second.verdicts {
		other[key{w.Row, w.Threads}] = w
	}
	both, apart, disturbed := 0, 0, 0
	for _, v := range first.verdicts {
		w := other[key{v.Row, v.Threads}]
		if w == nil {
			continue
		}
		both++
		if v.Interval.Overlaps(w.Interval) {
			continue
		}
		note := ""
		if v.Disturbed || w.Disturbed {
			note = " (disturbed)"
			disturbed++
		} else {
			apart++
		}
		fmt.Printf("apart: %s, %d threads: %.3f [%.3f, %.3f] and %.3f [%.3f, %.3f]%s\n", v.Row.Title(), v.Threads,
			v.Figure, v.Interval.Low, v.Interval.High, w.Figure, w.Interval.Low, w.Interval.High, note)
	}
	fmt.Printf("measured twice: %d rows; the intervals of %d don't overlap, and of %d more that were disturbed\n", both, apart, disturbed)
	if apart > 0 || second.err != nil {
		return errors.Join(second.err, fmt.Errorf("%d of %d rows came out differently", apart, both))
	}
	return nil
}

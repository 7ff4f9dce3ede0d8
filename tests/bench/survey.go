package main

import (
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	"github.com/parallax-go/parallax/tests/bench/contest"
	"github.com/parallax-go/parallax/tests/bench/engine"
	"github.com/parallax-go/parallax/tests/bench/report"
	"github.com/parallax-go/parallax/tests/models"
)

//go:embed survey/export.py
var exporter []byte

// survey measures architectures that PyTorch exports against the peers: one table of
// how whole models compare, whatever they consist of.
type survey struct {
	against
	folder string
	doc    bool
}

func (s *survey) flags(f *flag.FlagSet) {
	s.against.flags(f, "1")
	f.StringVar(&s.folder, "models", "", "measure the models below `FOLDER`; without it they are exported, for which PyTorch is installed (about 3 GB)")
	f.BoolVar(&s.doc, "doc", false, "write the table of docs/survey.md")
}

func (s *survey) run([]string) error {
	counts, err := numbers(s.threads)
	if err != nil {
		return err
	}
	if s.folder == "" {
		if s.folder, err = export(); err != nil {
			return err
		}
	}
	rows, err := s.models()
	if err != nil {
		return err
	}
	arena, err := s.arena(s.folder, contest.Options{Sittings: 3, Rounds: 2, Block: 30 * time.Millisecond, Log: os.Stderr})
	if err != nil {
		return err
	}
	defer arena.Close()
	all := measureAll(arena, rows, counts)
	machine := report.ThisMachine(arena.Versions())
	fmt.Println(machine)
	if !s.doc {
		return all.err
	}
	return errors.Join(all.err, report.WriteSurvey(filepath.Join(models.Root(), "docs", "survey.md"), machine, all.verdicts))
}

// models are a row for each file, in the section that its folder names.
func (s *survey) models() ([]contest.Row, error) {
	pattern, err := regexp.Compile(s.rows)
	if err != nil {
		return nil, err
	}
	var rows []contest.Row
	err = filepath.WalkDir(s.folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".onnx" || !pattern.MatchString(filepath.Base(path)) {
			return err
		}
		row, err := contest.FileRow(s.folder, path)
		if err != nil { // it is reported, and others are measured
			fmt.Fprintln(os.Stderr, err)
			return nil
		}
		rows = append(rows, row)
		return nil
	})
	if err == nil && len(rows) == 0 {
		err = fmt.Errorf("no model below %s matches %q", s.folder, s.rows)
	}
	return rows, err
}

// export makes the models, in the user's cache.
func export() (string, error) {
	python, folder, err := engine.Environment("export", "torch", "transformers", "timm", "onnx", "onnxscript")
	if err != nil {
		return "", err
	}
	script := filepath.Join(folder, "export.py")
	if err := os.WriteFile(script, exporter, 0o644); err != nil {
		return "", err
	}
	models := filepath.Join(folder, "models")
	cmd := exec.Command(python, script, models)
	cmd.Stderr = os.Stderr
	return models, cmd.Run()
}

package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/passes"
	"github.com/parallax-go/parallax/passes/std"
)

// session is what all commands share: the streams and the flags.
type session struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	dims         []string
	threads      uint
	memory       int64
	json         bool
	verbose      bool
	quiet        bool
	passes       string
	dumpAfter    string
	stopAfter    uint
	verifyPasses bool
	target       string
	precision    string
	stdinRead    bool
}

func (s *session) addFlags(f *pflag.FlagSet) {
	f.StringArrayVar(&s.dims, "dim", nil, "pin a symbolic dimension: `name=N` (repeatable)")
	f.UintVar(&s.threads, "threads", 0, "`N` threads for one run (default: GOMAXPROCS)")
	f.Var((*byteCount)(&s.memory), "max-memory", "fail rather than take more for one run: `BYTES`, or 500MB, 2GiB (default: half the machine's)")
	f.BoolVar(&s.json, "json", false, "print the result as JSON")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "say more")
	f.BoolVarP(&s.quiet, "quiet", "q", false, "no progress, no remarks")
	f.StringVar(&s.passes, "passes", "std", "`none|std|NAME,NAME|-NAME,+NAME`: see parallax help passes")
	f.StringVar(&s.dumpAfter, "dump-after", "", "print the graph after `PASS` (all: after each) to standard error")
	f.UintVar(&s.stopAfter, "stop-after", 0, "stop optimising after `N` rewrites, to find the one that breaks a model")
	f.BoolVar(&s.verifyPasses, "verify-passes", false, "check the graph after every pass")
}

// addTarget adds --target to a command that runs models.
func (s *session) addTarget(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.target, "target", "cpu", "what to run on: `cpu|ref`, the fast kernels or the reference")
	choices(cmd, "target", "cpu", "ref")
}

// addPrecision adds --precision to a command that makes programs.
func (s *session) addPrecision(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.precision, "precision", "f32", "compute products with constant weights, and those of attention, in `"+strings.Join(precisions(), "|")+"`, the last with weights in blocks alone")
	choices(cmd, "precision", precisions()...)
}

// precisions are the names that --precision takes.
func precisions() []string {
	var names []string
	for _, p := range kernels.Precisions() {
		names = append(names, string(p))
	}
	return names
}

// options turns the flags into options of the façade.
func (s *session) options() ([]parallax.Option, error) {
	opts := []parallax.Option{
		parallax.WithPasses(s.passes),
		parallax.WithThreads(int(s.threads)),
		parallax.WithMemoryLimit(s.memory),
		parallax.WithStopAfter(int(s.stopAfter)),
	}
	list, err := std.Select(s.passes)
	if err != nil {
		return nil, err
	}
	for _, d := range s.dims {
		name, n, err := parseDim(d)
		if err != nil {
			return nil, err
		}
		opts = append(opts, parallax.WithDim(name, n))
	}
	if s.verifyPasses {
		opts = append(opts, parallax.WithVerifyPasses())
	}
	if s.dumpAfter != "" {
		known := func(p passes.Pass) bool { return p.Name == s.dumpAfter || s.dumpAfter == "all" }
		if !slices.ContainsFunc(list, known) {
			return nil, fmt.Errorf("--dump-after %s: no such pass runs", s.dumpAfter)
		}
		opts = append(opts, parallax.WithDumpAfter(s.dumpAfter, s.stderr))
	}
	p := kernels.Precision(s.precision)
	if p != "" && !slices.Contains(kernels.Precisions(), p) {
		return nil, fmt.Errorf("--precision %s is not one of %s", p, strings.Join(precisions(), ", "))
	}
	opts = append(opts, parallax.WithPrecision(p))
	switch s.target {
	case "", "cpu":
	case "ref":
		opts = append(opts, parallax.WithTarget(kernels.Ref))
	case "cuda":
		return nil, fail(exitRuntime, fmt.Errorf("target cuda: %w", parallax.ErrNoDevice))
	default:
		return nil, fmt.Errorf("--target %s is not cpu or ref", s.target)
	}
	return opts, nil
}

func parseDim(text string) (string, int64, error) {
	name, number, found := strings.Cut(text, "=")
	n, err := strconv.ParseInt(number, 10, 64)
	if !found || name == "" || err != nil || n < 0 {
		return "", 0, fmt.Errorf("--dim %s is not name=N with N at least 0", text)
	}
	return name, n, nil
}

// open reads the model that path names; "-" is standard input.
func (s *session) open(path string, more ...parallax.Option) (*parallax.Source, error) {
	src, err := s.read(path, more)
	if err != nil {
		return nil, err
	}
	if err := s.checkDims(src.Dims()); err != nil {
		src.Close()
		return nil, err
	}
	return src, nil
}

// checkDims refuses a --dim that pins nothing: a slip of the pen, most likely.
func (s *session) checkDims(symbols []string) error {
	for name := range s.dimMap() {
		if !slices.Contains(symbols, name) {
			return errorf("--dim %s: the dimensions of the inputs are %q", name, symbols)
		}
	}
	return nil
}

func (s *session) read(path string, more []parallax.Option) (*parallax.Source, error) {
	opts, err := s.options()
	if err != nil {
		return nil, err
	}
	opts = append(opts, more...)
	if path == "-" {
		if s.stdinRead {
			return nil, errorf("MODEL is read twice for this: standard input can't be")
		}
		s.stdinRead = true
		src, err := parallax.OpenReader(s.stdin, opts...)
		if err != nil {
			return nil, failOpen(fmt.Errorf("standard input: %w", err))
		}
		return src, nil
	}
	src, err := parallax.Open(path, opts...)
	return src, failOpen(err)
}

// failOpen is for what a model could not be read for.
func failOpen(err error) error {
	if errors.Is(err, parallax.ErrDim) {
		return fail(exitInput, err)
	}
	return fail(exitModel, err)
}

// load reads, optimises and prepares a model to run.
func (s *session) load(path string, more ...parallax.Option) (*parallax.Model, error) {
	src, err := s.open(path, more...)
	if err != nil {
		return nil, err
	}
	m, err := src.Load()
	if err != nil {
		return nil, fail(exitModel, err)
	}
	s.tellPasses(src)
	s.tellProgram(m)
	return m, nil
}

// infof prints a message to standard error unless --quiet.
func (s *session) infof(format string, args ...any) {
	if !s.quiet {
		fmt.Fprintf(s.stderr, format+"\n", args...)
	}
}

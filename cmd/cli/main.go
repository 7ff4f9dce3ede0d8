package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"

	"github.com/parallax-go/parallax"
	"github.com/parallax-go/parallax/passes/std"
)

// The exit codes. They are a contract.
const (
	exitOK      = 0
	exitCheck   = 1 // a check failed: a mismatch, too few fusions
	exitUsage   = 2
	exitModel   = 3 // the model is invalid or not supported
	exitInput   = 4 // inputs or data are wrong, or ask for more memory than a run may have
	exitRuntime = 5 // the device or the runtime failed
)

// failure is an error with its exit code. A nil err has been shown already.
type failure struct {
	code int
	err  error
}

func (f *failure) Error() string {
	if f.err == nil {
		return fmt.Sprintf("exit code %d", f.code)
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// fail attaches an exit code to err, unless it has one; nil stays nil.
func fail(code int, err error) error {
	if err == nil || errors.As(err, new(*failure)) {
		return err
	}
	return &failure{code, err}
}

// failRun tells inputs that the model can't be run on from a run that was ended:
// whatever a kernel refuses follows from the data.
func failRun(err error) error {
	for _, ended := range []error{parallax.ErrCancelled, parallax.ErrClosed, parallax.ErrNoDevice} {
		if errors.Is(err, ended) {
			return fail(exitRuntime, err)
		}
	}
	return fail(exitInput, err)
}

// Main runs the command with args and returns its exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root := newRoot(&session{stdin: stdin, stdout: stdout, stderr: stderr})
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{exitUsage, err}
	}
	if f.err != nil {
		fmt.Fprintf(stderr, "parallax: %s\n", strings.TrimRight(f.err.Error(), "\n"))
	}
	return f.code
}

func newRoot(s *session) *cobra.Command {
	root := &cobra.Command{
		Use:           "parallax",
		Short:         "Compile, run and explain ONNX models; every attention becomes one fused Parallax node",
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       versionText(),
		Args:          noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprint(s.stderr, cmd.UsageString())
			return &failure{exitUsage, nil}
		},
	}
	root.SuggestionsMinimumDistance = 2
	root.PersistentFlags().SortFlags = false
	s.addFlags(root.PersistentFlags())
	for _, command := range []func(*session) *cobra.Command{
		newCompile, newConvert, newRun, newVerify, newExplain, newInspect, newBench, newDemo, newOps, newVersion,
	} {
		root.AddCommand(command(s))
	}
	root.AddCommand(passesTopic())
	root.SetVersionTemplate("parallax {{.Version}}\n")
	return root
}

// noSuchCommand names the commands that may have been meant.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = ", did you mean " + strings.Join(near, " or ") + "?"
	}
	return errorf("there is no command %q%s", args[0], hint)
}

// oneModel checks that a command has its one argument.
func oneModel(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return errorf("want one MODEL (a file, or - for standard input), got %d", len(args))
	}
	return nil
}

// choices completes the values of a flag that takes one of a few.
func choices(cmd *cobra.Command, flag string, values ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic("BUG: " + err.Error())
	}
}

// passesTopic is parallax help passes.
func passesTopic() *cobra.Command {
	var b strings.Builder
	b.WriteString("The passes of std, in their order. --passes takes none, std, names of which only those run\n(fold,canon), or changes to std (-fuseattn,+dce).\n\n")
	for _, p := range std.Passes() {
		fmt.Fprintf(&b, "  %-14s %s\n", p.Name, p.Doc)
	}
	return &cobra.Command{Use: "passes", Short: "The passes that --passes, --dump-after and --stop-after speak of", Long: b.String()}
}

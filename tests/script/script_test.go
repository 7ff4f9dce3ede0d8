// Package script tests the command as users see it: txtar scripts of commands,
// expected output and exit codes, run in the test binary itself.
package script

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/parallax-go/parallax/cmd/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"parallax": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("MODELS", filepath.Join(root(), "tests", "testdata", "models"))
			env.Setenv("PARALLAX_MODELS", filepath.Join(root(), "tests", "testdata", "parallax-models"))
			env.Setenv("RECALL", filepath.Join(root(), "examples", "recall"))
			for _, name := range []string{"GOCACHE", "GOPATH", "GOMODCACHE", "HOME"} {
				if v := os.Getenv(name); v != "" {
					env.Setenv(name, v)
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":   exitCode,
			"schema": checkSchema,
		},
	})
}

// exitCode runs a command and checks its exit code: code 3 parallax run x.onnx.
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command args…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if e, ok := err.(interface{ ExitCode() int }); ok {
		got = e.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// checkSchema checks a file of JSON with docs/schema/NAME.json: schema NAME FILE.
func checkSchema(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: schema name file")
	}
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(root(), "docs", "schema", args[0]+".json"))
	ts.Check(err)
	var v any
	d := json.NewDecoder(bytes.NewReader([]byte(ts.ReadFile(args[1]))))
	ts.Check(d.Decode(&v))
	ts.Check(schema.Validate(v))
	if d.More() {
		ts.Fatalf("%s holds more than one JSON value", args[1])
	}
}

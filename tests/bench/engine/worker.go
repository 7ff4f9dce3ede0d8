package engine

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// Worker is a process that holds sessions of one engine.
type Worker struct {
	Version string // of the engine
	name    string
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
}

// Start runs command, which must speak the protocol.
func Start(name string, command *exec.Cmd) (*Worker, error) {
	w := &Worker{name: name, process: command}
	command.Stderr = os.Stderr
	var err error
	if w.in, err = command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.out = bufio.NewScanner(out)
	w.out.Buffer(nil, 16<<20)
	if err := command.Start(); err != nil {
		return nil, err
	}
	hello, err := w.read()
	if err != nil {
		w.Close()
		return nil, err
	}
	w.Version = hello.Version
	return w, nil
}

// Ask sends a request and waits for the reply.
func (w *Worker) Ask(r Request) (*Reply, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if _, err := w.in.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("%s: %w", w.name, err)
	}
	return w.read()
}

func (w *Worker) read() (*Reply, error) {
	if !w.out.Scan() {
		return nil, fmt.Errorf("%s ended early: %w", w.name, errors.Join(w.out.Err(), io.ErrUnexpectedEOF))
	}
	reply := &Reply{}
	if err := json.Unmarshal(w.out.Bytes(), reply); err != nil {
		return nil, fmt.Errorf("%s says %.80q: %w", w.name, w.out.Text(), err)
	}
	if reply.Error != "" {
		return nil, fmt.Errorf("%s: %s", w.name, reply.Error)
	}
	return reply, nil
}

// PID is the process's.
func (w *Worker) PID() int { return w.process.Process.Pid }

// Close ends the process by closing its input.
func (w *Worker) Close() error {
	w.in.Close()
	return w.process.Wait()
}

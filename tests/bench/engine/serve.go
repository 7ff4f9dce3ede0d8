package engine

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/parallax-go/parallax/ir/tensor"
	"github.com/parallax-go/parallax/ir/tensor/npy"
)

// job is a session of a worker.
type job interface {
	// run runs once and returns the time of each phase.
	run() ([]int64, error)
	outputs() (map[string]*tensor.Tensor, error)
	close() error
}

// Serve is the worker of this project's own engine: it answers the requests of
// in until that ends.
func Serve(in io.Reader, out io.Writer) error { return serve(in, out, open) }

func serve(in io.Reader, out io.Writer, open func(Setup) (job, error)) error {
	before, _, err := residentMemory()
	if err != nil {
		return err
	}
	s := &server{before: before, open: open, jobs: map[int]job{}}
	replies := json.NewEncoder(out)
	if err := replies.Encode(Reply{Version: version()}); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var r Request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return err
		}
		reply, err := s.answer(r)
		if err != nil {
			reply = Reply{Error: err.Error()}
		}
		if err := replies.Encode(reply); err != nil {
			return err
		}
	}
	return lines.Err()
}

type server struct {
	before int64
	open   func(Setup) (job, error)
	last   int
	jobs   map[int]job
}

func (s *server) answer(r Request) (Reply, error) {
	j := s.jobs[r.Session]
	if j == nil && r.Do != "open" && r.Do != "memory" {
		return Reply{}, fmt.Errorf("there is no session %d", r.Session)
	}
	switch r.Do {
	case "open":
		j, err := s.open(*r.Setup)
		if err != nil {
			return Reply{}, err
		}
		s.last++
		s.jobs[s.last] = j
		return Reply{Session: s.last}, nil
	case "outputs":
		return write(j, r.Folder)
	case "time":
		return timed(j, r.Warm, r.Runs)
	case "close":
		delete(s.jobs, r.Session)
		return Reply{}, j.close()
	case "memory":
		_, peak, err := residentMemory()
		return Reply{Before: s.before, Peak: peak}, err
	}
	return Reply{}, fmt.Errorf("what is %q?", r.Do)
}

func timed(j job, warm, runs int) (Reply, error) {
	reply := Reply{}
	for i := range warm + runs {
		ns, err := j.run()
		if err != nil {
			return reply, err
		}
		if i >= warm {
			reply.NS = append(reply.NS, ns)
		}
	}
	return reply, nil
}

func write(j job, folder string) (Reply, error) {
	outputs, err := j.outputs()
	if err != nil {
		return Reply{}, err
	}
	reply := Reply{Outputs: map[string]string{}}
	for name, t := range outputs {
		path := filepath.Join(folder, strings.ReplaceAll(name, "/", "_")+".npy")
		if err := WriteArray(path, t); err != nil {
			return Reply{}, err
		}
		reply.Outputs[name] = path
	}
	return reply, nil
}

// WriteArray writes t as a .npy file.
func WriteArray(path string, t *tensor.Tensor) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := npy.Write(f, t); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// ReadArray reads a .npy file.
func ReadArray(path string) (*tensor.Tensor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return npy.Read(f)
}

func readArrays(files map[string]string) (map[string]*tensor.Tensor, error) {
	all := map[string]*tensor.Tensor{}
	for name, path := range files {
		t, err := ReadArray(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all[name] = t
	}
	return all, nil
}

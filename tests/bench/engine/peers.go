package engine

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed python
var scripts embed.FS

// Peers are the engines that this one is compared with, as they are called; each
// is a package of pip and has a worker in python.
var Peers = []string{"onnxruntime", "openvino"}

// Python returns an interpreter that has the newest releases of the peers.
func Python() (string, error) {
	python, _, err := Environment("bench", append([]string{"numpy"}, Peers...)...)
	return python, err
}

// Environment returns the interpreter of a virtual environment in the user's cache,
// into which it has installed the newest releases of some packages, and its folder.
func Environment(name string, packages ...string) (python, folder string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", "", err
	}
	folder = filepath.Join(cache, "parallax", name)
	python = filepath.Join(folder, "bin", "python")
	if _, err := os.Stat(python); err != nil {
		if err := quietly("python3", "-m", "venv", folder); err != nil {
			return "", "", err
		}
	}
	arguments := append([]string{"-m", "pip", "install", "--quiet", "--upgrade", "--disable-pip-version-check"}, packages...)
	return python, folder, quietly(python, arguments...)
}

func quietly(name string, arguments ...string) error {
	if out, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w\n%s", name, arguments, err, out)
	}
	return nil
}

// Launcher starts workers.
type Launcher struct {
	Python string // with the peers
	Folder string // for the scripts and generated programs
	Root   string // of this project: generated programs are built with it

	programs map[string]string // that are built
}

// Start starts a worker of the engine of that name.
func (l *Launcher) Start(name string) (*Worker, error) {
	if name == Name {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		return Start(name, exec.Command(self, "worker"))
	}
	for _, script := range []string{"worker.py", "worker_" + name + ".py"} {
		data, err := scripts.ReadFile("python/" + script)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(l.Folder, script), data, 0o644); err != nil {
			return nil, err
		}
	}
	return Start(name, exec.Command(l.Python, filepath.Join(l.Folder, "worker_"+name+".py")))
}

// StartGenerated starts a worker of a model's generated package, which it builds the
// first time that it gets the name.
func (l *Launcher) StartGenerated(name, model string) (*Worker, error) {
	if l.programs[name] == "" {
		folder, err := os.MkdirTemp(l.Folder, "generated")
		if err != nil {
			return nil, err
		}
		program, err := Generate(model, folder, l.Root)
		if err != nil {
			return nil, err
		}
		if l.programs == nil {
			l.programs = map[string]string{}
		}
		l.programs[name] = program
	}
	return Start(name, exec.Command(l.programs[name]))
}

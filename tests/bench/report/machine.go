package report

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/parallax-go/parallax/tests/bench/engine"
)

// Machine is where and with what was measured.
type Machine struct {
	CPU      string            `json:"cpu"`
	Cores    int               `json:"cores"`
	Caches   []string          `json:"caches"`
	System   string            `json:"system"`
	Versions map[string]string `json:"versions"`
	Revision string            `json:"revision,omitempty"`
	Date     string            `json:"date"`
}

// ThisMachine describes the machine as far as Linux tells it.
func ThisMachine(versions map[string]string) Machine {
	return Machine{
		CPU: processor(), Cores: runtime.NumCPU(), Caches: caches(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Versions: versions, Revision: revision(), Date: time.Now().UTC().Format(time.DateOnly),
	}
}

func processor() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	fields := map[string]string{}
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); fields[name] == "" {
			fields[name] = strings.TrimSpace(value)
		}
	}
	if fields["model name"] == "" {
		return "unknown processor"
	}
	text := fmt.Sprintf("%s, family %s model %s", fields["model name"], fields["cpu family"], fields["model"])
	var levels []string
	for _, flag := range strings.Fields(fields["flags"]) {
		if slices.Contains([]string{"avx2", "avx512f", "avx512_bf16", "amx_tile", "hypervisor"}, flag) {
			levels = append(levels, flag)
		}
	}
	return text + " (" + strings.Join(levels, ", ") + ")"
}

func caches() []string {
	var list []string
	folders, _ := filepath.Glob("/sys/devices/system/cpu/cpu0/cache/index*")
	for _, folder := range folders {
		read := func(name string) string {
			data, _ := os.ReadFile(filepath.Join(folder, name))
			return strings.TrimSpace(string(data))
		}
		if kind := read("type"); kind != "Instruction" {
			list = append(list, "L"+read("level")+" "+read("size"))
		}
	}
	return list
}

func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}

// String is a sentence.
func (m Machine) String() string {
	versions := []string{m.Versions[engine.Name]}
	for _, peer := range engine.Peers {
		if m.Versions[peer] != "" {
			versions = append(versions, Titles[peer]+" "+m.Versions[peer])
		}
	}
	return fmt.Sprintf("%s, %d cores, caches %s; %s; %s; %s.", m.CPU, m.Cores, strings.Join(m.Caches, ", "), m.System, strings.Join(versions, ", "), m.Date)
}

// Titles are the engines' names as they write them.
var Titles = map[string]string{engine.Name: "parallax", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}

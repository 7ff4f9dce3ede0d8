package engine

// Request is one line to a worker.
type Request struct {
	// Do is one of
	//
	//	open     make a session of Setup; the reply has its number
	//	outputs  run once, and write the outputs to files in Folder
	//	time     Warm runs, then Runs runs; the reply has their times
	//	close    end the session
	//	memory   tell the memory of the process
	Do      string `json:"do"`
	Session int    `json:"session,omitempty"`
	Setup   *Setup `json:"setup,omitempty"`
	Folder  string `json:"folder,omitempty"`
	Runs    int    `json:"runs,omitempty"`
	Warm    int    `json:"warm,omitempty"`
}

// Setup is a model and how to run it.
type Setup struct {
	Model   string            `json:"model"`
	Threads int               `json:"threads"`
	Mode    string            `json:"mode"`
	Inputs  map[string]string `json:"inputs"` // .npy files by name
	// Of a decoder: the inputs of the single steps, whose first axis counts them,
	// and the inputs that take what an output was.
	Steps map[string]string `json:"steps,omitempty"`
	Pasts map[string]string `json:"pasts,omitempty"`
	// Variant is a choice that one engine has; see its worker.
	Variant string `json:"variant,omitempty"`
}

// The modes. A run of each gives one time for each of its phases.
const (
	Run    = "run"    // of the model, on inputs and into outputs that are there
	Decode = "decode" // prefill, and all steps, with a cache
	Load   = "load"   // from the file to the first result
)

// Phases are those of a mode.
var Phases = map[string][]string{Run: {"run"}, Decode: {"prefill", "steps"}, Load: {"load"}}

// Reply is one line from a worker.
type Reply struct {
	Error   string            `json:"error,omitempty"`
	Session int               `json:"session,omitempty"`
	Outputs map[string]string `json:"outputs,omitempty"` // .npy files
	NS      [][]int64         `json:"ns,omitempty"`      // by run and phase
	Version string            `json:"version,omitempty"` // once, in the first line
	// Of memory, in bytes: when the worker was ready for its first request, and
	// the most so far.
	Before int64 `json:"before,omitempty"`
	Peak   int64 `json:"peak,omitempty"`
}

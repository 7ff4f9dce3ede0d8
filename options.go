package parallax

import (
	"io"

	"github.com/parallax-go/parallax/ir"
	"github.com/parallax-go/parallax/kernels"
	"github.com/parallax-go/parallax/kernels/par"
	"github.com/parallax-go/parallax/passes"
)

// Option changes how a model is read, optimised or run.
type Option func(*options)

type options struct {
	passSpec  string
	added     []addedPass
	target    kernels.Target
	precision kernels.Precision
	threads   int
	pool      *par.Pool
	memory    int64
	copy      bool
	noState   bool
	dims      map[string]int64
	verify    bool
	record    bool
	stopAfter int
	dumpAfter string
	dump      io.Writer
	profile   func(Step)
}

type addedPass struct {
	after string
	pass  passes.Pass
}

func newOptions(list []Option) options {
	o := options{passSpec: "std", target: kernels.CPU}
	for _, apply := range list {
		apply(&o)
	}
	return o
}

// WithPasses chooses the passes: "std" (the default), "none" (import only), a
// list "fold,canon,fuseattn", or changes to std: "-fuseattn,+dce".
func WithPasses(spec string) Option { return func(o *options) { o.passSpec = spec } }

// WithPass runs p after the pass called after, or first if that is "".
func WithPass(after string, p passes.Pass) Option {
	return func(o *options) { o.added = append(o.added, addedPass{after, p}) }
}

// WithTarget chooses what the model is made for: kernels.CPU (the default) or
// kernels.Ref, the slow reference.
func WithTarget(t kernels.Target) Option { return func(o *options) { o.target = t } }

// WithPrecision chooses what products with constant weights, and those of fused
// attention, are computed in: kernels.F32 (the default), kernels.BF16 or kernels.INT8.
//
// BF16 rounds their operands to bf16 and adds in f32. That is several times as fast on processors
// with AMX, and halves the memory of the weights everywhere; a processor that does not
// multiply bf16 rounds constant weights alone. Scores, softmax and other operators
// stay in f32, as does attention of fewer than four query rows per key head, and
// models in f16 stay as they are.
//
// INT8 is of products with weights of 4 or 8 bits in blocks, as MatMulNBits has them: the
// other operand is rounded to 8 bits, block by block, as ONNX Runtime does where the file
// has accuracy_level 4. Sums of blocks are exact, and are added in f32. It takes blocks and
// rows of a multiple of 16, and a processor that multiplies bytes (AVX-512 VNNI); other
// products stay in f32.
func WithPrecision(p kernels.Precision) Option { return func(o *options) { o.precision = p } }

// WithThreads limits the threads of one run; 0, the default, is GOMAXPROCS.
func WithThreads(n int) Option { return func(o *options) { o.threads = n } }

// WithPool runs on a pool of the caller's, which it may share among models.
func WithPool(p *par.Pool) Option { return func(o *options) { o.pool = p } }

// WithMemoryLimit makes a run fail with [ErrTooLarge] rather than take more than
// so many bytes beside the model; 0: half the memory of the machine.
func WithMemoryLimit(bytes int64) Option { return func(o *options) { o.memory = bytes } }

// WithCopy reads the file into memory instead of mapping it: for files that may
// change while the model is in use.
func WithCopy() Option { return func(o *options) { o.copy = true } }

// WithDim pins a symbolic dimension to a number when the model is read: passes know
// the size then, and inputs have to have it. A name that occurs nowhere is ignored; see
// [Source.Dims].
func WithDim(name string, n int64) Option {
	return func(o *options) {
		if o.dims == nil {
			o.dims = map[string]int64{}
		}
		o.dims[name] = n
	}
}

// WithVerifyPasses checks the graph after every pass.
func WithVerifyPasses() Option { return func(o *options) { o.verify = true } }

// WithStopAfter stops optimising after n rewrites, to find the one that breaks a
// model by bisection.
func WithStopAfter(n int) Option { return func(o *options) { o.stopAfter = n } }

// WithRecord keeps in each verdict what the fused node replaced; see
// passes.Remark.Before.
func WithRecord() Option { return func(o *options) { o.record = true } }

// WithDumpAfter prints the graph to w after the pass called name, or after each
// if that is "all".
func WithDumpAfter(name string, w io.Writer) Option {
	return func(o *options) { o.dumpAfter, o.dump = name, w }
}

// WithProfile calls f after each step of each run, from the goroutine that runs.
// The bodies of If, Loop and Scan have steps of their own.
func WithProfile(f func(Step)) Option { return func(o *options) { o.profile = f } }

func (o *options) passOptions() *passes.Options {
	p := &passes.Options{Verify: o.verify, Record: o.record, StopAfter: o.stopAfter, Target: o.target}
	if o.dump != nil {
		p.DumpAfter = func(pass string, g *ir.Graph) {
			if pass == o.dumpAfter || o.dumpAfter == "all" {
				io.WriteString(o.dump, "# after "+pass+"\n"+g.String())
			}
		}
	}
	return p
}

# Every verb runs on a machine with Go alone, but those that say otherwise.
GO ?= go
export CGO_ENABLED ?= 0

.PHONY: levels test race check lint format generate bench survey bench-fixtures conformance interop cross arm64 page fuzz

## test: the whole suite, offline once the modules are there
test:
	$(GO) test ./...
	cd tests/gorgonnx && $(GO) test ./...
	cd tests/bench && $(GO) test ./...

## race: the packages with goroutines under the race detector (needs a C compiler)
race:
	CGO_ENABLED=1 $(GO) test -race ./kernels/par ./kernels/cpu ./runtime/...

## check: what must hold before a change lands
check: lint
	$(GO) build ./...
	cd examples/embed && $(GO) vet ./...
	cd tests/gorgonnx && $(GO) vet ./...
	cd tests/bench && $(GO) vet ./...

## lint: formatting and vet, of the assembly for every processor; changes nothing
lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l . ; echo "run make format"; exit 1; }
	$(GO) vet ./...
	for arch in amd64 arm64; do GOARCH=$$arch $(GO) vet ./kernels/cpu/... || exit; done

## format: gofmt over everything
format:
	gofmt -w .

## generate: the files that are written from the code
generate:
	$(GO) generate ./...

## levels: the CPU kernels on every instruction level that this processor has
levels:
	$(GO) test -tags levels -count=1 -run TestEveryLevel ./kernels/cpu

## bench: against ONNX Runtime and OpenVINO, in alternation; writes the tables of docs/performance.md (needs Python with pip, and Maven)
bench:
	cd tests/bench && $(GO) run . -doc

## survey: architectures that PyTorch exports, against ONNX Runtime and OpenVINO; writes docs/survey.md (fetches 3 GB: needs Python with pip)
survey:
	cd tests/bench && $(GO) run . survey -doc

## bench-fixtures: fusing never loses; then what a run costs by operator, and how compile time grows (needs Maven)
bench-fixtures:
	cd tests/bench && $(GO) run . fixtures && $(GO) run . profile && $(GO) run . growth

## cross: builds for every platform, and a run under WebAssembly
cross:
	$(GO) test -tags cross -count=1 ./tests/static

## arm64: the tests of kernels and runtime, and the fixture models, as arm64 (needs qemu-aarch64 on other machines)
EMULATOR ?= $(if $(filter arm64,$(shell $(GO) env GOHOSTARCH)),,qemu-aarch64 -cpu max)
arm64: export GOARCH = arm64
arm64:
	$(GO) test -timeout 30m -exec "$(EMULATOR)" ./kernels/cpu/... ./kernels/par ./runtime/...
	$(GO) test -timeout 30m -exec "$(EMULATOR)" -run '^TestRun$$' ./tests/models
	PARALLAX_CPU=generic $(GO) run -exec "$(EMULATOR)" ./cmd/parallax verify examples/recall/parallax-recall/model.onnx

## conformance: the ONNX node tests (fetches a wheel: needs Python with pip)
conformance:
	$(GO) run ./tests/conformance/fetch
	$(GO) test -tags conformance -count=1 ./tests/conformance/...

## interop: exported files in ONNX's checker, ONNX Runtime and PyTorch (fetches them, 3 GB: needs Python with pip)
interop:
	$(GO) test -tags interop -count=1 -timeout 40m ./tests/interop/...

## page: the pages of explain --html in headless Chromium (needs Chromium; CHROMIUM names another)
page:
	$(GO) test -tags page -count=1 ./tests/page

## fuzz: every fuzz target for FUZZTIME each
FUZZTIME ?= 30s
fuzz:
	$(GO) run ./tests/fuzz -time $(FUZZTIME)

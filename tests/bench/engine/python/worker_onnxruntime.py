"""The worker of ONNX Runtime: IO binding, so that nothing goes through numpy."""

import sys

import onnxruntime

import worker

VERSION = onnxruntime.__version__


def load(setup):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = setup["threads"]
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(setup["model"], options, providers=["CPUExecutionProvider"])


def values(files):
    return {name: onnxruntime.OrtValue.ortvalue_from_numpy(a) for name, a in worker.arrays(files).items()}


class Running:
    """Runs on the same inputs; the outputs of the first run are those of all."""

    def __init__(self, setup):
        self.session = load(setup)
        self.binding = self.session.io_binding()
        self.names = [output.name for output in self.session.get_outputs()]
        self.inputs = values(setup["inputs"])
        for name, value in self.inputs.items():
            self.binding.bind_ortvalue_input(name, value)
        for name in self.names:
            self.binding.bind_output(name, "cpu")
        self.bound = False

    def run(self):
        start = worker.clock()
        self.session.run_with_iobinding(self.binding)
        time = worker.clock() - start
        if not self.bound:
            self.bound, self.results = True, self.binding.get_outputs()
            for name, value in zip(self.names, self.results):
                self.binding.bind_ortvalue_output(name, value)
        return [time]

    def outputs(self):
        self.run()
        return {name: value.numpy() for name, value in zip(self.names, self.results)}


class Decoding:
    """Feeds the presents back as pasts, as the values that they are."""

    def __init__(self, setup):
        self.session = load(setup)
        self.names = [output.name for output in self.session.get_outputs()]
        self.pasts = setup["pasts"]
        self.first = values(setup["inputs"])
        self.steps = []
        for name, array in worker.arrays(setup["steps"]).items():
            for i, step in enumerate(array):
                if i == len(self.steps):
                    self.steps.append({})
                self.steps[i][name] = onnxruntime.OrtValue.ortvalue_from_numpy(step)

    def step(self, inputs):
        binding = self.session.io_binding()
        for name, value in inputs.items():
            binding.bind_ortvalue_input(name, value)
        for name in self.names:
            binding.bind_output(name, "cpu")
        start = worker.clock()
        self.session.run_with_iobinding(binding)
        time = worker.clock() - start
        return dict(zip(self.names, binding.get_outputs())), time

    def sequence(self):
        first, prefill = self.step(self.first)
        last, steps = first, 0
        for inputs in self.steps:
            past = {past: last[present] for past, present in self.pasts.items()}
            last, time = self.step(dict(inputs, **past))
            steps += time
        return [prefill, steps], [first, last]

    def run(self):
        return self.sequence()[0]

    def outputs(self):
        presents = set(self.pasts.values())
        both = zip(["prefill", "steps"], self.sequence()[1])
        return {"%s %s" % (phase, name): v.numpy() for phase, out in both for name, v in out.items() if name not in presents}


def open(setup):
    return Decoding(setup) if setup["mode"] == "decode" else Running(setup)


worker.serve(sys.modules[__name__])

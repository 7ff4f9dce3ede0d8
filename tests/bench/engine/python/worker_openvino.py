"""The worker of OpenVINO, computing in f32 unless the variant is bf16, which is its default on processors that have it."""

import sys

import numpy
import openvino

import worker

VERSION = openvino.get_version().split("-")[0]

core = openvino.Core()


def load(setup):
    return core.compile_model(setup["model"], "CPU", {
        "INFERENCE_PRECISION_HINT": setup.get("variant") or "f32",
        "KV_CACHE_PRECISION": "f32",
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",  # weights of few bits meet f32
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": "1",
        "INFERENCE_NUM_THREADS": setup["threads"],
    })


def infer(request):
    """Runs without the wrapper, which copies the outputs."""
    start = worker.clock()
    super(openvino.InferRequest, request).infer({}, True, True)
    return worker.clock() - start


def infer_in_turn(request):
    """Runs on OpenVINO's own thread: that costs, but no array is made of each output."""
    start = worker.clock()
    request.start_async()
    request.wait()
    return worker.clock() - start


def faster(request):
    """The faster way to run, which depends on the number of outputs."""
    ways = [infer, infer_in_turn]
    times = {way: sorted(way(request) for _ in range(9))[4] for way in ways}
    return min(ways, key=times.get)


def results(model):
    """The output ports by the file's names: a port also has the names of what was merged with it."""
    return {port.get_node().friendly_name.removesuffix("/sink_port_0"): port for port in model.outputs}


class Running:
    """Runs on the same inputs, which it reads in place."""

    def __init__(self, setup):
        self.model = load(setup)
        self.request = self.model.create_infer_request()
        self.arrays = worker.arrays(setup["inputs"])
        for name, array in self.arrays.items():
            self.request.set_tensor(name, openvino.Tensor(array, shared_memory=True))
        self.infer = faster(self.request) if len(self.model.outputs) > 4 else infer

    def run(self):
        return [self.infer(self.request)]

    def outputs(self):
        self.run()
        return {name: numpy.array(self.request.get_tensor(port).data) for name, port in results(self.model).items()}


class Decoding:
    """Two requests in turn: the outputs of the one are the pasts of the other."""

    def __init__(self, setup):
        self.model = load(setup)
        self.requests = [self.model.create_infer_request() for _ in range(2)]
        self.pasts = setup["pasts"]
        self.first = worker.arrays(setup["inputs"])
        self.steps = worker.arrays(setup["steps"])

    def sequence(self):
        times, both = [0, 0], []
        request = self.requests[0]
        for name, array in self.first.items():
            request.set_tensor(name, openvino.Tensor(array, shared_memory=True))
        times[0] = infer(request)
        both.append(self.shown(request))
        for i in range(len(next(iter(self.steps.values())))):
            before, request = request, self.requests[(i + 1) % 2]
            for name, array in self.steps.items():
                request.set_tensor(name, openvino.Tensor(array[i], shared_memory=True))
            for past, present in self.pasts.items():
                request.set_tensor(past, before.get_tensor(present))
            times[1] += infer(request)
        both.append(self.shown(request))
        return times, both

    def shown(self, request):
        presents = set(self.pasts.values())
        return {name: numpy.array(request.get_tensor(port).data) for name, port in results(self.model).items() if name not in presents}

    def run(self):
        return self.sequence()[0]

    def outputs(self):
        both = zip(["prefill", "steps"], self.sequence()[1])
        return {"%s %s" % (phase, name): array for phase, out in both for name, array in out.items()}


def open(setup):
    return Decoding(setup) if setup["mode"] == "decode" else Running(setup)


worker.serve(sys.modules[__name__])

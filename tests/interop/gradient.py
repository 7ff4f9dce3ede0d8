"""Takes gradients of upgraded models in PyTorch, through onnx2torch, in float64.
Standard input is a JSON list of {model, data, parameters}; standard output is one
JSON object {Model, Error} for each.

The loss is a sum of the outputs with fixed weights. Its gradient by every
parameter of the upgrade must equal central finite differences, at the zeros that
the upgrade begins with and at random contents; at the former the outputs must be
the recorded ones."""

import glob
import json
import os
import sys
import warnings

import numpy as np
import onnx
import onnx2torch
import torch
from onnx import TensorProto, numpy_helper
from onnx2torch.node_converters import registry
from onnx2torch.node_converters.registry import add_converter
from onnx2torch.utils.common import OnnxToTorchModule, OperationConverterResult, onnx_mapping_from_node

warnings.filterwarnings("ignore")
torch.set_num_threads(1)  # the models are tiny

# Central differences with this step have an error of about 1e-8 here: the third
# derivative times its square, and 1e-16 / STEP of rounding.
STEP, TOLERANCE = 1e-6, 1e-6
SAMPLES = 4  # elements of each parameter that are compared
RECORDED = 1e-3  # the outputs were recorded in float32


class Trilu(torch.nn.Module, OnnxToTorchModule):
    def __init__(self, upper):
        super().__init__()
        self.upper = upper

    def forward(self, x, k=None):
        k = 0 if k is None else int(k)
        return torch.triu(x, k) if self.upper else torch.tril(x, k)


@add_converter(operation_type="Trilu", version=14)
def trilu(node, graph):
    return OperationConverterResult(Trilu(node.attributes.get("upper", 1) != 0), onnx_mapping_from_node(node))


def widen(tensor):
    if tensor.data_type == TensorProto.FLOAT:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name))


def in_float64(model):
    """The model in float64; and without allowzero, which onnx2torch doesn't know:
    no shape here holds a zero."""
    graph = model.graph
    for tensor in graph.initializer:
        widen(tensor)
    for node in graph.node:
        for a in node.attribute:
            if a.name == "to" and a.i == TensorProto.FLOAT:
                a.i = TensorProto.DOUBLE
            if a.name == "allowzero":
                a.i = 0
            if a.HasField("t"):
                widen(a.t)
    for value in [*graph.input, *graph.output, *graph.value_info]:
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.DOUBLE
    return model


def imported(path, names):
    """The module, and its tensors that are the parameters: names don't survive the
    import, so each is found by contents that it gets for that. Some are
    transposed."""
    model = in_float64(onnx.load(path))
    random = np.random.default_rng(1)
    begin, marks = {}, {}
    for tensor in model.graph.initializer:
        if tensor.name in names:
            begin[tensor.name] = numpy_helper.to_array(tensor)
            marks[tensor.name] = random.normal(size=begin[tensor.name].shape)
            tensor.CopyFrom(numpy_helper.from_array(marks[tensor.name], tensor.name))
    module = onnx2torch.convert(model)
    inputs = [i.name for i in model.graph.input]
    outputs = [o.name for o in model.graph.output]
    found = {}
    for t in [*module.parameters(), *module.buffers()]:
        for name, mark in marks.items():
            for view in (t.data, t.data.T if t.ndim == 2 else t.data):
                if view.dtype == torch.float64 and view.shape == mark.shape and np.array_equal(view.numpy(), mark):
                    view.copy_(torch.from_numpy(begin[name].copy()))
                    found[name] = t
    missing = sorted(set(names) - set(found))
    if missing:
        raise ValueError(f"{missing} are not in the imported module")
    return module, inputs, outputs, found


def tensors(folder, kind):
    found = {}
    for path in sorted(glob.glob(os.path.join(folder, kind + "_*.pb"))):
        t = onnx.TensorProto()
        with open(path, "rb") as f:
            t.ParseFromString(f.read())
        a = numpy_helper.to_array(t)
        found[t.name] = torch.from_numpy(a.astype(np.float64) if a.dtype == np.float32 else a.copy())
    return found


def loss(outputs):
    total = 0
    for o in outputs:
        if o.dtype == torch.float64:
            total = total + (o.reshape(-1) * torch.cos(torch.arange(o.numel(), dtype=torch.float64))).sum()
    return total


def compare(run, found, where):
    for t in found.values():
        t.requires_grad_(True)
        t.grad = None
    loss(run()).backward()
    random, largest = np.random.default_rng(2), 0.0
    for name, t in found.items():
        for _ in range(SAMPLES):
            at = tuple(random.integers(n) for n in t.shape)
            with torch.no_grad():
                was = t[at].item()
                t[at] = was + STEP
                above = loss(run()).item()
                t[at] = was - STEP
                below = loss(run()).item()
                t[at] = was
            numeric, exact = (above - below) / (2 * STEP), t.grad[at].item()
            largest = max(largest, abs(exact))
            if not abs(numeric - exact) <= TOLERANCE * max(1, abs(exact)):
                return f"{where}: the gradient by {name}{list(at)} is {exact}, finite differences give {numeric}"
    if largest == 0:
        return f"{where}: all gradients are zero"
    return ""


def check(job):
    module, inputs, outputs, found = imported(job["model"], job["parameters"])
    folder = os.path.join(job["data"], "test_data_set_0")
    given, recorded = tensors(folder, "input"), tensors(folder, "output")

    def run():
        out = module(*[given[name] for name in inputs])
        return [out] if isinstance(out, torch.Tensor) else list(out)

    with torch.no_grad():
        for name, got in zip(outputs, run()):
            if name in recorded and got.dtype == torch.float64:
                np.testing.assert_allclose(got.numpy(), recorded[name].numpy(), rtol=RECORDED, atol=RECORDED, err_msg=name)
    error = compare(run, found, "as it begins")
    if error:
        return error
    with torch.no_grad():
        for t in found.values():
            t.copy_(0.3 * torch.randn(t.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3)))
    return compare(run, found, "trained")


# These have not changed but for element types since the version that is known.
for name, known, version in [("LessOrEqual", 12, 16), ("GreaterOrEqual", 12, 16)]:
    description = registry.OperationDescription(domain="", operation_type=name, version=known)
    registry._CONVERTER_REGISTRY[description._replace(version=version)] = registry._CONVERTER_REGISTRY[description]

for job in json.load(sys.stdin):
    try:
        error = check(job)
    except Exception as e:  # every failure is a result
        error = f"{type(e).__name__}: {str(e)[:600]}"
    print(json.dumps({"Model": job["model"], "Error": error}), flush=True)

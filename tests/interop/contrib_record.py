"""Runs single nodes in ONNX Runtime and writes down what they compute; see contrib.py."""

import base64
import json
import os

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

MS = "com.microsoft"
NAMES = {np.dtype(t): name for t, name in {
    np.float32: "f32", np.int32: "i32", np.int64: "i64", np.bool_: "bool", np.uint8: "u8", np.int8: "i8", np.uint16: "u16", np.int16: "i16",
    np.uint32: "u32", ml_dtypes.uint4: "u4", ml_dtypes.int4: "i4"}.items()}
PACKED = {"u4", "i4"}  # two elements a byte, the first in its low half


class Operand:
    """An operand: a name, contents, names of dims ("B S 8"), and whether it is an initializer."""

    def __init__(self, name, array, dims=None, const=False):
        self.name, self.array, self.dims, self.const = name, np.asarray(array), dims, const


class Recorder:
    def __init__(self, folder):
        self.folder, self.files, self.failed = folder, {}, []
        self.rng = np.random.default_rng(7)

    def normal(self, *shape, scale=1.0):
        return (self.rng.standard_normal(shape) * scale).astype(np.float32)

    def uniform(self, low, high, *shape):
        return self.rng.uniform(low, high, shape).astype(np.float32)

    def add(self, op, name, attrs, operands, outputs, domain=MS, opset=None, expect=None, padding=None, blind=False, f32=False):
        """Records a case. outputs lists output names, "" for one not asked for; expect
        replaces ONNX Runtime; padding tells per output from which row on a batch entry
        means nothing; blind, that a row sees nothing: its weights are the scores' beside
        a fill of -10000, which rounds them; f32, that floats have no other type: what is
        rounded to steps of a scale would be others."""
        opset = opset or (1 if domain else 23)
        if expect is None:
            try:
                expect = run(op, domain, opset, attrs, operands, outputs)
            except Exception as e:
                self.failed.append(f"{op}/{name}: {str(e).splitlines()[0][:300]}")
                return
        case = self.case(op, domain, opset, name, attrs, operands)
        case["out"] = [None if o == "" else encode(Operand(o, expect[o])) for o in outputs]
        if padding:
            case["padding"] = padding
        if blind:
            case["blind"] = True
        if f32:
            case["f32"] = True

    def refuse(self, op, name, attrs, operands, outputs, why, domain=MS, opset=None):
        """Records a case that is refused, for a reason that has the words of why."""
        case = self.case(op, domain, opset or (1 if domain else 23), name, attrs, operands)
        case["out"] = [None if o == "" else {"name": o} for o in outputs]
        case["refused"] = why

    def case(self, op, domain, opset, name, attrs, operands):
        case = {
            "name": name,
            "attrs": {k: attribute(v) for k, v in attrs.items()},
            "in": [None if o is None else encode(o) for o in operands],
        }
        self.files.setdefault((domain, op, opset), []).append(case)
        return case

    def write(self):
        for (domain, op, opset), cases in self.files.items():
            name = f"{(domain or 'ai.onnx')}.{op}{'' if domain else '-%d' % opset}.json"
            with open(os.path.join(self.folder, name), "w") as f:
                f.write('{"op":%s,"domain":%s,"opset":%d,"cases":[\n' % (json.dumps(op), json.dumps(domain), opset))
                f.write(",\n".join(json.dumps(c, separators=(",", ":")) for c in cases))
                f.write("\n]}\n")


def attribute(v):
    """Floats are told from integers."""
    if isinstance(v, list):
        return [attribute(x) for x in v]
    return {"float": v} if isinstance(v, float) else v


def encode(o):
    a = np.ascontiguousarray(o.array)
    dtype, data = NAMES[a.dtype], a.tobytes()
    if dtype in PACKED:
        data = pack(a)
    e = {"name": o.name, "dtype": dtype, "shape": list(np.shape(o.array)), "data": base64.b64encode(data).decode()}
    if o.dims:
        e["dims"] = o.dims.split()
    if o.const:
        e["const"] = True
    return e


def pack(a):
    low = np.append(a.reshape(-1).astype(np.int8), np.zeros(a.size % 2, np.int8)).astype(np.uint8) & 15
    return (low[0::2] | low[1::2] << 4).astype(np.uint8).tobytes()


def run(op, domain, opset, attrs, operands, outputs):
    node = helper.make_node(op, ["" if o is None else o.name for o in operands], outputs, domain=domain, **attrs)
    given = [o for o in operands if o is not None]
    typ = lambda o: helper.np_dtype_to_tensor_dtype(np.asarray(o.array).dtype)
    packed = [o for o in given if NAMES[o.array.dtype] in PACKED]  # they can't be fed
    fed = [o for o in given if o not in packed]
    graph = helper.make_graph(
        [node], "g",
        [helper.make_tensor_value_info(o.name, typ(o), list(o.array.shape)) for o in fed],
        [helper.make_empty_tensor_value_info(n) for n in outputs if n],
        [helper.make_tensor(o.name, typ(o), o.array.shape, pack(o.array), raw=True) for o in packed])
    imports = [helper.make_opsetid("", opset if domain == "" else 17)]
    if domain:
        imports.append(helper.make_opsetid(domain, opset))
    model = helper.make_model(graph, opset_imports=imports, ir_version=10)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [n for n in outputs if n]
    return dict(zip(names, session.run(names, {o.name: o.array for o in fed})))

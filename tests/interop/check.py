"""Checks exported models: ONNX's checker must accept each, and ONNX Runtime must
give the recorded outputs. Standard input is a JSON list of {model, data, rtol,
atol}; standard output is one JSON object {Model, Error} for each."""

import glob
import json
import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper


def tensors(folder, kind):
    found = {}
    for path in sorted(glob.glob(os.path.join(folder, kind + "_*.pb"))):
        t = onnx.TensorProto()
        with open(path, "rb") as f:
            t.ParseFromString(f.read())
        found[t.name] = numpy_helper.to_array(t)
    return found


def check(job):
    model = onnx.load(job["model"])
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(job["model"], options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    for folder in sorted(glob.glob(os.path.join(job["data"], "test_data_set_*"))):
        got = dict(zip(names, session.run(names, tensors(folder, "input"))))
        for name, want in tensors(folder, "output").items():
            if got[name].dtype != want.dtype or got[name].shape != want.shape:
                return f"{os.path.basename(folder)}, {name}: {got[name].dtype}{got[name].shape}, want {want.dtype}{want.shape}"
            np.testing.assert_allclose(got[name], want, rtol=job["rtol"], atol=job["atol"], err_msg=f"{os.path.basename(folder)}, {name}")
    return ""


for job in json.load(sys.stdin):
    try:
        error = check(job)
    except Exception as e:  # every failure is a result
        error = f"{type(e).__name__}: {str(e)[:600]}"
    print(json.dumps({"Model": job["model"], "Error": error}), flush=True)

"""Lets ONNX Runtime optimise models. Standard input is a JSON list of {model, out,
level}; standard output is one JSON object {Model, Error} for each."""

import json
import sys

import onnxruntime

for job in json.load(sys.stdin):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, "ORT_ENABLE_" + job["level"].upper())
    options.optimized_model_filepath = job["out"]
    error = ""
    try:
        onnxruntime.InferenceSession(job["model"], options, providers=["CPUExecutionProvider"])
    except Exception as e:  # reported for this model; the others go on
        error = str(e)
    print(json.dumps({"Model": job["model"], "Error": error}))

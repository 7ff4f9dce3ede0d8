"""Trains an upgraded model for a few steps, by the lines that README.md shows.
Argument: a folder that holds start.onnx, start.json and the inputs as NAME.npy.
Writes trained.npz, and what the trained module computes as outputs.npz."""

import json
import os
import re
import sys
import warnings

import numpy
import onnx
import onnx2torch
import torch

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
torch.manual_seed(0)
readme = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "README.md")
with open(readme) as f:
    lines = re.search(r"```python\n(module = .*?)```", f.read(), re.S).group(1)

os.chdir(sys.argv[1])
model = onnx.load("start.onnx")
for node in model.graph.node:  # which onnx2torch doesn't know; no shape here holds a zero
    for a in node.attribute:
        if a.name == "allowzero":
            a.i = 0
onnx.save(model, "start.onnx")
order = [i.name for i in model.graph.input]
inputs = [torch.from_numpy(numpy.load(name + ".npy")) for name in order]
history = []


def first(outputs):
    return outputs if isinstance(outputs, torch.Tensor) else outputs[0]


def loss(outputs, labels):
    value = ((first(outputs) - labels) ** 2).mean()
    history.append(value.item())
    return value


with torch.no_grad():
    begin = first(onnx2torch.convert(model)(*inputs))
data = [(inputs, begin + torch.randn(begin.shape))] * 30
exec(compile(lines, readme, "exec"))
if not history[-1] < history[0]:
    sys.exit(f"the loss went from {history[0]} to {history[-1]}")
if not all(p.abs().max() > 0 for p in probes.values()):
    sys.exit("a parameter did not move")
numpy.savez("outputs.npz", **{model.graph.output[0].name: first(module(*inputs)).detach().numpy()})
